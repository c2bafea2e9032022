/** What stands on the topic `p.windows`: rows and `closed` records, as JSON. */
import type { Labels } from '../core/labels.ts';

export interface WindowRow {
  readonly kind: 'row';
  readonly pipeline: string;
  /** The window's name in the pipeline file: `1m`. */
  readonly window: string;
  /** ISO 8601 UTC with ms. */
  readonly window_start: string;
  readonly window_end: string;
  /** Only the dimensions of the row's roll-up. */
  readonly labels: Labels;
  /** Each measure by its name; null where undefined (a ratio over nothing, a minimum of nothing). */
  readonly measures: Readonly<Record<string, number | null>>;
  /** Mergeable state behind the measures: numbers, and sketches as base64. Merge first, divide after (`row-merge.ts`). */
  readonly state: Readonly<Record<string, number | string>>;
  /** Accepted events in it. */
  readonly events: number;
  /** Events of `events` that came in by a replay from the dead-letter queue. */
  readonly replayed: number;
  /** False: provisional, or flushed at the end of `--once`. */
  readonly final: boolean;
  /** Events that came after the first final row. */
  readonly corrections: number;
  /** UInt64 as text: (revision, stage, sum of contributing offsets). The highest counts. */
  readonly version: string;
  /** '' for the main row; else the partition (`topic/0`) or `replay`, counted in addition unless named in the main row's `partitions`. */
  readonly origin: string;
  /** Input partitions (`topic/0`) whose events are in the main row. */
  readonly partitions: readonly string[];
  /** Partitions that were idle when the window became final: counted with what they had. */
  readonly idle: readonly string[];
}

/** All first final rows of this window stand before it. */
export interface ClosedRecord {
  readonly kind: 'closed';
  readonly pipeline: string;
  readonly window: string;
  readonly window_start: string;
  readonly window_end: string;
  readonly idle: readonly string[];
}

export type WindowRecord = WindowRow | ClosedRecord;
