/**
 * Counts records by what became of them, in windows: so that a spike of dead letters is a key figure as any other.
 *
 * Such a record has no event time that could be trusted, or none at all. It counts where it came: at its append time, and by event time
 * (no append times) at the newest event time accepted up to it. Neither ever lies behind the watermark, so no count is late. A producer's
 * append time may lie ahead, and counts are there all the same: such a window is shown when events come to it (merge.ts).
 */
import { LAST_INSTANT_MS } from '../core/instant.ts';
import type { PaneStore } from './panes.ts';
import type { Plan } from './plan.ts';
import type { SeriesTable } from './series.ts';
import type { SourceSpec } from './spec.ts';

export interface OutcomeTally {
  /** Whether records of this outcome are counted. */
  wants(outcome: number): boolean;
  /** `newest`: the largest min(event time, append time) accepted, -Infinity before the first; `appendTime`: Infinity where there is none. */
  count(outcome: number, newest: number, appendTime: number, offset: number): void;
}

/** Undefined where no measure of the source wants it. */
export function createOutcomeTally(
  plan: Plan,
  source: SourceSpec,
  { panes, series }: { panes: PaneStore; series: SeriesTable },
): OutcomeTally | undefined {
  const columns = plan.columns.flatMap(({ outcomes, source: of }, column) =>
    outcomes && (of === '' || of === source.name) ? [{ outcomes, column }] : [],
  );
  const total = plan.groupings.findIndex((dimensions) => dimensions.length === 0);
  if (columns.length === 0 || total < 0) return undefined;

  let code: number | undefined;

  const wanted = new Set(columns.flatMap(({ outcomes }) => [...outcomes]));

  return {
    wants: (outcome) => wanted.has(outcome),
    count(outcome, newest, appendTime, offset) {
      // Append times that a producer wrote may go back: not behind the watermark. Those beyond all dates, as in nanoseconds, were read as the last
      // one, and tell nothing of when the record came.
      const time = appendTime >= LAST_INSTANT_MS ? newest : Math.max(appendTime, newest);
      if (time === -Infinity) return;
      for (const { outcomes, column } of columns) {
        if (outcomes.includes(outcome)) panes.count(time, total, (code ??= series.intern(total, [])), column, offset);
      }
    },
  };
}
