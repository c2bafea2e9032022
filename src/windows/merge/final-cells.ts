/** The values that a window becomes final with. */
import { createPace, type Sliced } from '../../core/slices.ts';
import type { Cell } from '../cells.ts';
import type { LivePanes, SeriesKey } from './live-panes.ts';
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
    const isIdle = idle.includes(name);
    const ended = isIdle ? undefined : finals.get(name)?.[grouping];
    const keys = isIdle ? live.keys(name, start, end, grouping) : (ended?.keys() ?? []);
    for (const key of keys) {
      const cell = ended ? ended.get(key)! : live.cell(name, start, end, grouping, key)!;
      const known = bySeries.get(key);
      if (known) known.push({ partition: name, cell });
      else bySeries.set(key, [{ partition: name, cell }]);
      if (isDue()) yield;
    }
  }
  return bySeries;
}
