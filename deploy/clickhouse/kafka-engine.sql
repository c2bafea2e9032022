-- ClickHouse reads the topic <pipeline>.windows itself, into Tocsin's own tables. Here for the pipeline `adtech` and the database
-- `tocsin`: put your names for `adtech` (the topic is adtech.windows) and your brokers for `kafka:9092`.
--
-- 1. Run Tocsin once with --olap-store http://…: it makes the tables and tells them how the pipeline's measures are merged.
-- 2. Run this file as a user that may create tables with the Kafka engine: clickhouse-client --multiquery < kafka-engine.sql
-- 3. Run Tocsin with --olap-store none from then on.
--
-- A row that comes twice, or an older one after a newer one, changes nothing: rows are keyed, and the highest version counts.
-- Left out are rows with a whole number from 2^63 up to 10^21: ClickHouse's JSON reads it neither as an integer nor as a fraction.

CREATE TABLE tocsin.adtech_windows_queue (record String)
ENGINE = Kafka
SETTINGS
  kafka_broker_list = 'kafka:9092',
  kafka_topic_list = 'adtech.windows',
  kafka_group_name = 'clickhouse-adtech',
  kafka_format = 'RawBLOB',
  kafka_num_consumers = 1,
  kafka_handle_error_mode = 'stream';

CREATE MATERIALIZED VIEW tocsin.adtech_windows_reader TO tocsin.windows AS
WITH
  -- Labels by name, as [["country","US"],…]. Tocsin's own writing of JSON, to the byte: it is part of the key.
  arraySort(l -> l.1, JSONExtractKeysAndValues(record, 'labels', 'String')) AS pairs,
  arrayMap(l -> (l.1, arrayStringConcat(arrayMap(c -> transform(c,
    ['"', '\\', '\b', '\t', '\n', '\f', '\r'], ['\\"', '\\\\', '\\b', '\\t', '\\n', '\\f', '\\r'],
    if(c < ' ', concat('\\u00', lower(hex(c))), c)), splitByString('', l.2)))), pairs) AS written,
  JSONExtractKeysAndValuesRaw(record, 'state') AS state,
  [JSONExtractString(record, 'window_start'), JSONExtractString(record, 'window_end')] AS ends,
  -- Instants as ms since 1970, of any year from 0 to 9999: by the calendar, as DateTime64 ends in 2299.
  arrayMap(t -> (toInt64(substring(t, 1, 4)), toInt64(substring(t, 6, 2)), toInt64(substring(t, 9, 2))), ends) AS dates,
  arrayMap(d -> (d.1 - (d.2 <= 2), 153 * (d.2 + if(d.2 > 2, -3, 9)), d.3), dates) AS years,
  arrayMap(y -> 365 * y.1 + intDiv(y.1, 4) - intDiv(y.1, 100) + intDiv(y.1, 400) + intDiv(y.2 + 2, 5) + y.3 - 719469, years) AS days,
  arrayMap(t -> toInt64(substring(t, 12, 2)) * 3600000 + toInt64(substring(t, 15, 2)) * 60000
    + toInt64(substring(t, 18, 2)) * 1000 + toInt64(substring(t, 21, 3)), ends) AS times
SELECT
  JSONExtractString(record, 'pipeline') AS pipeline,
  JSONExtractString(record, 'window') AS window,
  days[1] * 86400000 + times[1] AS start_ms,
  days[2] * 86400000 + times[2] AS end_ms,
  concat('[', arrayStringConcat(arrayMap(l -> concat('["', l.1, '","', l.2, '"]'), written), ','), ']') AS labels_key,
  JSONExtract(record, 'labels', 'Map(String, String)') AS labels,
  JSONExtractString(record, 'origin') AS origin,
  toUInt64(JSONExtractString(record, 'version')) AS version,
  JSONExtract(record, 'final', 'Bool') AS final,
  JSONExtractUInt(record, 'events') AS events,
  JSONExtractUInt(record, 'replayed') AS replayed,
  JSONExtractUInt(record, 'corrections') AS corrections,
  JSONExtract(record, 'measures', 'Map(String, Nullable(Float64))') AS measures,
  CAST(arrayMap(s -> (s.1, JSONExtractFloat(s.2)), arrayFilter(s -> NOT startsWith(s.2, '"'), state)), 'Map(String, Float64)') AS values,
  CAST(arrayMap(s -> (s.1, trim(BOTH '"' FROM s.2)), arrayFilter(s -> startsWith(s.2, '"'), state)), 'Map(String, String)') AS sketches,
  JSONExtract(record, 'partitions', 'Array(String)') AS partitions,
  JSONExtract(record, 'idle', 'Array(String)') AS idle
FROM tocsin.adtech_windows_queue
WHERE JSONExtractString(record, 'kind') = 'row';
