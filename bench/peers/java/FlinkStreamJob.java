import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.util.CloseableIterator;
import org.apache.flink.util.Collector;

/**
 * A Flink job in Java with a decoder written by hand. Arguments: broker, topic, events, file for the result, `plain` or `combined`
 * (each source adds up what it has between two watermarks, and only sums go through the shuffle).
 */
public final class FlinkStreamJob {
  /** What a source has of one window and segment. */
  public static final class Partial {
    public long start;
    public String segment;
    public Cell cell;

    public Partial() {}

    Partial(long start, String segment) {
      this.start = start;
      this.segment = segment;
      this.cell = new Cell();
    }
  }

  public static void main(String[] args) throws Exception {
    Configuration settings = new Configuration();
    settings.setString("parallelism.default", "2");
    settings.setString("pipeline.object-reuse", "true");
    settings.setString("taskmanager.memory.managed.size", "64m");
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(settings);
    KafkaSource<AdEvent> source = KafkaSource.<AdEvent>builder()
        .setBootstrapServers(args[0]).setTopics(args[1]).setProperty("max.poll.records", "10000")
        .setStartingOffsets(OffsetsInitializer.earliest()).setBounded(OffsetsInitializer.latest())
        .setValueOnlyDeserializer(new Decoder()).build();
    WatermarkStrategy<AdEvent> watermarks = WatermarkStrategy.<AdEvent>forBoundedOutOfOrderness(Duration.ofSeconds(5))
        .withTimestampAssigner((event, at) -> event.time);
    DataStream<AdEvent> events = env.fromSource(source, watermarks, "events");
    SingleOutputStreamOperator<String> lines = args[4].equals("combined")
        ? events.transform("combine", TypeInformation.of(Partial.class), new Combine())
            .keyBy(partial -> partial.segment)
            .window(TumblingEventTimeWindows.of(Duration.ofMillis(AdEvent.MINUTE_MS)))
            .aggregate(new Sum<Partial>() {
              @Override public Cell add(Partial partial, Cell sum) {
                return sum.add(partial.cell);
              }
            }, new Line())
        : events.keyBy(event -> event.segment)
            .window(TumblingEventTimeWindows.of(Duration.ofMillis(AdEvent.MINUTE_MS)))
            .aggregate(new Sum<AdEvent>() {
              @Override public Cell add(AdEvent event, Cell sum) {
                return sum.add(event);
              }
            }, new Line());
    try (CloseableIterator<String> all = lines.executeAndCollect(); PrintWriter out = new PrintWriter(args[3])) {
      all.forEachRemaining(out::println);
    }
  }

  static final class Decoder extends AbstractDeserializationSchema<AdEvent> {
    @Override public AdEvent deserialize(byte[] bytes) throws IOException {
      return AdEvent.parse(bytes);
    }
  }

  abstract static class Sum<In> implements AggregateFunction<In, Cell, Cell> {
    @Override public Cell createAccumulator() {
      return new Cell();
    }

    @Override public Cell getResult(Cell sum) {
      return sum;
    }

    @Override public Cell merge(Cell a, Cell b) {
      return a.add(b);
    }
  }

  static final class Line extends ProcessWindowFunction<Cell, String, String, TimeWindow> {
    @Override public void process(String segment, Context context, Iterable<Cell> sums, Collector<String> out) {
      for (Cell sum : sums) out.collect(sum.line(context.window().getStart(), segment));
    }
  }

  /** Holds sums until the next watermark, and gives them on before it: so nothing is late that was not late before. */
  static final class Combine extends AbstractStreamOperator<Partial> implements OneInputStreamOperator<AdEvent, Partial> {
    private transient Map<Tuple2<Long, String>, Partial> partials;

    @Override public void open() throws Exception {
      super.open();
      partials = new HashMap<>();
    }

    @Override public void processElement(StreamRecord<AdEvent> element) {
      AdEvent event = element.getValue();
      long start = event.windowStart();
      Tuple2<Long, String> key = Tuple2.of(start, event.segment);
      Partial partial = partials.get(key);
      if (partial == null) partials.put(key, partial = new Partial(start, event.segment));
      partial.cell.add(event);
    }

    @Override public void processWatermark(Watermark mark) throws Exception {
      for (Partial partial : partials.values()) output.collect(new StreamRecord<>(partial, partial.start));
      partials.clear();
      super.processWatermark(mark);
    }
  }
}
