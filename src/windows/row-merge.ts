/** The readers' side of `p.windows`: the newest row of each origin, origins added up, and measures computed last. */
import { labelsKey } from '../core/labels.ts';
import { revisionOf } from './row-version.ts';
import type { WindowRow } from './row.ts';
import { ddsketchFromBytes, mergeDdsketches } from './sketches/ddsketch.ts';
import { heavyHittersFromBytes, mergeHeavyHitters, type HeavyHitter } from './sketches/heavy-hitters.ts';
import { hllFromBytes, mergeHlls } from './sketches/hll.ts';
import type { MeasureSpec } from './spec.ts';

type State = WindowRow['state'];
type MutableState = Record<string, number | string>;

/**
 * One row per (pipeline, window, window start, labels), by window start, end, window and labels. Of each origin the row with the
 * highest version counts; to the main row are added the origins that it does not name in its `partitions`. A window that has
 * no main row yet is the sum of its origins. The rows given out have origin '' and name all partitions that are in them.
 * A window that was computed anew (`--from`) consists of the rows of its newest revision alone: with other dimensions the old
 * ones would stand beside them. So all rows of a window must come in one call.
 */
export function mergeRows(rows: readonly WindowRow[], measures: readonly MeasureSpec[]): WindowRow[] {
  const windows = new Map<string, Map<string, WindowRow>>();
  for (const row of ofNewestRevision(rows)) {
    const key = JSON.stringify([row.pipeline, row.window, row.window_start, labelsKey(row.labels)]);
    const origins = windows.get(key) ?? new Map<string, WindowRow>();
    windows.set(key, origins);
    const known = origins.get(row.origin);
    if (!known || BigInt(row.version) >= BigInt(known.version)) origins.set(row.origin, row);
  }
  return [...windows.values()].map((origins) => mergeOrigins(origins, measures)).sort(inOrder);
}

function ofNewestRevision(rows: readonly WindowRow[]): readonly WindowRow[] {
  const windowOf = (row: WindowRow): string => JSON.stringify([row.pipeline, row.window, row.window_start]);
  const newest = new Map<string, number>();
  for (const row of rows) newest.set(windowOf(row), Math.max(newest.get(windowOf(row)) ?? 0, revisionOf(row.version)));
  return rows.filter((row) => revisionOf(row.version) === newest.get(windowOf(row)));
}

function mergeOrigins(origins: ReadonlyMap<string, WindowRow>, measures: readonly MeasureSpec[]): WindowRow {
  const main = origins.get('');
  const added = [...origins.values()]
    .filter(({ origin }) => origin !== '' && !main?.partitions.includes(origin))
    // A fixed order, so that sums of floating-point numbers are the same whatever the order of reading.
    .sort((a, b) => compare(a.origin, b.origin));
  const parts = main ? [main, ...added] : added;
  const first = parts[0] as WindowRow;
  const state = parts.slice(1).reduce<State>((sum, part) => mergeStates(sum, part.state, measures), first.state);
  const total = (field: 'events' | 'replayed' | 'corrections') => parts.reduce((sum, part) => sum + part[field], 0);
  return {
    ...first,
    measures: parts.length === 1 ? first.measures : measuresOf(state, measures),
    state,
    events: total('events'),
    replayed: total('replayed'),
    final: main ? main.final : parts.every(({ final }) => final),
    corrections: total('corrections'),
    version: parts.map(({ version }) => version).reduce((a, b) => (BigInt(b) > BigInt(a) ? b : a)),
    origin: '',
    partitions: [...new Set(parts.flatMap(({ origin, partitions }) => (isPartition(origin) ? [...partitions, origin] : partitions)))],
    idle: [...new Set(parts.flatMap(({ idle }) => idle))],
  };
}

/** Origins are '' (the main row), `replay`, or a partition, whose name has its topic before a slash. */
function isPartition(origin: string): boolean {
  return origin.includes('/');
}

