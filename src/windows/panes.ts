/** Panes of one partition: for each stretch of event time and each grouping, columns of accumulators indexed by series code. */
import type { Cell, CellList, StateValue } from './cells.ts';
import type { Columns, Contribution, Selection } from './decode/columns.ts';
import type { Plan, StateColumn } from './plan.ts';
import type { SeriesTable } from './series.ts';
import { createDdsketch, ddsketchFromBytes, type Ddsketch } from './sketches/ddsketch.ts';
import { createHeavyHitters, heavyHittersFromBytes, type HeavyHitters } from './sketches/heavy-hitters.ts';
import { createHll, hllFromBytes, type Hll } from './sketches/hll.ts';

export interface PaneStore {
  /**
   * Adds accepted events of a batch to their panes, in their order. `codes`: the series of each, by its place in the selection, a column per grouping.
   * `firstOffset`: of the batch's first record.
   */
  add(columns: Pick<Columns, 'times' | 'contributions'>, events: Selection, codes: readonly Int32Array[], firstOffset: number): void;
  /** Adds 1 to a column of one series, for a record that is no accepted event. */
  count(time: number, grouping: number, code: number, column: number, offset: number): void;
  /** Starts of the panes there are, ascending. */
  starts(): number[];
  /** Series of a grouping in a pane. */
  cells(start: number, grouping: number): Cell[];
  /** What changed since the last call: absolute values, panes ascending. */
  takeChanged(): PanePartial[];
  drop(start: number): void;
  /** Of this many codes of a grouping: 1 where a pane has the series. */
  readonly held: (grouping: number, codes: number) => Uint8Array;
  /** Puts a cell of an earlier life back. */
  restore(start: number, grouping: number, cell: Cell): void;
}

