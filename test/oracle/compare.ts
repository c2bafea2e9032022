/** Holds an engine's rows against the oracle's: every difference as a line of text, for a test to show. */
import { labelsKey } from '../../src/core/labels.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import type { MeasureSpec } from '../../src/windows/spec.ts';
import type { OracleRow, Values } from './windows.ts';

export interface CompareOptions {
  /** `last`: the values after all events, with `events`, `corrections`, `final` and `idle`. `first`: the first final row, at-final values. `totals`: the values after all events alone. */
  readonly stage: 'last' | 'first' | 'totals';
  /** Relative tolerance of sums, averages and ratios; 0: bit-equal, -0 being 0. */
  readonly tolerance: number;
  /** Relative errors of the sketches; counts of `distinct` may always be off by one. */
  readonly distinctError: number;
  readonly quantileError: number;
}

/**
 * Rows are matched by window, start, labels and origin; the newest of each must already be chosen. For `first` the oracle's
 * rows that had nothing at their final are left out, and those that are not final.
 */
export function differences(
  got: readonly WindowRow[],
  expected: readonly OracleRow[],
  measures: readonly MeasureSpec[],
  options: CompareOptions,
): string[] {
  const wanted = new Map(
    expected.filter((row) => options.stage !== 'first' || (row.final && row.atFinal)).map((row) => [oracleName(row), row] as const),
  );
  const seen = new Set<string>();
  const found: string[] = [];
  for (const row of got) {
    const name = rowName(row);
    const want = wanted.get(name);
    if (seen.has(name)) found.push(`${name}: twice`);
    else if (!want) found.push(`${name}: not expected, with ${row.events} events`);
    else found.push(...rowDifferences(row, want, measures, options).map((text) => `${name}: ${text}`));
    seen.add(name);
  }
  for (const [name, row] of wanted) if (!seen.has(name)) found.push(`${name}: missing, with ${row.values.events} events`);
  return found;
}

function rowDifferences(row: WindowRow, want: OracleRow, measures: readonly MeasureSpec[], options: CompareOptions): string[] {
  const values = options.stage === 'first' ? (want.atFinal as Values) : want.values;
  const found: string[] = [];
  const hold = (what: string, got: unknown, expected: unknown) => {
    if (JSON.stringify(got) !== JSON.stringify(expected)) found.push(`${what} ${JSON.stringify(got)}, not ${JSON.stringify(expected)}`);
  };
  hold('window_end', row.window_end, new Date(want.end).toISOString());
  hold('events', row.events, values.events);
  if (options.stage === 'totals') {
    // Which row an event stands in, and what a partition's idleness did to it, is left open.
  } else if (want.origin === '') {
    hold('final', row.final, want.final);
    hold('corrections', row.corrections, options.stage === 'last' ? want.corrections : 0);
    hold('idle', [...row.idle].sort(), [...want.idle].sort());
  } else {
    hold('replayed', row.replayed, values.events);
  }
  for (const [key, number] of Object.entries(values.numbers)) {
    if (!close(row.state[key], number, options.tolerance)) found.push(`state ${key} ${row.state[key]}, not ${number}`);
  }
  for (const measure of measures) {
    const [value, wish] = [row.measures[measure.name], values.measures[measure.name]];
    if (!measureHolds(measure, value, values, options)) found.push(`${measure.kind} ${measure.name} ${value}, not ${wish}`);
  }
  return found;
}

function measureHolds(measure: MeasureSpec, got: number | null | undefined, values: Values, options: CompareOptions): boolean {
  const exact = values.measures[measure.name] ?? null;
  if (got === null || got === undefined || exact === null) return got === exact;
  if (measure.kind === 'distinct') return Math.abs(got - exact) <= Math.max(1, options.distinctError * exact);
  if (measure.kind === 'quantile') {
    // Definitions of a quantile's rank differ by less than one: its neighbours will do.
    const samples = values.samples[measure.name] ?? [];
    const rank = Math.floor(measure.q * (samples.length - 1));
    const near = samples.slice(Math.max(0, rank - 1), rank + 2);
    return near.some((sample) => close(got, sample, options.quantileError));
  }
  if (measure.kind === 'heavy_hitters') {
    const events = (values.samples[measure.name] ?? []).reduce((sum, count) => sum + count, 0);
    return got <= exact && got >= exact - events / (measure.keep + 1);
  }
  return close(got, exact, options.tolerance);
}

function close(got: unknown, expected: number, tolerance: number): boolean {
  return typeof got === 'number' && (got === expected || Math.abs(got - expected) <= tolerance * Math.abs(expected));
}

function rowName(row: WindowRow): string {
  return [row.window, row.window_start, labelsKey(row.labels), row.origin].join(' ');
}

function oracleName(row: OracleRow): string {
  return [row.window, new Date(row.start).toISOString(), labelsKey(row.labels), row.origin].join(' ');
}
