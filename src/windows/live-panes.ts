/** The latest absolute values of every pane of every partition that some window still needs. */
import { addPanes, type Cell } from './cells.ts';
import type { PanePartial } from './panes.ts';
import type { Plan } from './plan.ts';

/** Tells series of a grouping apart across partitions. */
export type SeriesKey = string;

export function seriesKey(cell: Cell): SeriesKey {
  return JSON.stringify(cell.labels);
}

export interface LivePanes {
  /** Takes in what changed; the keys that did, per grouping. */
  put(partition: string, pane: PanePartial): SeriesKey[][];
  /** One series of one partition over the panes that start in [start, end). */
  cell(partition: string, start: number, end: number, grouping: number, key: SeriesKey): Cell | undefined;
  keys(partition: string, start: number, end: number, grouping: number): Set<SeriesKey>;
  has(partition: string, start: number, end: number): boolean;
  drop(partition: string, paneStart: number): void;
  /** All panes, by partition. */
  all(): [partition: string, paneStarts: number[]][];
}

export function createLivePanes(plan: Plan): LivePanes {
  const partitions = new Map<string, Map<number, Map<SeriesKey, Cell>[]>>();

  function* panesIn(partition: string, start: number, end: number): Generator<Map<SeriesKey, Cell>[]> {
    const panes = partitions.get(partition);
    if (!panes) return;
    for (let pane = start; pane < end; pane += plan.paneMs) {
      const groupings = panes.get(pane);
      if (groupings) yield groupings;
    }
  }

  return {
    put(partition, pane) {
      const panes = partitions.get(partition) ?? new Map<number, Map<SeriesKey, Cell>[]>();
      partitions.set(partition, panes);
      const groupings = panes.get(pane.start) ?? plan.groupings.map(() => new Map<SeriesKey, Cell>());
      panes.set(pane.start, groupings);
      return pane.cells.map((cells, grouping) =>
        cells.map((cell) => {
          const key = seriesKey(cell);
          groupings[grouping]!.set(key, cell);
          return key;
        }),
      );
    },
    cell(partition, start, end, grouping, key) {
      const cells: Cell[] = [];
      for (const groupings of panesIn(partition, start, end)) {
        const cell = groupings[grouping]!.get(key);
        if (cell) cells.push(cell);
      }
      return cells.length === 0 ? undefined : addPanes(plan.columns, cells);
    },
    keys(partition, start, end, grouping) {
      const keys = new Set<SeriesKey>();
      for (const groupings of panesIn(partition, start, end)) for (const key of groupings[grouping]!.keys()) keys.add(key);
      return keys;
    },
    has(partition, start, end) {
      return !panesIn(partition, start, end).next().done;
    },
    drop(partition, paneStart) {
      partitions.get(partition)?.delete(paneStart);
    },
    all: () => [...partitions].map(([partition, panes]) => [partition, [...panes.keys()].sort((a, b) => a - b)]),
  };
}
