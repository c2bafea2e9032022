/** The latest absolute values of every pane of every partition that some window still needs. */
import { createPace, type Sliced } from '../../core/slices.ts';
import { addPanes, seriesKey, type Cell, type CellList, type SeriesKey, type StateValue } from '../cells.ts';
import { isTold } from '../partials/cell-columns.ts';
import type { PanePartial } from '../panes.ts';
import type { Plan } from '../plan.ts';
import { bySeries, createSeriesCells, entriesOf, keysOf, takeWhole, type SeriesCells } from './series-cells.ts';

export interface LivePanes {
  /** Whether `put` would change anything. */
  isNews(partition: string, pane: PanePartial, told?: number): boolean;
  /**
   * Takes in what is newer than what is there, by the offset of the last record behind it, and newer than `told`: the partition's
   * records before that offset are in already, or in panes that are gone. The keys that changed, per grouping.
   */
  put(partition: string, pane: PanePartial, told?: number): Sliced<Iterable<SeriesKey>[]>;
  /** One series of one partition over the panes that start in [start, end): as it is until the next `put`. */
  cell(partition: string, start: number, end: number, grouping: number, key: SeriesKey): Cell | undefined;
  /** Series of one partition there, each once: as they are until the next `put`. */
  keys(partition: string, start: number, end: number, grouping: number): Iterable<SeriesKey>;
  /** The same with their values. */
  entries(partition: string, start: number, end: number, grouping: number): Iterable<readonly [SeriesKey, Cell]>;
  /** Series of all these partitions together, each once. What is put meanwhile is among them or not. */
  keysOfAll(partitions: readonly string[], start: number, end: number, grouping: number): Sliced<Set<SeriesKey>>;
  has(partition: string, start: number, end: number): boolean;
  drop(partition: string, paneStart: number): void;
  /** All series of one pane, per grouping, as they are until the next `put`; undefined where there is none. */
  pane(partition: string, paneStart: number): readonly SeriesCells[] | undefined;
  /** All panes, by partition. */
  all(): [partition: string, paneStarts: number[]][];
}

/**
 * A cell of our own. The first one that comes as an object is kept as it is: where windows close within a tick there is no other. One of a
 * list in columns, or a second one, is copied, and what comes then is written over that: new ones would outlive two ticks, and the collector
 * would have to go over all memory.
 */
interface OwnCell extends Cell {
  readonly isOwn: true;
  events: number;
  offsets: number;
  readonly values: StateValue[];
}

function ownCell({ labels, key = seriesKey({ labels }), events, offsets, values }: Cell): OwnCell {
  return { isOwn: true, labels, key, events, offsets, values: [...values] };
}

function isOwn(cell: Cell): cell is OwnCell {
  return 'isOwn' in cell;
}

function cellIn(pane: readonly SeriesCells[] | undefined, grouping: number, key: SeriesKey): Cell | undefined {
  return pane && bySeries(pane[grouping]!).get(key);
}

/** To be looked at, not to be kept. */
function passing(cells: CellList): Iterable<Cell> {
  return isTold(cells) ? cells.passing() : cells;
}

/** To note a key is cheap: so many are noted in one go. */
const KEYS_AT_ONCE = 256;

function writeOver(known: OwnCell, { events, offsets, values }: Cell): void {
  known.events = events;
  known.offsets = offsets;
  for (let c = 0; c < values.length; c++) known.values[c] = values[c];
}

