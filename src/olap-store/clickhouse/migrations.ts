import { MERGED, ROLLUPS } from './rollup-tables.ts';

/**
 * The tables, as numbered steps that are never edited once released. Each statement can be repeated, so a start that was
 * killed half way through a step is mended by the next.
 */
export interface Migration {
  readonly number: number;
  readonly name: string;
  /** `{db}` stands for the database. */
  readonly statements: readonly string[];
  /** Run after `statements`; what is in `orElse` instead where the server does not have what `attempt` needs. */
  readonly choice?: { readonly attempt: readonly string[]; readonly orElse: readonly string[] };
}

/**
 * Times beyond 2299 do not fit DateTime64(3): the exact ms stand in the sorting key, the DateTime64 beside them is for people.
 * TTLs go by the time of storing, as records replayed by event time have no other.
 */
const WINDOWS = `CREATE TABLE IF NOT EXISTS {db}.windows (
  pipeline LowCardinality(String),
  window LowCardinality(String),
  start_ms Int64,
  end_ms Int64,
  window_start DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(start_ms, 'UTC'),
  window_end DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(end_ms, 'UTC'),
  labels_key String COMMENT 'the labels as one text, the same for the same labels',
  labels Map(LowCardinality(String), String),
  origin LowCardinality(String) COMMENT 'empty for the main row',
  version UInt64,
  final Bool,
  events UInt64,
  replayed UInt64,
  corrections UInt64,
  measures Map(LowCardinality(String), Nullable(Float64)),
  values Map(LowCardinality(String), Float64) COMMENT 'mergeable numbers behind the measures',
  sketches Map(LowCardinality(String), String) COMMENT 'HLL and DDSketch, base64',
  partitions Array(LowCardinality(String)),
  idle Array(LowCardinality(String)),
  INDEX window_start_range window_start TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(window_start)
ORDER BY (pipeline, window, start_ms, labels_key, origin)`;

const ALERTS = `CREATE TABLE IF NOT EXISTS {db}.alerts (
  pipeline LowCardinality(String),
  alert_id String,
  alert_time DateTime64(3, 'UTC'),
  alert_type LowCardinality(String),
  severity LowCardinality(String),
  status LowCardinality(String),
  labels Map(LowCardinality(String), String),
  metric_name LowCardinality(String),
  current_value Nullable(Float64),
  expected_value Nullable(Float64),
  deviation_percent Nullable(Float64),
  message String,
  record String COMMENT 'the whole alert, JSON',
  version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY (pipeline, alert_id)`;

const DEAD_LETTERS = `CREATE TABLE IF NOT EXISTS {db}.dead_letters (
  pipeline LowCardinality(String),
  topic LowCardinality(String),
  partition UInt32,
  offset UInt64,
  outcome LowCardinality(String),
  reason LowCardinality(String),
  append_time Nullable(DateTime64(3, 'UTC')),
  payload String COMMENT 'the text of the record, empty where its bytes are not UTF-8',
  record String COMMENT 'the whole dead letter, JSON',
  stored_at DateTime('UTC') DEFAULT now('UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (pipeline, topic, partition, offset)
TTL stored_at + INTERVAL 14 DAY`;

const RAW_EVENTS = `CREATE TABLE IF NOT EXISTS {db}.raw_events (
  pipeline LowCardinality(String),
  topic LowCardinality(String),
  partition UInt32,
  offset UInt64,
  append_time DateTime64(3, 'UTC'),
  payload_base64 String EPHEMERAL,
  payload String DEFAULT base64Decode(payload_base64) CODEC(ZSTD(3)),
  expires DateTime('UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(append_time)
ORDER BY (pipeline, topic, partition, offset)
TTL expires`;

const KPIS = `CREATE VIEW IF NOT EXISTS {db}.kpis AS
SELECT pipeline, window, window_start, window_end, labels, measure, value, final, events, corrections
FROM {db}.windows FINAL
ARRAY JOIN mapKeys(measures) AS measure, mapValues(measures) AS value
WHERE origin = ''`;

const LETTER_REVISION = `ALTER TABLE {db}.dead_letters ADD COLUMN IF NOT EXISTS revision UInt32 DEFAULT 0 COMMENT 'of the windows that judged it so'`;

const READ_ANEW = `ALTER TABLE {db}.pipelines
ADD COLUMN IF NOT EXISTS read_anew Array(Tuple(revision UInt32, partition String, offset UInt64)) COMMENT 'from where on a revision has read a partition again'`;

/** As \`isInForce\` of the dead letters' room has it. */
const IN_FORCE = `CREATE OR REPLACE VIEW {db}.dead_letters_in_force AS
SELECT * FROM {db}.dead_letters FINAL
WHERE NOT arrayExists(
  anew -> anew.1 = pipeline AND anew.2 > revision AND anew.3 = concat(topic, '/', toString(partition)) AND anew.4 <= offset,
  (SELECT groupArrayArray(arrayMap(each -> (toString(pipeline), each.1, each.2, each.3), read_anew)) FROM {db}.pipelines FINAL))`;

export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'windows, alerts, dead letters, raw events', statements: [WINDOWS, ALERTS, DEAD_LETTERS, RAW_EVENTS, KPIS] },
  {
    number: 2,
    name: 'origins merged, hours and days',
    statements: ROLLUPS.common,
    choice: { attempt: ROLLUPS.refreshed, orElse: ROLLUPS.computed },
  },
  { number: 3, name: 'dead letters in force', statements: [LETTER_REVISION, READ_ANEW, IN_FORCE] },
  { number: 4, name: 'heavy hitters of merged origins', statements: [MERGED] },
];

export const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS {db}.migrations (
  number UInt32,
  name String,
  applied_at DateTime('UTC') DEFAULT now('UTC')
) ENGINE = ReplacingMergeTree
ORDER BY number`;
