/** What an aggregation tells of itself with its progress: for people, and for alerts about the pipeline itself. */
import type { OutcomeCounts } from '../core/outcome.ts';
import type { Progress } from '../windows/partials.ts';
import type { AggregateStatus, IdCounts } from './aggregate.ts';

export interface PartitionReport {
  readonly totals: OutcomeCounts;
  /** Counts of invalid records by reason. */
  readonly reasons: readonly (readonly [reason: string, count: number])[];
  /** Accepted replays. */
  readonly replayed: number;
  /** The partition's end, as it was last seen. */
  readonly end: number;
  readonly caughtUp: boolean;
  /** Event time of the first event beyond `max_series`, of the newest episode, epoch ms. */
  readonly overflowedAt?: number;
  readonly ids?: IdCounts;
  /** Event time of the first event beyond `max_ids`, of the newest episode, epoch ms. */
  readonly idsForgottenAt?: number;
}

/** A report with the progress that it came with: the newest counts. */
export interface ReportAt extends PartitionReport {
  readonly offset: number;
  readonly epoch: number;
  readonly turn: number;
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
    overflowedAt: report?.overflowedAt,
    idsForgottenAt: report?.idsForgottenAt,
    offset: report?.offset ?? 0,
    end: report?.end ?? 0,
    caughtUp: report?.caughtUp ?? false,
    deadLetterBytes: 0,
    ids: report?.ids ?? { remembered: 0, forgottenEarly: 0, bytes: 0 },
  };
}
