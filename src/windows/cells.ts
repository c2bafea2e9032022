/** Mergeable values of one series: what panes hold, partials carry and the merge adds up. */
import { mergeDdsketches } from './sketches/ddsketch.ts';
import { mergeHeavyHitters } from './sketches/heavy-hitters.ts';
import { mergeHlls } from './sketches/hll.ts';
import type { StateColumn } from './plan.ts';

/** A number, a sketch's bytes, or undefined where no record has contributed. */
export type StateValue = number | Uint8Array | undefined;

/** One series of one partition (or of several, added up) over one pane or window. */
export interface Cell {
  /** Values of the grouping's dimensions, in its order. */
  readonly labels: readonly string[];
  /** What `seriesKey` makes of the labels, where that is known already. */
  readonly key?: string;
  /** Accepted events. */
  readonly events: number;
  /** Sum over partitions of (1 + offset of the last record that changed it). */
  readonly offsets: number;
  /** One per column of the plan. */
  readonly values: readonly StateValue[];
}

/** Cells one after the other: an array of them, or columns that make one whenever it is asked for. */
export interface CellList extends Iterable<Cell> {
  readonly length: number;
  at(index: number): Cell | undefined;
}

/** Tells series of a grouping apart across partitions. */
export type SeriesKey = string;

export function seriesKey({ labels, key }: Pick<Cell, 'labels' | 'key'>): SeriesKey {
  return key ?? JSON.stringify(labels);
}

/** Adds up panes of one partition: the last record that changed any of them changed the window. */
export function addPanes(columns: readonly StateColumn[], cells: readonly Cell[]): Cell {
  if (cells.length === 1) return cells[0]!;
  return { ...addCells(columns, cells), offsets: Math.max(...cells.map((cell) => cell.offsets)) };
}

/** Adds up partitions, in the order given: floating-point sums are the same in every run. */
export function addCells(columns: readonly StateColumn[], cells: readonly Cell[]): Cell {
  const first = cells[0]!;
  if (cells.length === 1) return first;
  let events = 0;
  let offsets = 0;
  for (const cell of cells) {
    events += cell.events;
    offsets += cell.offsets;
  }
  const values = first.values.slice();
  for (let c = 0; c < columns.length; c++) {
    for (let i = 1; i < cells.length; i++) values[c] = combine(columns[c]!, values[c], cells[i]!.values[c]);
  }
  return { labels: first.labels, events, offsets, values };
}

function combine(column: StateColumn, a: StateValue, b: StateValue): StateValue {
  if (a === undefined) return b;
  if (b === undefined) return a;
  switch (column.accumulate) {
    case 'sum':
      return (a as number) + (b as number);
    case 'min':
      return Math.min(a as number, b as number);
    case 'max':
      return Math.max(a as number, b as number);
    case 'hll':
      return mergeHlls(a as Uint8Array, b as Uint8Array);
    case 'ddsketch':
      return mergeDdsketches(a as Uint8Array, b as Uint8Array);
    case 'heavy':
      return mergeHeavyHitters(a as Uint8Array, b as Uint8Array);
  }
}

/** The state of a row: sums are 0 where nothing came, others are left out. A sum that overflows stays at the largest number: JSON has no infinity. */
export function stateOf(columns: readonly StateColumn[], cell: Cell): Record<string, number | string> {
  const state: Record<string, number | string> = {};
  columns.forEach((column, c) => {
    const value = cell.values[c];
    if (value instanceof Uint8Array) state[column.name] = Buffer.from(value).toString('base64');
    else if (value !== undefined || column.accumulate === 'sum') state[column.name] = saturated(value ?? 0);
  });
  return state;
}

function saturated(value: number): number {
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);
}