/** What both hold together, of the measures named; neither is changed. */
export function mergeStates(a: State, b: State, measures: readonly MeasureSpec[]): State {
  const merged: MutableState = {};
  const combine = (key: string, both: (x: number | string, y: number | string) => number | string) => {
    const [x, y] = [a[key], b[key]];
    if (x !== undefined || y !== undefined) merged[key] = x === undefined ? (y as number | string) : y === undefined ? x : both(x, y);
  };
  const add = (x: number | string, y: number | string) => Number(x) + Number(y);
  for (const { name, kind } of measures) {
    if (kind === 'count' || kind === 'sum') combine(name, add);
    else if (kind === 'min') combine(name, (x, y) => Math.min(Number(x), Number(y)));
    else if (kind === 'max') combine(name, (x, y) => Math.max(Number(x), Number(y)));
    else if (kind === 'average') for (const part of ['sum', 'count']) combine(`${name}.${part}`, add);
    else if (kind === 'distinct') combine(name, (x, y) => toBase64(mergeHlls(fromBase64(x), fromBase64(y))));
    else if (kind === 'heavy_hitters') combine(name, (x, y) => toBase64(mergeHeavyHitters(fromBase64(x), fromBase64(y))));
    else if (kind === 'quantile') combine(name, (x, y) => toBase64(mergeDdsketches(fromBase64(x), fromBase64(y))));
  }
  return merged;
}

/** Each measure by its name, from mergeable state; null where it is undefined (a ratio over 0, a minimum or a quantile of nothing) or beyond what JSON can say. */
export function measuresOf(state: State, measures: readonly MeasureSpec[]): Record<string, number | null> {
  const values: Record<string, number | null> = {};
  for (const measure of measures) values[measure.name] = finiteOrNull(measureOf(state, measure));
  return values;
}

function measureOf(state: State, measure: MeasureSpec): number | null {
  const numberAt = (key: string) => Number(state[key] ?? 0);
  const held = state[measure.name];
  switch (measure.kind) {
    case 'count':
    case 'sum':
      return numberAt(measure.name);
    case 'min':
    case 'max':
      return held === undefined ? null : Number(held);
    case 'average': {
      const count = numberAt(`${measure.name}.count`);
      return count === 0 ? null : numberAt(`${measure.name}.sum`) / count;
    }
    case 'distinct':
      // The estimate of a count of things is told as a whole number.
      return held === undefined ? 0 : Math.round(hllFromBytes(fromBase64(held)).estimate());
    case 'heavy_hitters':
      return heavyHittersOf(state, measure.name, 1)[0]?.least ?? 0;
    case 'quantile':
      return held === undefined ? null : ddsketchFromBytes(fromBase64(held)).quantile(measure.q);
    case 'ratio': {
      const denominator = numberAt(measure.denominator);
      return denominator === 0 ? null : (measure.scale * numberAt(measure.numerator)) / denominator;
    }
  }
}

/** Of a heavy-hitter measure: its keys, the most frequent first. */
export function heavyHittersOf(state: State, measure: string, limit: number): HeavyHitter[] {
  const held = state[measure];
  return held === undefined ? [] : heavyHittersFromBytes(fromBase64(held)).top(limit);
}

/** Whoever reads the row from the log must see the value that its writer saw: JSON makes null of all others. */
function finiteOrNull(value: number | null): number | null {
  return Number.isFinite(value) ? value : null;
}

function fromBase64(text: number | string): Uint8Array {
  return Buffer.from(String(text), 'base64');
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** A row as the command line shows it: one flat object; a roll-up lacks the dimensions that it sums over. */
export function flatRow(row: WindowRow): Record<string, unknown> {
  const { window_start, window_end, window, labels, measures, final, corrections, version } = row;
  return { window_start, window_end, window, ...labels, ...measures, final, corrections, version };
}

function inOrder(a: WindowRow, b: WindowRow): number {
  return (
    compare(a.window_start, b.window_start) ||
    compare(a.window_end, b.window_end) ||
    compare(a.window, b.window) ||
    compare(JSON.stringify(Object.entries(a.labels)), JSON.stringify(Object.entries(b.labels))) ||
    compare(a.pipeline, b.pipeline)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
