import type { Outcome } from '../../../src/core/outcome.ts';
import type { PipelineStatus } from '../../../src/server/api.ts';

/** In the order that a record is told of: the five add up to the records read. */
export const OUTCOME_NAMES: readonly Outcome[] = ['accepted', 'duplicate', 'late', 'invalid', 'ignored'];

/** The partition that is furthest behind holds the windows open; those that have none yet are not counted. */
export function watermarkOf({ partitions }: PipelineStatus): string | undefined {
  return partitions
    .flatMap(({ watermark }) => watermark ?? [])
    .sort()
    .at(0);
}

/** How far event time is behind now where records wait to be read, s: what is said of alerts is as old as that. 0: all is read. */
export function behindSecondsOf({ partitions }: PipelineStatus): number {
  return Math.max(0, ...partitions.flatMap(({ lag_seconds: seconds }) => seconds ?? []));
}
