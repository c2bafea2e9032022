/** What an aggregation tells of itself with its progress: for people, and for alerts about the pipeline itself. */
import type { OutcomeCounts } from '../../core/outcome.ts';
import type { Progress } from '../../windows/partials/partials.ts';
import type { LimitKind, LimitSpan } from '../../windows/limit-episodes.ts';
import type { AggregateStatus, IdCounts, LimitSpans } from './aggregate.ts';

export interface PartitionReport {
  readonly totals: OutcomeCounts;
  /** Counts of invalid records by reason. */
  readonly reasons: readonly (readonly [reason: string, count: number])[];
  /** Accepted replays. */
  readonly replayed: number;
  /** The partition's end, as it was last seen. */
  readonly end: number;
  readonly caughtUp: boolean;
  readonly ids: IdCounts;
  readonly limits: LimitSpans;
  /** Event time, epoch ms, of the first accepted event that is known of; absent before it. */
  readonly firstTime?: number;
}

/** A report with the progress that it came with: the newest counts. */
export interface ReportAt extends PartitionReport {
  readonly offset: number;
  readonly epoch: number;
  readonly turn: number;
  /** What was told of limits last. */
  readonly told: Partial<Record<LimitKind, LimitSpan>>;
}

export function isNewerReport(progress: Progress, known: ReportAt | undefined): boolean {
  if (!known) return true;
  // Totals follow from the offset alone; of the same offset the newest owner's last word counts.
  if (progress.offset !== known.offset) return progress.offset > known.offset;
  return progress.epoch === known.epoch ? progress.turn >= known.turn : progress.epoch > known.epoch;
}

export function statusOfReport(name: string, report: ReportAt | undefined, watermark: number, totals: OutcomeCounts): AggregateStatus {
  return {
    name,
    totals: report?.totals ?? totals,
    reasons: new Map(report?.reasons ?? []),
    replayed: report?.replayed ?? 0,
    watermark,
    limits: report?.limits ?? { series: [], ids: [] },
    firstTime: report?.firstTime,
    offset: report?.offset ?? 0,
    end: report?.end ?? 0,
    caughtUp: report?.caughtUp ?? false,
    deadLetterBytes: 0,
    ids: report?.ids ?? { remembered: 0, forgottenEarly: 0, bytes: 0 },
  };
}
