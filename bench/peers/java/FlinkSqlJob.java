import java.io.PrintWriter;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/** Flink SQL in one process: two slots, objects reused, two-phase window aggregation. Arguments: broker, topic, events, file for the result. */
public final class FlinkSqlJob {
  public static void main(String[] args) throws Exception {
    Configuration settings = new Configuration();
    settings.setString("parallelism.default", "2");
    settings.setString("pipeline.object-reuse", "true");
    settings.setString("table.local-time-zone", "UTC");
    settings.setString("table.optimizer.agg-phase-strategy", "TWO_PHASE");
    settings.setString("taskmanager.memory.managed.size", "256m");
    TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(settings).build());
    tables.executeSql("""
        CREATE TABLE events (
          event_type STRING, event_time TIMESTAMP_LTZ(3), country STRING, ad_format STRING, revenue DOUBLE,
          WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
        ) WITH (
          'connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s', 'properties.max.poll.records' = '10000',
          'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset',
          'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601'
        )""".formatted(args[1], args[0]));
    try (CloseableIterator<Row> rows = tables.executeSql("""
            SELECT window_start, country, ad_format,
              COUNT(*) FILTER (WHERE event_type = 'impression'), COUNT(*) FILTER (WHERE event_type = 'click'), SUM(revenue)
            FROM TUMBLE(TABLE events, DESCRIPTOR(event_time), INTERVAL '1' MINUTE)
            GROUP BY window_start, window_end, country, ad_format""").collect();
        PrintWriter out = new PrintWriter(args[3])) {
      while (rows.hasNext()) {
        Row row = rows.next();
        Cell cell = new Cell();
        cell.impressions = row.<Long>getFieldAs(3);
        cell.clicks = row.<Long>getFieldAs(4);
        cell.revenue = row.<Double>getFieldAs(5);
        long start = row.<LocalDateTime>getFieldAs(0).toInstant(ZoneOffset.UTC).toEpochMilli();
        out.println(cell.line(start, row.getField(1) + "|" + row.getField(2)));
      }
    }
  }
}
