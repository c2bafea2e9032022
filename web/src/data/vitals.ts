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
