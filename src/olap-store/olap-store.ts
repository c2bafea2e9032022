/** The OLAP store: history for reports and dashboards. Operations, never connections; a repeat of any put changes nothing. */
import type { Labels } from '../core/labels.ts';
import type { DeadLetter } from '../dead-letter/dead-letter.ts';
import type { ReadAnew } from '../dead-letter/in-force.ts';
import type { WindowRow } from '../windows/row.ts';
import type { MeasureSpec, WindowSpec } from '../windows/spec.ts';

/** An alert as it stands on the topic `p.alerts`; further fields are kept as they are. */
export interface AlertRecord {
  readonly alert_id: string;
  /** ISO 8601 UTC. */
  readonly alert_time: string;
  readonly alert_type: string;
  readonly severity: string;
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What is to be known of a pipeline before its rows can be merged where they are stored. */
export interface PipelineToStore {
  readonly pipeline: string;
  readonly measures: readonly MeasureSpec[];
  readonly windows: readonly WindowSpec[];
  /** What its revisions have read again: dead letters of older ones are not in force there. Default: nothing. */
  readonly readAnew?: readonly ReadAnew[];
}

export interface AlertToStore {
  readonly record: AlertRecord;
  /** Grows with each newer state of the same alert: its offset in the alerts topic. The highest counts. */
  readonly version: number;
}

export interface RawEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Epoch ms. */
  readonly appendTime: number;
  readonly payload: Uint8Array;
}

/** Times are epoch ms; `from` is included, `to` is not. */
export interface WindowsQuery {
  readonly pipeline: string;
  readonly window?: string;
  /** By start of the window. */
  readonly from?: number;
  readonly to?: number;
}

/** Final main rows of one window size. */
export interface ColumnsQuery extends WindowsQuery {
  readonly window: string;
  /** Names of the measures that are wanted. */
  readonly measures: readonly string[];
}

/** Rows in columns, by start. */
export interface WindowColumns {
  /** Series of these rows; `series` holds indexes into it. */
  readonly labels: readonly Labels[];
  readonly series: Int32Array;
  /** Start of the window, epoch ms. */
  readonly start: Float64Array;
  readonly events: Float64Array;
  readonly corrections: Float64Array;
  /** In the order of the query; NaN where undefined. */
  readonly measures: readonly Float64Array[];
}

export interface LatestQuery {
  readonly pipeline: string;
  readonly window: string;
  /** Only the series with exactly these; undefined: every series. */
  readonly labels?: Labels;
}

export interface ListQuery {
  readonly pipeline?: string;
  readonly from?: number;
  readonly to?: number;
  /** The newest so many; 1,000 unless told. */
  readonly limit?: number;
}

/** Rows of whole windows (every version winner, every origin) -> what readers see: `mergeRows` of the windows room, bound to the measures. */
export type RowMerge = (rows: readonly WindowRow[]) => readonly WindowRow[];

/**
 * Every operation throws AppError `olap_unavailable` (retryable) while the store is not there, `olap_refused` where it answers and
 * somebody must mend something, and `data_format` when its tables were made by a newer version, or by something else. A put that
 * threw may have been stored: put it again.
 */
export interface OlapStore {
  /** The newest one counts. Hours and days are made of what has been told here. */
  putPipeline(pipeline: PipelineToStore): Promise<void>;
  /** A row replaces the stored one of its (pipeline, window, window_start, labels, origin) unless its version is lower. */
  putWindows(rows: readonly WindowRow[]): Promise<void>;
  putAlerts(pipeline: string, alerts: readonly AlertToStore[]): Promise<void>;
  putDeadLetters(pipeline: string, letters: readonly DeadLetter[]): Promise<void>;
  /** Deleted some time after append time + `keepMs`. */
  putRawEvents(pipeline: string, events: readonly RawEvent[], keepMs: number): Promise<void>;
  /** Ordered by start; read page by page, a window's rows all in one page, so `merge` sees each window whole. */
  windows(query: WindowsQuery, merge: RowMerge): AsyncIterable<WindowRow>;
  /**
   * Of each series the rows of its last window, of the windows that begin less than 26 h before the newest one. Rows of a window that was
   * computed anew since do not count.
   */
  latest(query: LatestQuery, merge: RowMerge): Promise<readonly WindowRow[]>;
  /**
   * For those who want a few measures of very many windows: final main rows (no other origins) of the newest revision, in pages of
   * whole windows in the order of time.
   */
  columns(query: ColumnsQuery): AsyncIterable<WindowColumns>;
  /** The newest first, as they were put. */
  alerts(query: ListQuery): Promise<AlertRecord[]>;
  /** Those in force, by topic, partition and offset, the newest `limit` of them. `from` and `to` are by append time, and leave out letters that have none. */
  deadLetters(query: ListQuery): Promise<DeadLetter[]>;
  /** Resolves when the store answers and its tables are ready: made, brought up to date and looked at. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
