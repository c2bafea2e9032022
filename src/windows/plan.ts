/** The engine's spec, compiled: which columns to accumulate, in which groupings, in panes of which length. */
import { OUTCOMES } from '../core/outcome.ts';
import type { Condition, EngineSpec, MeasureSpec, SourceSpec, WindowSpec } from './spec.ts';

/** How a column's values come together: within a pane, between panes, between partitions. */
export type Accumulate = 'sum' | 'min' | 'max' | 'hll' | 'ddsketch' | 'heavy';

/** One column of state. Its name is the key in a row's `state`. */
export interface StateColumn {
  readonly name: string;
  readonly accumulate: Accumulate;
  /** The source whose records feed it; '' for outcomes of every source. */
  readonly source: string;
  /** Records that do not meet all of these contribute nothing. */
  readonly where: readonly Condition[];
  /** The field it takes the value from; undefined: 1 per record. */
  readonly field?: string;
  /** For the count behind an average: counts records whose `field` is a number instead of taking its value. */
  readonly counts?: true;
  /** Codes of outcomes (core/outcome.ts): it counts records that had one of these, and takes nothing from events. */
  readonly outcomes?: readonly number[];
  /** For heavy hitters: how many keys. */
  readonly keep?: number;
}

export interface Plan {
  readonly spec: EngineSpec;
  readonly windows: readonly WindowSpec[];
  /** Length of a pane, ms: the greatest common divisor of all sizes, slides and offsets. */
  readonly paneMs: number;
  /** Indexes into `spec.dimensions`; the first is the full set, then the roll-ups. */
  readonly groupings: readonly (readonly number[])[];
  readonly columns: readonly StateColumn[];
}

export function compilePlan(spec: EngineSpec): Plan {
  const full = spec.dimensions.map((_, index) => index);
  const rollups = spec.rollups.map((rollup) => rollup.map((dimension) => spec.dimensions.indexOf(dimension)));
  return {
    spec,
    windows: spec.windows,
    paneMs: paneLength(spec.windows),
    groupings: [full, ...rollups.filter((rollup) => rollup.length < full.length)],
    columns: spec.measures.flatMap(columnsOf),
  };
}

function columnsOf(measure: MeasureSpec): StateColumn[] {
  if (measure.kind === 'ratio') return [];
  const { name, source, where } = measure;
  switch (measure.kind) {
    case 'count':
      return [
        {
          name,
          accumulate: 'sum',
          source,
          where,
          ...(measure.outcomes && { outcomes: measure.outcomes.map((one) => OUTCOMES.indexOf(one)) }),
        },
      ];
    case 'average':
      return [
        { name: `${name}.sum`, accumulate: 'sum', source, where, field: measure.field },
        { name: `${name}.count`, accumulate: 'sum', source, where, field: measure.field, counts: true },
      ];
    case 'distinct':
      return [{ name, accumulate: 'hll', source, where, field: measure.field }];
    case 'heavy_hitters':
      return [{ name, accumulate: 'heavy', source, where, field: measure.field, keep: measure.keep }];
    case 'quantile':
      return [{ name, accumulate: 'ddsketch', source, where, field: measure.field }];
    default:
      return [{ name, accumulate: measure.kind, source, where, field: measure.field }];
  }
}

/** The smallest: what comes from no window stands in one of these. The file may name them in any order. */
export function smallestWindow(windows: readonly WindowSpec[]): WindowSpec {
  return windows.reduce((a, b) => (b.sizeMs < a.sizeMs ? b : a));
}

/** Every window begins and ends where a pane does. Ms. */
export function paneLength(windows: readonly WindowSpec[]): number {
  return windows.flatMap(({ sizeMs, slideMs, offsetMs = 0 }) => [sizeMs, slideMs, offsetMs]).reduce(greatestCommonDivisor);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Start of the last window to begin at or before the instant `time`. */
export function lastStart({ slideMs, offsetMs = 0 }: WindowSpec, time: number): number {
  return Math.floor((time - offsetMs) / slideMs) * slideMs + offsetMs;
}

/** Starts of the windows that contain the instant `time`, ascending. */
export function windowStarts(window: WindowSpec, time: number): number[] {
  const starts: number[] = [];
  for (let start = lastStart(window, time); start > time - window.sizeMs; start -= window.slideMs) starts.push(start);
  return starts.reverse();
}

/** Of the first to begin among those that contain it, over all window sizes. */
export function earliestStart(windows: readonly WindowSpec[], time: number): number {
  return Math.min(...windows.map((window) => windowStarts(window, time)[0]!));
}

/** The first instant after `time` at which a window ends: that of the first to end among those that contain it. */
export function nextEnd(window: WindowSpec, time: number): number {
  return lastStart(window, time - window.sizeMs) + window.slideMs + window.sizeMs;
}

/** The same over all window sizes. */
export function earliestEnd(windows: readonly WindowSpec[], time: number): number {
  let earliest = Infinity;
  for (const window of windows) earliest = Math.min(earliest, nextEnd(window, time));
  return earliest;
}

/** End of the last window to end among those that contain `time`. */
export function latestEnd(windows: readonly WindowSpec[], time: number): number {
  let latest = -Infinity;
  for (const window of windows) latest = Math.max(latest, lastStart(window, time) + window.sizeMs);
  return latest;
}

/** `ad-events/0`: an input partition's name in rows, state keys and messages. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/** All input partitions in the order in which values are summed: sources as in the file, partitions by number. */
export function inputPartitions(spec: EngineSpec): { source: SourceSpec; partition: number; name: string }[] {
  return spec.sources.flatMap((source) =>
    Array.from({ length: source.partitions }, (_, partition) => ({ source, partition, name: partitionName(source.topic, partition) })),
  );
}
