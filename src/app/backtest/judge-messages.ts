/** What a judge in a thread of its own is told, and what it answers. */
import type { MonitorSpec } from '../../pipeline/monitor/monitor-spec.ts';
import type { RecordColumns } from './record-columns.ts';
import type { Judged, JudgedRange } from './rung-alerts.ts';

export interface JudgeOrder {
  readonly spec: MonitorSpec;
  readonly measures: readonly string[];
  readonly range: JudgedRange;
  /** Indexes of the detect entries that are judged here. */
  readonly entries: readonly number[];
}

/** Null: no more will come, tell what was found. */
export type JudgeMessage = RecordColumns | null;
/** Null: one batch is done. */
export type JudgeReply = Judged | null;
