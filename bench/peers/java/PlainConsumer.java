import java.io.PrintWriter;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A consumer without a framework: one thread, a HashMap. Arguments: broker, topic, events, file for the result. */
public final class PlainConsumer {
  record Key(long start, String segment) {}

  public static void main(String[] args) throws Exception {
    long events = Long.parseLong(args[2]);
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    settings.put("max.poll.records", 10_000);
    settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
    settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
    Map<Key, Cell> cells = new HashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings)) {
      var partitions = consumer.partitionsFor(args[1]).stream().map(p -> new TopicPartition(p.topic(), p.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      for (long seen = 0; seen < events; ) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          AdEvent event = AdEvent.parse(record.value());
          cells.computeIfAbsent(new Key(event.windowStart(), event.segment), key -> new Cell()).add(event);
          seen++;
        }
      }
    }
    try (PrintWriter out = new PrintWriter(args[3])) {
      cells.forEach((key, cell) -> out.println(cell.line(key.start(), key.segment())));
    }
  }
}