export function createLivePanes(plan: Plan): LivePanes {
  const partitions = new Map<string, Map<number, SeriesCells[]>>();
  const isDue = createPace();

  function* panesIn(partition: string, start: number, end: number): Generator<SeriesCells[]> {
    const panes = partitions.get(partition);
    if (!panes) return;
    for (let pane = start; pane < end; pane += plan.paneMs) {
      const groupings = panes.get(pane);
      if (groupings) yield groupings;
    }
  }

  function cellAt(partition: string, start: number, end: number, grouping: number, key: SeriesKey): Cell | undefined {
    const panes = partitions.get(partition);
    if (!panes) return undefined;
    if (start + plan.paneMs === end) return cellIn(panes.get(start), grouping, key);
    const cells: Cell[] = [];
    for (let pane = start; pane < end; pane += plan.paneMs) {
      const found = cellIn(panes.get(pane), grouping, key);
      if (found) cells.push(found);
    }
    return cells.length === 0 ? undefined : addPanes(plan.columns, cells);
  }

  function keysAt(partition: string, start: number, end: number, grouping: number): Iterable<SeriesKey> {
    if (start + plan.paneMs === end) {
      const only = partitions.get(partition)?.get(start)?.[grouping];
      return only ? keysOf(only) : [];
    }
    const found = new Set<SeriesKey>();
    for (const groupings of panesIn(partition, start, end)) for (const key of keysOf(groupings[grouping]!)) found.add(key);
    return found;
  }

  /** Cells count 1 + the offset of their last record; `told` is the next offset. */
  function isNewer(cell: Cell, known: Cell | undefined, told: number): boolean {
    return cell.offsets > told && cell.offsets > (known?.offsets ?? 0);
  }

  return {
    isNews(partition, pane, told = 0) {
      const known = partitions.get(partition)?.get(pane.start);
      return pane.cells.some((cells, grouping) => {
        const series = known && bySeries(known[grouping]!);
        for (const cell of passing(cells)) if (isNewer(cell, series?.get(seriesKey(cell)), told)) return true;
        return false;
      });
    },
    *put(partition, pane, told = 0) {
      const known = partitions.get(partition)?.get(pane.start);
      const groupings = known ?? plan.groupings.map(createSeriesCells);
      const changed = groupings.map((): Iterable<SeriesKey> => []);
      let isNews = false;
      for (const [grouping, cells] of pane.cells.entries()) {
        if (isTold(cells) && cells.offsetsMin > told && takeWhole(groupings[grouping]!, cells)) {
          changed[grouping] = cells.series;
          isNews = true;
          continue;
        }
        const series = bySeries(groupings[grouping]!);
        const keys: SeriesKey[] = [];
        changed[grouping] = keys;
        const isPassing = isTold(cells);
        for (const cell of passing(cells)) {
          if (isDue()) yield;
          const key = seriesKey(cell);
          const own = series.get(key);
          if (!isNewer(cell, own, told)) continue;
          if (own && isOwn(own)) writeOver(own, cell);
          else series.set(key, own || isPassing ? ownCell(cell) : cell);
          keys.push(key);
        }
        isNews ||= keys.length > 0;
      }
      if (known === undefined && isNews) {
        const panes = partitions.get(partition) ?? new Map<number, SeriesCells[]>();
        partitions.set(partition, panes);
        panes.set(pane.start, groupings);
      }
      return changed;
    },
    cell: cellAt,
    keys: keysAt,
    *entries(partition, start, end, grouping) {
      const only = start + plan.paneMs === end ? partitions.get(partition)?.get(start)?.[grouping] : undefined;
      if (only) yield* entriesOf(only);
      else for (const key of keysAt(partition, start, end, grouping)) yield [key, cellAt(partition, start, end, grouping, key)!];
    },
    *keysOfAll(names, start, end, grouping) {
      const isSliceDone = createPace(KEYS_AT_ONCE);
      const keys = new Set<SeriesKey>();
      for (const name of names) {
        for (const groupings of panesIn(name, start, end)) {
          for (const key of keysOf(groupings[grouping]!)) {
            keys.add(key);
            if (isSliceDone()) yield;
          }
        }
      }
      return keys;
    },
    has(partition, start, end) {
      return !panesIn(partition, start, end).next().done;
    },
    drop(partition, paneStart) {
      partitions.get(partition)?.delete(paneStart);
    },
    pane: (partition, paneStart) => partitions.get(partition)?.get(paneStart),
    all: () => [...partitions].map(([partition, panes]) => [partition, [...panes.keys()].sort((a, b) => a - b)]),
  };
}
