/** What the second step of the tables adds: rows of windows merged over their origins, and hours and days made of them. */
import { ClickHouseError, type ClickHouseClient } from '@clickhouse/client';
import { mergeSelect } from './merge-sql.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const STORED_AT = `ALTER TABLE {db}.windows ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') DEFAULT now('UTC')`;
/** Rows that were there before count as stored now, once and for all. */
const STORED_AT_KEPT = `ALTER TABLE {db}.windows MATERIALIZE COLUMN stored_at SETTINGS mutations_sync = 1`;

const STORED_AT_INDEX = `ALTER TABLE {db}.windows ADD INDEX IF NOT EXISTS stored_at_range stored_at TYPE minmax GRANULARITY 1`;

const PIPELINES = `CREATE TABLE IF NOT EXISTS {db}.pipelines (
  pipeline LowCardinality(String),
  base_window String COMMENT 'the window that hours and days are made of; empty: of none',
  columns Array(Tuple(name String, accumulate String)) COMMENT 'mergeable state by name: sum, min, max, hll, ddsketch',
  measures Array(Tuple(name String, kind String, numerator String, denominator String, scale Float64, q Float64)),
  version UInt64 DEFAULT toUnixTimestamp64Milli(now64(3))
) ENGINE = ReplacingMergeTree(version)
ORDER BY pipeline`;

/** Stated: a server that has to work out what comes of so long a query takes a quarter of a second for each view that is made. */
const COLUMNS = `pipeline LowCardinality(String), window LowCardinality(String), start_ms Int64, end_ms Int64,
  window_start DateTime64(3, 'UTC'), window_end DateTime64(3, 'UTC'), labels_key String, labels Map(String, String), origin LowCardinality(String),
  version UInt64, final Bool, events UInt64, replayed UInt64, corrections UInt64, measures Map(String, Nullable(Float64)),
  values Map(String, Float64), sketches Map(String, String), partitions Array(String), idle Array(String)`;

export const MERGED = `CREATE OR REPLACE VIEW {db}.windows_merged (${COLUMNS}) AS
${mergeSelect({ from: '{db}.windows FINAL', into: 'windows' })}`;

interface Rollup {
  readonly table: string;
  readonly window: string;
  readonly ms: number;
  /** What it is made of, where that is a table and where it is a view; and which of its rows. */
  readonly from: { readonly table: string; readonly view: string };
  readonly base: string;
  /** The table that says what was stored lately, and which of its rows. */
  readonly changes: string;
  readonly refresh: string;
}

/** The newest revision of each hour (day) alone, as with windows. */
const newestOf = (table: string): string => `(SELECT * EXCEPT (revision, newest) FROM (
  SELECT *, bitShiftRight(version, 54) AS revision, max(revision) OVER (PARTITION BY pipeline, window, start_ms, window_start) AS newest
  FROM {db}.${table} FINAL) WHERE revision = newest)`;

const BASE_WINDOW = `(pipeline, window) IN (SELECT pipeline, base_window FROM {db}.pipelines FINAL)`;
const HOURS: Rollup = {
  table: 'windows_hours',
  window: '1h',
  ms: HOUR_MS,
  from: { table: '{db}.windows_merged', view: '{db}.windows_merged' },
  base: BASE_WINDOW,
  changes: '{db}.windows',
  refresh: 'EVERY 1 MINUTE',
};
const DAYS: Rollup = {
  table: 'windows_days',
  window: '1d',
  ms: DAY_MS,
  from: { table: newestOf('windows_hours'), view: '{db}.windows_hours' },
  base: 'true',
  changes: '{db}.windows_hours',
  // A little after the hours.
  refresh: 'EVERY 5 MINUTE OFFSET 30 SECOND',
};

const tableOf = ({ table }: Rollup): string => `CREATE TABLE IF NOT EXISTS {db}.${table} AS {db}.windows
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(window_start)
ORDER BY (pipeline, window, start_ms, labels_key, origin)`;

/**
 * Whole hours (days) of which a row was stored lately are computed anew, from what their windows are then: a correction or a repeat
 * changes what it should and no more. Lately: since ten minutes before the last time that anything was rolled up, so that no pause is too long.
 * EMPTY: not at once when it is made, where there is nothing yet and a start has other work for the core; the next minute is soon enough.
 */
function refreshOf({ table, window, ms, from, base, changes, refresh }: Rollup): string {
  const seconds = (time: string): string => `toInt64(toUnixTimestamp(${time}))`;
  const period = `start_ms - positiveModulo(start_ms, ${ms})`;
  const since = `(SELECT ${seconds("least(max(stored_at), now('UTC'))")} - 600 FROM {db}.${table})`;
  const changed = (what: string): string => `(SELECT ${what} FROM ${changes} WHERE ${seconds('stored_at')} >= ${since})`;
  // The first and the last of them for the index, which knows nothing of periods.
  const range = `start_ms >= ${changed(`min(${period})`)} AND start_ms < ${changed(`max(${period}) + ${ms}`)}`;
  const where = `${base} AND ${range} AND (pipeline, ${period}) IN ${changed(`pipeline, ${period}`)}`;
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS {db}.${table}_refresh REFRESH ${refresh} APPEND TO {db}.${table} (${COLUMNS}, stored_at DateTime('UTC')) EMPTY AS
SELECT *, now('UTC') AS stored_at FROM (${mergeSelect({ from: from.table, where, into: { name: window, ms } })})
SETTINGS max_threads = 2, max_bytes_before_external_group_by = 500000000, max_bytes_before_external_sort = 500000000`;
}

/** Where the server has no refreshable views: computed whenever it is asked for, of the windows that are there. */
const viewOf = ({ table, window, ms, from, base }: Rollup): string => `CREATE OR REPLACE VIEW {db}.${table} (${COLUMNS}) AS
${mergeSelect({ from: from.view, where: base, into: { name: window, ms } })}`;

const kpisOf = (view: string, from: string): string => `CREATE OR REPLACE VIEW {db}.${view} AS
SELECT pipeline, window, window_start, window_end, labels, measure, value, final, events, corrections
FROM ${from}
ARRAY JOIN mapKeys(measures) AS measure, mapValues(measures) AS value`;

/** Statements for a server that has refreshable materialized views, and for one that has not. */
export const ROLLUPS = {
  common: [STORED_AT, STORED_AT_KEPT, STORED_AT_INDEX, PIPELINES, MERGED, kpisOf('kpis', '{db}.windows_merged')],
  refreshed: [
    tableOf(HOURS),
    refreshOf(HOURS),
    tableOf(DAYS),
    refreshOf(DAYS),
    kpisOf('kpis_hours', newestOf(HOURS.table)),
    kpisOf('kpis_days', newestOf(DAYS.table)),
  ],
  computed: [
    ...[DAYS, HOURS].flatMap(({ table }) => [`DROP VIEW IF EXISTS {db}.${table}_refresh`, `DROP TABLE IF EXISTS {db}.${table}`]),
    viewOf(HOURS),
    viewOf(DAYS),
    kpisOf('kpis_hours', `{db}.${HOURS.table}`),
    kpisOf('kpis_days', `{db}.${DAYS.table}`),
  ],
} as const;

/** Until the server is started again. What is being computed is given up; the next refresh makes it up. */
export async function stopRollingUp(client: ClickHouseClient, db: string): Promise<void> {
  for (const { table } of [HOURS, DAYS]) {
    try {
      await client.command({ query: `SYSTEM STOP VIEW ${db}.${table}_refresh` });
    } catch (error) {
      // A server without refreshable views has nothing to stop.
      if (!(error instanceof ClickHouseError)) throw error;
    }
  }
}
