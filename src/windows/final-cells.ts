/** The values that a window becomes final with. */
import type { Cell } from './cells.ts';
import { seriesKey, type LivePanes, type SeriesKey } from './live-panes.ts';
import type { OpenWindow } from './window-book.ts';

interface Partitions {
  /** All, in the order in which values are summed. */
  readonly names: readonly string[];
  /** Those that have not passed the window's end: they count with what they have. */
  readonly idle: readonly string[];
  readonly live: LivePanes;
}

/** At-final values of the partitions that have passed the end, the latest ones of the idle: by series, in partition order. */
export function finalCells(
  { start, end, finals }: OpenWindow,
  grouping: number,
  { names, idle, live }: Partitions,
): Map<SeriesKey, { partition: string; cell: Cell }[]> {
  const bySeries = new Map<SeriesKey, { partition: string; cell: Cell }[]>();
  for (const name of names) {
    const cells = idle.includes(name)
      ? [...live.keys(name, start, end, grouping)].map((key) => live.cell(name, start, end, grouping, key)!)
      : (finals.get(name)?.[grouping]?.values() ?? []);
    for (const cell of cells) {
      const key = seriesKey(cell);
      bySeries.set(key, [...(bySeries.get(key) ?? []), { partition: name, cell }]);
    }
  }
  return bySeries;
}
