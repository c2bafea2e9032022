/** What a detector is shown of a row: the measure's value, how much stands behind it, and what it is made of. */
import type { Labels } from '../../core/labels.ts';
import type { Observation, Parts } from '../../detectors/detector.ts';
import { heavyHittersOf } from '../../windows/row-merge.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { OpenRow, RowValues } from './monitor-state.ts';

/** A row as it came, or as the state had it. */
export type HeldRow = WindowRow | OpenRow;

/** Keys of heavy hitters that a detector sees. */
const HEAVY_KEYS_MAX = 20;

/** Of the measure in a row; undefined where the row's state has nothing of it. Made once for a measure: it is asked for every row. */
export type ReadRow = (row: HeldRow, labels: Labels, startMs: number, endMs: number) => Observation | undefined;

export function rowReader(measure: MeasureSpec, measures: readonly MeasureSpec[]): ReadRow {
  const { name, kind } = measure;
  const isMade = hasParts(measures, measure);

  return (row, labels, startMs, endMs) => {
    if (!isAsItCame(row)) {
      const values = row.values[name];
      return values && { startMs, endMs, labels, absent: false, ...ofStored(values) };
    }
    const value = row.measures[name] ?? null;
    if (kind === 'heavy_hitters') {
      const keys = heavyHittersOf(row.state, name, HEAVY_KEYS_MAX);
      return { startMs, endMs, labels, value, volume: row.events, absent: false, ...(keys && { keys }) };
    }
    if (kind !== 'ratio') {
      if (!isMade || value === null) return { startMs, endMs, labels, value, volume: row.events, absent: false };
      return { startMs, endMs, labels, value, volume: row.events, absent: false, parts: { amount: value, exposure: 1 } };
    }
    const exposure = row.measures[measure.denominator] ?? 0;
    if (!isMade) return { startMs, endMs, labels, value, volume: exposure, absent: false };
    const parts = { amount: row.measures[measure.numerator] ?? 0, exposure };
    return { startMs, endMs, labels, value, volume: exposure, absent: false, parts };
  };
}

/** What is written of a row whose window is not closed at a commit: the values of each watched measure. */
export function storedRow(row: HeldRow, endMs: number, readers: readonly (readonly [measure: string, read: ReadRow])[]): OpenRow {
  if (!isAsItCame(row)) return row;
  const values: Record<string, RowValues> = {};
  for (const [name, read] of readers) {
    const { value, volume, parts, keys } = read(row, row.labels, 0, endMs)!;
    const seen = [value, volume, parts?.amount ?? null, parts?.exposure ?? null] as const;
    values[name] = keys ? [...seen, keys] : seen;
  }
  return { labels: row.labels, end: endMs, values };
}

function isAsItCame(row: HeldRow): row is WindowRow {
  return 'measures' in row;
}

function ofStored([value, volume, amount, exposure, keys]: RowValues): Pick<Observation, 'value' | 'volume' | 'parts' | 'keys'> {
  const parts = partsOf(amount, exposure);
  if (keys) return { value, volume, keys };
  return parts ? { value, volume, parts } : { value, volume };
}

export function partsOf(amount: number | null, exposure: number | null): Parts | undefined {
  return amount === null || exposure === null ? undefined : { amount, exposure };
}

/** Counts (of different values too) and sums, and ratios of them. */
export function hasParts(measures: readonly MeasureSpec[], measure: MeasureSpec): boolean {
  if (measure.kind !== 'ratio') return measure.kind === 'count' || measure.kind === 'sum' || measure.kind === 'distinct';
  return [measure.numerator, measure.denominator].every((name) => measures.some((one) => one.name === name && hasParts(measures, one)));
}

/** Of no events there are none: counts and sums are 0, an average or a minimum is not anything. */
export function isZeroOverNothing(measure: MeasureSpec): boolean {
  return measure.kind === 'count' || measure.kind === 'sum' || measure.kind === 'distinct';
}
