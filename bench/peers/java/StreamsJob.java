import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams: group by segment, which goes through a repartition topic, then windows in memory, without a changelog.
 * A day of grace: with less it drops what other partitions' progress makes late while it catches up.
 * Arguments: broker, topic, events, file for the result, folder for state.
 */
public final class StreamsJob {
  private static final Duration WINDOW = Duration.ofMillis(AdEvent.MINUTE_MS);
  private static final Duration GRACE = Duration.ofDays(1);

  public static void main(String[] args) throws Exception {
    long events = Long.parseLong(args[2]);
    LongAdder counted = new LongAdder();
    CountDownLatch done = new CountDownLatch(1);

    Serde<AdEvent> json = serde((topic, event) -> { throw new UnsupportedOperationException(); }, (topic, bytes) -> {
      try {
        return AdEvent.parse(bytes);
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    });
    // What goes through the repartition topic: type and revenue; the time is the record's.
    Serde<AdEvent> small = serde(
        (topic, event) -> ByteBuffer.allocate(9).put(event.type).putDouble(event.revenue).array(),
        (topic, bytes) -> {
          AdEvent event = new AdEvent();
          event.type = bytes[0];
          event.revenue = ByteBuffer.wrap(bytes).getDouble(1);
          return event;
        });
    Serde<Cell> cell = serde(
        (topic, it) -> ByteBuffer.allocate(24).putLong(it.impressions).putLong(it.clicks).putDouble(it.revenue).array(),
        (topic, bytes) -> {
          if (bytes == null) return null;
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          Cell it = new Cell();
          it.impressions = buffer.getLong();
          it.clicks = buffer.getLong();
          it.revenue = buffer.getDouble();
          return it;
        });

    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(args[1], Consumed.with(Serdes.ByteArray(), json).withTimestampExtractor((record, at) -> ((AdEvent) record.value()).time))
        .groupBy((key, event) -> event.segment, Grouped.with("segment", Serdes.String(), small))
        .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW, GRACE))
        .aggregate(Cell::new, (segment, event, sum) -> {
          counted.increment();
          return sum.add(event);
        }, Materialized.<String, Cell>as(Stores.inMemoryWindowStore("cells", GRACE.plus(WINDOW), WINDOW, false))
            .withKeySerde(Serdes.String()).withValueSerde(cell).withCachingDisabled().withLoggingDisabled());

    Properties settings = new Properties();
    settings.putAll(Map.of(
        "application.id", "bench-peers-" + ProcessHandle.current().pid() + "-" + events,
        "bootstrap.servers", args[0],
        "auto.offset.reset", "earliest",
        "num.stream.threads", "2",
        "state.dir", args[4],
        "commit.interval.ms", "5000",
        "compression.type", "lz4",
        "batch.size", "262144",
        "max.poll.records", "10000"));
    try (KafkaStreams streams = new KafkaStreams(builder.build(), settings)) {
      streams.start();
      Thread watch = new Thread(() -> {
        // No progress for 15 s after some: what is missing was dropped, and the comparison will say so.
        long last = 0;
        for (int idle = 0; counted.sum() < events && idle < 300; ) {
          long now = counted.sum();
          idle = now == last && now > 0 ? idle + 1 : 0;
          last = now;
          try {
            Thread.sleep(50);
          } catch (InterruptedException stopped) {
            break;
          }
        }
        done.countDown();
      });
      watch.setDaemon(true);
      watch.start();
      done.await();
      var cells = streams.store(StoreQueryParameters.fromNameAndType("cells", QueryableStoreTypes.<String, Cell>windowStore()));
      try (PrintWriter out = new PrintWriter(args[3]); var all = cells.all()) {
        all.forEachRemaining(each -> out.println(each.value.line(each.key.window().start(), each.key.key())));
      }
    }
  }

  private static <T> Serde<T> serde(Serializer<T> serializer, Deserializer<T> deserializer) {
    return Serdes.serdeFrom(serializer, deserializer);
  }
}
