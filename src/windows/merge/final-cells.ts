/** The values that a window becomes final with. */
import { createPace, type Sliced } from '../../core/slices.ts';
import type { Cell, SeriesKey } from '../cells.ts';
import type { LivePanes } from './live-panes.ts';
import { entriesOf } from './series-cells.ts';
import type { OpenWindow } from './window-book.ts';

interface Partitions {
  /** All, in the order in which values are summed. */
  readonly names: readonly string[];
  /** Those that have not passed the window's end: they count with what they have. */
  readonly idle: readonly string[];
  readonly live: LivePanes;
}

/** At-final values of the partitions that have passed the end, the latest ones of the idle: by series, in partition order. */
export function* finalCells(
  { start, end, finals }: OpenWindow,
  grouping: number,
  { names, idle, live }: Partitions,
): Sliced<Map<SeriesKey, { partition: string; cell: Cell }[]>> {
  const isDue = createPace();
  const bySeries = new Map<SeriesKey, { partition: string; cell: Cell }[]>();
  for (const name of names) {
    const ended = finals.get(name)?.[grouping];
    const entries = idle.includes(name) ? live.entries(name, start, end, grouping) : ended ? entriesOf(ended) : [];
    for (const [key, cell] of entries) {
      const known = bySeries.get(key);
      if (known) known.push({ partition: name, cell });
      else bySeries.set(key, [{ partition: name, cell }]);
      if (isDue()) yield;
    }
  }
  return bySeries;
}
