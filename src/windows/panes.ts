/** Panes of one partition: for each stretch of event time and each grouping, columns of accumulators indexed by series code. */
import type { Cell, StateValue } from './cells.ts';
import type { Contribution } from './columns.ts';
import type { Plan, StateColumn } from './plan.ts';
import type { SeriesTable } from './series.ts';
import { createDdsketch, ddsketchFromBytes, type Ddsketch } from './sketches/ddsketch.ts';
import { createHeavyHitters, heavyHittersFromBytes, type HeavyHitters } from './sketches/heavy-hitters.ts';
import { createHll, hllFromBytes, type Hll } from './sketches/hll.ts';

export interface PaneStore {
  /** Adds an accepted event (element `i` of the contributions) to its pane; `codes`: its series, one per grouping. */
  add(time: number, codes: Int32Array, contributions: readonly Contribution[], i: number, offset: number): void;
  /** Adds 1 to a column of one series, for a record that is no accepted event. */
  count(time: number, grouping: number, code: number, column: number, offset: number): void;
  /** Starts of the panes there are, ascending. */
  starts(): number[];
  /** Series of a grouping in a pane. */
  cells(start: number, grouping: number): Cell[];
  /** What changed since the last call: absolute values, panes ascending. */
  takeChanged(): PanePartial[];
  drop(start: number): void;
  /** Puts a cell of an earlier life back. */
  restore(start: number, grouping: number, cell: Cell): void;
}

/** Absolute values of the series of one pane that changed. */
export interface PanePartial {
  readonly start: number;
  /** Per grouping; empty where none changed. */
  readonly cells: readonly (readonly Cell[])[];
}

/** Panes of a partition that an earlier life left. */
export interface RestoredPanes {
  readonly partition: string;
  readonly live: readonly PanePartial[];
  readonly replayed: readonly PanePartial[];
}

type Sketch = Hll | Ddsketch | HeavyHitters;

interface Group {
  events: Float64Array;
  offsets: Float64Array;
  numbers: (Float64Array | undefined)[];
  sketches: (Map<number, Sketch> | undefined)[];
  readonly codes: number[];
  dirty: Uint8Array;
  readonly changed: number[];
}

export function createPaneStore(plan: Plan, series: SeriesTable): PaneStore {
  const panes = new Map<number, Group[]>();
  const isSum = plan.columns.map((column) => column.accumulate === 'sum');
  /** The pane of the event before: nearly always that of the next one too. */
  let current: { start: number; end: number; groups: Group[] } | undefined;

  function groupsAt(start: number): Group[] {
    let groups = panes.get(start);
    if (!groups) {
      groups = plan.groupings.map(() => createGroup(plan.columns));
      panes.set(start, groups);
    }
    return groups;
  }

  /** Makes room for the code and notes that it changed. */
  function touch(group: Group, code: number): void {
    if (code >= group.events.length) growGroup(group, plan.columns, code);
    if (group.dirty[code] === 0) {
      group.dirty[code] = 1;
      group.changed.push(code);
    }
    if (group.offsets[code] === 0) group.codes.push(code);
  }

  function cellOf(group: Group, grouping: number, code: number): Cell {
    return {
      labels: series.labels[grouping]![code]!,
      events: group.events[code]!,
      offsets: group.offsets[code]!,
      values: plan.columns.map((_, c): StateValue => {
        const value = group.numbers[c]?.[code];
        if (value !== undefined) return value === value ? value : undefined;
        return group.sketches[c]?.get(code)?.toBytes();
      }),
    };
  }

  return {
    add(time, codes, contributions, i, offset) {
      if (!current || time < current.start || time >= current.end) {
        const start = Math.floor(time / plan.paneMs) * plan.paneMs;
        current = { start, end: start + plan.paneMs, groups: groupsAt(start) };
      }
      const { groups } = current;
      for (let g = 0; g < groups.length; g++) {
        const group = groups[g]!;
        const code = codes[g]!;
        touch(group, code);
        group.events[code]! += 1;
        group.offsets[code] = offset + 1;
        for (let c = 0; c < contributions.length; c++) {
          const contribution = contributions[c]!;
          const value = contribution.values[i]!;
          if (value !== value) continue;
          if (isSum[contribution.column]) group.numbers[contribution.column]![code]! += value;
          else accumulate(plan.columns[contribution.column]!, group, contribution, code, i, value);
        }
      }
    },
    count(time, grouping, code, column, offset) {
      const group = groupsAt(Math.floor(time / plan.paneMs) * plan.paneMs)[grouping]!;
      touch(group, code);
      group.offsets[code] = offset + 1;
      group.numbers[column]![code]! += 1;
    },
    starts: () => [...panes.keys()].sort((a, b) => a - b),
    cells(start, grouping) {
      const group = panes.get(start)?.[grouping];
      return group ? group.codes.map((code) => cellOf(group, grouping, code)) : [];
    },
    takeChanged() {
      const partials: PanePartial[] = [];
      for (const start of this.starts()) {
        const groups = panes.get(start)!;
        if (groups.every(({ changed }) => changed.length === 0)) continue;
        const cells = groups.map((group, g) => group.changed.map((code) => cellOf(group, g, code)));
        for (const group of groups) {
          for (const code of group.changed) group.dirty[code] = 0;
          group.changed.length = 0;
        }
        partials.push({ start, cells });
      }
      return partials;
    },
    drop(start) {
      panes.delete(start);
      if (current?.start === start) current = undefined;
    },
    restore(start, grouping, cell) {
      const group = groupsAt(start)[grouping]!;
      const code = series.intern(grouping, cell.labels);
      touch(group, code);
      group.events[code] = cell.events;
      group.offsets[code] = cell.offsets;
      plan.columns.forEach((column, c) => {
        const value = cell.values[c];
        if (typeof value === 'number') group.numbers[c]![code] = value;
        else if (value) group.sketches[c]!.set(code, sketchFromBytes(column, value));
      });
    },
  };
}