/** Absolute values of the series of one pane that changed. */
export interface PanePartial {
  readonly start: number;
  /** Per grouping; empty where none changed. */
  readonly cells: readonly CellList[];
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

/** Events [from, to) of a selection, which are of one pane. */
interface Run {
  readonly records: Int32Array;
  readonly from: number;
  readonly to: number;
}

/** With the series of each in one grouping. */
interface GroupRun extends Run {
  readonly codes: Int32Array;
}

export function createPaneStore(plan: Plan, series: SeriesTable): PaneStore {
  const panes = new Map<number, Group[]>();
  /** Their starts, ascending: asked for whenever a window ends, and new ones come last nearly always. */
  const ascending: number[] = [];
  const isSum = plan.columns.map((column) => column.accumulate === 'sum');

  function groupsAt(start: number): Group[] {
    let groups = panes.get(start);
    if (!groups) {
      groups = plan.groupings.map(() => createGroup(plan.columns));
      panes.set(start, groups);
      let at = ascending.length;
      while (at > 0 && ascending[at - 1]! > start) at--;
      ascending.splice(at, 0, start);
    }
    return groups;
  }

  /** Adds the events [from, to) of the selection, which are of one pane. */
  function addRun(
    groups: readonly Group[],
    contributions: readonly Contribution[],
    { records, from, to }: Run,
    codes: readonly Int32Array[],
    firstOffset: number,
  ): void {
    for (let g = 0; g < groups.length; g++) {
      const group = groups[g]!;
      const known = series.labels[g]!.length;
      if (known > group.events.length) growGroup(group, plan.columns, known - 1);
      const run = { records, codes: codes[g]!, from, to };
      touchAll(group, run, firstOffset);
      for (const contribution of contributions) {
        if (isSum[contribution.column]) sumUp(group.numbers[contribution.column]!, contribution.values, run);
        else accumulateAll(plan.columns[contribution.column]!, group, contribution, run);
      }
    }
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
    add({ times, contributions }, { records, size }, codes, firstOffset) {
      for (let from = 0; from < size;) {
        const start = Math.floor(times[records[from]!]! / plan.paneMs) * plan.paneMs;
        const to = endOfRun(times, records, from, size, start, start + plan.paneMs);
        addRun(groupsAt(start), contributions, { records, from, to }, codes, firstOffset);
        from = to;
      }
    },
    count(time, grouping, code, column, offset) {
      const group = groupsAt(Math.floor(time / plan.paneMs) * plan.paneMs)[grouping]!;
      if (code >= group.events.length) growGroup(group, plan.columns, code);
      touch(group, code, offset + 1);
      group.numbers[column]![code]! += 1;
    },
    starts: () => ascending.slice(),
    cells(start, grouping) {
      const group = panes.get(start)?.[grouping];
      return group ? group.codes.map((code) => cellOf(group, grouping, code)) : [];
    },
    takeChanged() {
      const partials: PanePartial[] = [];
      for (const start of ascending) {
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
      if (panes.delete(start)) ascending.splice(ascending.indexOf(start), 1);
    },
    held(grouping, codes) {
      const held = new Uint8Array(codes);
      for (const groups of panes.values()) for (const code of groups[grouping]!.codes) held[code] = 1;
      return held;
    },
    restore(start, grouping, cell) {
      const group = groupsAt(start)[grouping]!;
      const code = series.intern(grouping, cell.labels);
      if (code >= group.events.length) growGroup(group, plan.columns, code);
      touch(group, code, cell.offsets);
      group.events[code] = cell.events;
      plan.columns.forEach((column, c) => {
        const value = cell.values[c];
        if (typeof value === 'number') group.numbers[c]![code] = value;
        else if (value) group.sketches[c]!.set(code, sketchFromBytes(column, value));
      });
    },
  };
}

/** Behind the event, from `from` on, whose pane is still [start, end). */
function endOfRun(times: Float64Array, records: Int32Array, from: number, size: number, start: number, end: number): number {
  let to = from + 1;
  while (to < size && times[records[to]!]! >= start && times[records[to]!]! < end) to++;
  return to;
}

function touchAll(group: Group, { records, codes, from, to }: GroupRun, firstOffset: number): void {
  const { events } = group;
  for (let k = from; k < to; k++) {
    const code = codes[k]!;
    touch(group, code, firstOffset + records[k]! + 1);
    events[code]! += 1;
  }
}

/** Notes that the series has changed, by the record before `offset`. There is room for it. */
function touch(group: Group, code: number, offset: number): void {
  const { dirty, offsets } = group;
  if (dirty[code] === 0) {
    dirty[code] = 1;
    group.changed.push(code);
  }
  if (offsets[code] === 0) group.codes.push(code);
  offsets[code] = offset;
}

function sumUp(sums: Float64Array, values: Float64Array, { records, codes, from, to }: GroupRun): void {
  for (let k = from; k < to; k++) {
    const value = values[records[k]!]!;
    if (value === value) sums[codes[k]!]! += value;
  }
}

function accumulateAll(column: StateColumn, group: Group, contribution: Contribution, run: GroupRun): void {
  const numbers = group.numbers[contribution.column];
  if (numbers) keepExtremes(numbers, contribution.values, run, column.accumulate === 'min');
  else addToSketches(column, group.sketches[contribution.column]!, contribution, run);
}

function keepExtremes(numbers: Float64Array, values: Float64Array, { records, codes, from, to }: GroupRun, isMin: boolean): void {
  for (let k = from; k < to; k++) {
    const value = values[records[k]!]!;
    if (value !== value) continue;
    const before = numbers[codes[k]!]!;
    if (before !== before || (isMin ? value < before : value > before)) numbers[codes[k]!] = value;
  }
}

function addToSketches(
  column: StateColumn,
  sketches: Map<number, Sketch>,
  contribution: Contribution,
  { records, codes, from, to }: GroupRun,
): void {
  for (let k = from; k < to; k++) {
    const i = records[k]!;
    const value = contribution.values[i]!;
    if (value === value) addToSketch(column, sketches, contribution, codes[k]!, i, value);
  }
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
