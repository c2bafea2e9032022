import type { Outcome } from '../../../src/core/outcome.ts';
import type { PipelineInfo, PipelineStatus } from '../../../src/server/api.ts';
import type { RateSample } from './pipeline-feed.ts';

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

/** Shorter is a pause, not a source that has died. */
const SILENT_MS = 60_000;
/** An event older than this tells of history that was read, not of a source that was alive. */
const HISTORY_MS = 30 * 86_400_000;
/** Rates are of so long before they are told. */
const RATE_SPAN_MS = 10_000;

/**
 * How long nothing came although something had come before, ms; 0: something comes, or waits to be read, or it is not long yet. As the page
 * has seen it (`rates`), else by the newest event: `now` in epoch ms.
 */
export function silentMsOf(
  { partitions, records_per_second }: PipelineStatus,
  { sources }: Pick<PipelineInfo, 'sources'>,
  rates: readonly RateSample[],
  now: number,
): number {
  const newest = Math.max(
    ...partitions.flatMap(({ name, watermark }) => {
      const source = sources.find(({ topic }) => name.startsWith(`${topic}/`));
      return watermark === null ? [] : Date.parse(watermark) + (source?.out_of_orderness_ms ?? 0);
    }),
  );
  if (records_per_second > 0 || newest === -Infinity || partitions.some(({ lag }) => lag > 0)) return 0;
  const last = rates.findLast(({ perSecond }) => perSecond > 0);
  const silent = now - (last === undefined ? newest : last.at - RATE_SPAN_MS);
  return silent >= SILENT_MS && (last !== undefined || silent < HISTORY_MS) ? silent : 0;
}