function accumulate(column: StateColumn, group: Group, contribution: Contribution, code: number, i: number, value: number): void {
  const numbers = group.numbers[contribution.column];
  if (!numbers) {
    addToSketch(column, group.sketches[contribution.column]!, contribution, code, i, value);
    return;
  }
  const before = numbers[code]!;
  if (before !== before || (column.accumulate === 'min' ? value < before : value > before)) numbers[code] = value;
}

function addToSketch(
  column: StateColumn,
  sketches: Map<number, Sketch>,
  contribution: Contribution,
  code: number,
  i: number,
  value: number,
): void {
  let sketch = sketches.get(code);
  if (!sketch) {
    sketch = newSketch(column);
    sketches.set(code, sketch);
  }
  if (contribution.hashes) (sketch as Hll).add(contribution.hashes.low[i]!, contribution.hashes.high[i]!);
  else if (contribution.texts) (sketch as HeavyHitters).add(contribution.texts[i]!);
  else (sketch as Ddsketch).add(value);
}

function newSketch(column: StateColumn): Sketch {
  if (column.accumulate === 'heavy') return createHeavyHitters(column.keep!);
  return column.accumulate === 'hll' ? createHll() : createDdsketch();
}

function sketchFromBytes(column: StateColumn, bytes: Uint8Array): Sketch {
  if (column.accumulate === 'heavy') return heavyHittersFromBytes(bytes);
  return column.accumulate === 'hll' ? hllFromBytes(bytes) : ddsketchFromBytes(bytes);
}

function isSketched(column: StateColumn): boolean {
  return column.accumulate === 'hll' || column.accumulate === 'ddsketch' || column.accumulate === 'heavy';
}

const GROUP_CAPACITY_MIN = 32;

/** A column of numbers; what has no value yet is 0 in sums and NaN elsewhere. */
function emptyNumbers(column: StateColumn, capacity: number): Float64Array | undefined {
  if (column.accumulate === 'sum') return new Float64Array(capacity);
  return column.accumulate === 'min' || column.accumulate === 'max' ? new Float64Array(capacity).fill(NaN) : undefined;
}

function createGroup(columns: readonly StateColumn[]): Group {
  return {
    events: new Float64Array(GROUP_CAPACITY_MIN),
    offsets: new Float64Array(GROUP_CAPACITY_MIN),
    numbers: columns.map((column) => emptyNumbers(column, GROUP_CAPACITY_MIN)),
    sketches: columns.map((column) => (isSketched(column) ? new Map<number, Sketch>() : undefined)),
    codes: [],
    dirty: new Uint8Array(GROUP_CAPACITY_MIN),
    changed: [],
  };
}

function growGroup(group: Group, columns: readonly StateColumn[], code: number): void {
  let capacity = group.events.length;
  while (capacity <= code) capacity *= 2;
  const copy = <T extends Float64Array | Uint8Array>(from: T, to: T): T => {
    to.set(from);
    return to;
  };
  group.events = copy(group.events, new Float64Array(capacity));
  group.offsets = copy(group.offsets, new Float64Array(capacity));
  group.dirty = copy(group.dirty, new Uint8Array(capacity));
  group.numbers = group.numbers.map((numbers, c) => numbers && copy(numbers, emptyNumbers(columns[c]!, capacity)!));
}
