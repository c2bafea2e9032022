/** The hot store: what the API and the dashboard show now. Main rows only; history and late origins stand in the OLAP store. */
import type { Labels } from '../core/labels.ts';
import type { WindowRow } from '../windows/row.ts';

/** Which final rows are kept beyond the last one of each series: the segments that are served. */
export interface HotHistory {
  readonly pipeline: string;
  /** The window's name: `1m`. */
  readonly window: string;
  /** Sets of dimensions, in any order; undefined: every series of the window. */
  readonly groupings?: readonly (readonly string[])[];
  /** ms of event time, counted back from the newest final row of the window. */
  readonly keepMs: number;
}

/** 26 h: a day to compare with, and two hours for being late. */
export const HOT_HISTORY_MS = 26 * 3_600_000;

export interface HotStoreConfig {
  readonly history: readonly HotHistory[];
  /**
   * Series kept, over all pipelines and windows; 100,000 unless told. When one more comes, the tenth of them whose last window is
   * the oldest are forgotten (they come back with their next row). Counting and alerting do not depend on it.
   */
  readonly maxSeries?: number;
}

export interface HotStore {
  /**
   * Of each (pipeline, window, labels, window_start) the highest version is kept, in whatever order and how often they come.
   * Rows of another origin than '' are passed over.
   */
  put(rows: readonly WindowRow[]): Promise<void>;
  /** The row with the latest start, provisional or final. */
  latest(pipeline: string, window: string, labels: Labels): Promise<WindowRow | undefined>;
  /** The latest row of each series of the window, ordered by their labels. */
  all(pipeline: string, window: string): Promise<WindowRow[]>;
  /** Final rows kept of the series, and its latest row, with from <= start < to (epoch ms), by start. */
  range(pipeline: string, window: string, labels: Labels, from: number, to: number): Promise<WindowRow[]>;
  /** To be called when every row that the log has of the pipeline, as far back as history is kept, has been put. */
  markFilled(pipeline: string): Promise<void>;
  /** Whether that still holds. Else what is missing here may be in the log or in the OLAP store. */
  isFilled(pipeline: string): Promise<boolean>;
  /** Rows that are not written yet, also after `close`; a store in memory has none. */
  waiting?(): number;
  close(): Promise<void>;
}
