/** First final rows of windows that are not closed yet: of each, what the detectors will want of it. */
import { labelsKey, type Labels } from '../core/labels.ts';
import { heavyHittersOf } from '../windows/row-merge.ts';
import type { WindowRow } from '../windows/row.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import type { OpenRow, RowValues, StateBook } from './monitor-state.ts';
import { hasParts, type Watch } from './watch.ts';

export interface OpenRows {
  /** Takes the first row of a series and window in. `isClosed`: that window is over, and what still comes for it says nothing. */
  keep(row: WindowRow, isClosed: (window: string, endMs: number) => boolean): void;
  /** Rows of a window, by `labelsKey`. */
  of(window: string, startMs: number): ReadonlyMap<string, OpenRow>;
  /** What detectors want of a row; undefined: nothing. */
  read(row: WindowRow, endMs: number): OpenRow | undefined;
  /** Forgets the rows of windows that begin at `startMs` or before. */
  letGo(window: string, startMs: number): void;
  restore(window: string, startMs: number, key: string, row: OpenRow): void;
  /** Notes the rows in the state's book: most come and go within one commit, and are never written. */
  write(): void;
}

type Book = Pick<StateBook, 'set'>;

export function createOpenRows(
  measures: readonly MeasureSpec[],
  watchesOf: ReadonlyMap<string, readonly Pick<Watch, 'covers' | 'measure'>[]>,
  book: Book,
): OpenRows {
  /** By window name, start (epoch ms) and labelsKey. */
  const open = new Map<string, Map<number, Map<string, OpenRow>>>();
  /** Rows that were handed out as state, and so have to be deleted there. */
  const handedOut = new WeakSet<OpenRow>();
  /** Rows of a window come together, and a history read in columns has one labels object a series: neither is read anew for each row. */
  let arriving = { text: '', window: '', startMs: 0, endMs: 0 };
  let place = 0;
  const keys: { readonly labels: Labels; readonly key: string }[] = [];

  function rowsOf(window: string, startMs: number): Map<string, OpenRow> {
    let starts = open.get(window);
    if (!starts) open.set(window, (starts = new Map()));
    let rows = starts.get(startMs);
    if (!rows) starts.set(startMs, (rows = new Map()));
    return rows;
  }

  function read(row: WindowRow, end: number): OpenRow | undefined {
    const values: Record<string, RowValues> = {};
    const count = Object.keys(row.labels).length;
    let isWatched = false;
    for (const { covers, measure } of watchesOf.get(row.window) ?? []) {
      if (!covers(count)) continue;
      values[measure.name] ??= valuesOf(measure, row, measures);
      isWatched = true;
    }
    return isWatched ? { labels: row.labels, end, values } : undefined;
  }

  return {
    keep(row, isClosed) {
      if (!row.final || row.origin !== '') return;
      if (row.window_start !== arriving.text || row.window !== arriving.window) {
        place = 0;
        arriving = {
          text: row.window_start,
          window: row.window,
          startMs: Date.parse(row.window_start),
          endMs: Date.parse(row.window_end),
        };
      }
      const { startMs, endMs } = arriving;
      if (isClosed(row.window, endMs)) return;
      const rows = rowsOf(row.window, startMs);
      if (keys[place]?.labels !== row.labels) keys[place] = { labels: row.labels, key: labelsKey(row.labels) };
      const { key } = keys[place++]!;
      if (rows.has(key)) return;
      const held = read(row, endMs);
      if (held) rows.set(key, held);
    },
    of: rowsOf,
    read,
    letGo(window, upTo) {
      const starts = open.get(window);
      for (const startMs of starts?.keys() ?? []) {
        if (startMs > upTo) continue;
        for (const [key, row] of starts?.get(startMs) ?? []) {
          if (handedOut.has(row)) book.set({ kind: 'open', window, startMs, labelsKey: key }, undefined);
        }
        starts?.delete(startMs);
      }
    },
    restore(window, startMs, key, row) {
      handedOut.add(row);
      rowsOf(window, startMs).set(key, row);
    },
    write() {
      for (const [window, starts] of open) {
        for (const [startMs, rows] of starts) {
          for (const [key, row] of rows) {
            if (handedOut.has(row)) continue;
            book.set({ kind: 'open', window, startMs, labelsKey: key }, row);
            handedOut.add(row);
          }
        }
      }
    },
  };
}

/** Keys of heavy hitters that a detector sees. */
const HEAVY_KEYS_MAX = 20;

/** Volume, how much stands behind a value, is a ratio's denominator, else the events of the row. */
function valuesOf(measure: MeasureSpec, row: WindowRow, measures: readonly MeasureSpec[]): RowValues {
  const value = row.measures[measure.name] ?? null;
  if (measure.kind === 'heavy_hitters') return [value, row.events, null, null, heavyHittersOf(row.state, measure.name, HEAVY_KEYS_MAX)];
  if (measure.kind !== 'ratio') return [value, row.events, hasParts(measures, measure) ? value : null, 1];
  const exposure = row.measures[measure.denominator] ?? 0;
  return [value, exposure, hasParts(measures, measure) ? (row.measures[measure.numerator] ?? 0) : null, exposure];
}
