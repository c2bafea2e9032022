/**
 * Cells as a record told them, in columns. Where windows close within a tick their values are told once, added up and forgotten: an object
 * for each until all partitions have told theirs would be most of what the collector has to carry along.
 */
import type { Cell, CellList, SeriesKey, StateValue } from '../cells.ts';
import type { NamedLabels } from './labels-codec.ts';

/** Of one grouping of a pane or window, each series once. */
export interface ToldCells extends CellList {
  readonly series: Iterable<SeriesKey>;
  /** Of any of them. */
  readonly offsetsMin: number;
  /** One after the other, all in one object that the next one is written over: who keeps one copies it. */
  passing(): Iterable<Cell>;
}

export interface CellColumns {
  /** Adds one; its values are added to `values`, to each column one. */
  add(named: NamedLabels, events: number, offsets: number): void;
  /** Per column of the plan. */
  readonly values: readonly StateValue[][];
  readonly length: number;
  /** Those from `from` on: at least one. */
  since(from: number): ToldCells;
}

const NO_LABELS: readonly string[] = [];

/** Of one record: held as long as any of its cells. */
export function createCellColumns(columns: number): CellColumns {
  const named: NamedLabels[] = [];
  const events: number[] = [];
  const offsets: number[] = [];
  const values = Array.from({ length: columns }, (): StateValue[] => []);

  function cellAt(i: number): Cell {
    const { labels, key } = named[i]!;
    return { labels, key, events: events[i]!, offsets: offsets[i]!, values: values.map((column) => column[i]) };
  }

  function* passing(from: number, end: number): Generator<Cell> {
    const cell = { labels: NO_LABELS, key: '', events: 0, offsets: 0, values: values.map((column) => column[from]) };
    for (let i = from; i < end; i++) {
      const { labels, key } = named[i]!;
      cell.labels = labels;
      cell.key = key;
      cell.events = events[i]!;
      cell.offsets = offsets[i]!;
      for (let c = 0; c < columns; c++) cell.values[c] = values[c]![i];
      yield cell;
    }
  }

  return {
    values,
    get length() {
      return named.length;
    },
    add(of, count, sum) {
      named.push(of);
      events.push(count);
      offsets.push(sum);
    },
    since(from) {
      const end = named.length;
      let offsetsMin = Infinity;
      for (let i = from; i < end; i++) offsetsMin = Math.min(offsetsMin, offsets[i]!);
      return {
        length: end - from,
        offsetsMin,
        passing: () => passing(from, end),
        at: (index) => (index >= 0 && index < end - from ? cellAt(from + index) : undefined),
        series: {
          *[Symbol.iterator]() {
            for (let i = from; i < end; i++) yield named[i]!.key;
          },
        },
        *[Symbol.iterator]() {
          for (let i = from; i < end; i++) yield cellAt(i);
        },
      };
    },
  };
}

export function isTold(cells: CellList): cells is ToldCells {
  return 'offsetsMin' in cells;
}
