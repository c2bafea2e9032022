import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writes as Java's client does: `BROKER TOPIC codecs` or `BROKER TOPIC transactions`. */
class KafkaForeign {
  public static void main(String[] args) throws Exception {
    if (args[2].equals("codecs")) codecs(args[0], args[1]);
    else transactions(args[0], args[1]);
  }

  static KafkaProducer<byte[], byte[]> producer(String broker, String codec, String transactionalId) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", broker);
    settings.put("compression.type", codec);
    settings.put("linger.ms", "200");
    if (transactionalId != null) settings.put("transactional.id", transactionalId);
    return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static void send(KafkaProducer<byte[], byte[]> producer, String topic, String key, String value) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topic, 0, key == null ? null : utf8(key), value == null ? null : utf8(value));
    record.headers().add("trace", utf8("x".repeat(200))).add("empty", null);
    producer.send(record);
  }

  static void codecs(String broker, String topic) {
    for (String codec : new String[] {"none", "gzip", "snappy", "lz4", "zstd"}) {
      try (KafkaProducer<byte[], byte[]> producer = producer(broker, codec, null)) {
        for (int i = 0; i < 2000; i++) send(producer, topic, i % 3 == 0 ? null : codec + i, i % 5 == 0 ? null : codec + " " + i + " 값");
      }
    }
  }

  /** Two producers in turn on one partition; the last transaction stays open until a line comes in. */
  static void transactions(String broker, String topic) throws Exception {
    KafkaProducer<byte[], byte[]> a = producer(broker, "none", topic + "-a");
    KafkaProducer<byte[], byte[]> b = producer(broker, "lz4", topic + "-b");
    a.initTransactions();
    b.initTransactions();
    for (int n = 0; n < 6; n++) {
      a.beginTransaction();
      b.beginTransaction();
      send(a, topic, "a", "a" + n);
      a.flush();
      send(b, topic, "b", "b" + n);
      b.flush();
      send(a, topic, "a", "a" + n + "'");
      a.flush();
      if (n % 2 == 0) a.abortTransaction();
      else a.commitTransaction();
      if (n % 3 == 0) b.abortTransaction();
      else b.commitTransaction();
    }
    a.beginTransaction();
    send(a, topic, "a", "open");
    a.flush();
    System.out.println("open");
    new BufferedReader(new InputStreamReader(System.in)).readLine();
    a.commitTransaction();
    System.out.println("committed");
    a.close();
    b.close();
  }
}
