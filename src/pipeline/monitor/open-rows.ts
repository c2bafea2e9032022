/** First final rows of windows that are not closed yet. They are held as they came, and read when their window closes. */
import { labelsKey, type Labels } from '../../core/labels.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import { createLabelsIndex } from '../../core/labels-index.ts';
import type { OpenRow, StateBook } from './monitor-state.ts';
import { rowReader, storedRow, type HeldRow, type ReadRow } from './row-values.ts';
import type { Watch } from './watch.ts';

export interface OpenRows {
  /** Takes the first row of a series and window in. `isClosed`: that window is over, and what still comes for it says nothing. */
  keep(row: WindowRow, isClosed: (window: string, endMs: number) => boolean): void;
  /** Rows of a window, by `labelsKey`. */
  of(window: string, startMs: number): ReadonlyMap<string, HeldRow>;
  /** Whether a detector wants to know of it. */
  isWatched(row: WindowRow): boolean;
  /** Of rows of one window those that a detector wants to know of, each with its `labelsKey`. */
  named(rows: readonly WindowRow[]): readonly (readonly [key: string, row: WindowRow])[];
  /** Forgets the rows of windows that begin at `startMs` or before. */
  letGo(window: string, startMs: number): void;
  /** False: no detector wants to know of it any more. */
  restore(window: string, startMs: number, key: string, row: OpenRow): boolean;
  /** Notes the rows in the state's book: most come and go within one commit, and are never written. */
  write(): void;
}

type Watching = Pick<Watch, 'covers' | 'measure'>;

/** A series as it was last seen at its place among the rows of a window. */
interface Seen {
  readonly labels: Labels;
  readonly key: string;
  readonly isWatched: boolean;
}

interface OpenWindow {
  readonly rows: Map<string, HeldRow>;
  /** End, epoch ms. */
  readonly endMs: number;
  /** Keys of rows that were handed out as state, and so have to be deleted there. */
  readonly written: Set<string>;
}

export function createOpenRows(
  measures: readonly MeasureSpec[],
  watchesOf: ReadonlyMap<string, readonly Watching[]>,
  book: Pick<StateBook, 'set'>,
): OpenRows {
  /** By window name and start, epoch ms. */
  const open = new Map<string, Map<number, OpenWindow>>();
  const readers = new Map(measures.map((measure): [string, ReadRow] => [measure.name, rowReader(measure, measures)]));
  /** Rows of a window come together and in one order: what was read of the last one's is looked up by its place. */
  let arriving = { text: '', window: '', startMs: 0, endMs: 0 };
  let place = 0;
  const seen: Seen[] = [];
  /** The rows of an open window come again with every look. */
  let looked = { window: '', start: '', series: createLabelsIndex<Seen>() };

  function windowOf(window: string, startMs: number, endMs: number): OpenWindow {
    let starts = open.get(window);
    if (!starts) open.set(window, (starts = new Map()));
    let found = starts.get(startMs);
    if (!found) starts.set(startMs, (found = { rows: new Map(), endMs, written: new Set() }));
    return found;
  }

  function covering({ window, labels }: Pick<WindowRow, 'window' | 'labels'>): Watching[] {
    return (watchesOf.get(window) ?? []).filter(({ covers }) => covers(labels));
  }

  function seriesOf(row: WindowRow): Seen {
    const at = place++;
    const known = seen[at];
    if (known && isAlike(known.labels, row.labels)) return known;
    return (seen[at] = { labels: row.labels, key: labelsKey(row.labels), isWatched: covering(row).length > 0 });
  }

  function lookedAt(row: WindowRow): Seen {
    const known = looked.series.get(row.labels);
    if (known) return known;
    const one = { labels: row.labels, key: labelsKey(row.labels), isWatched: covering(row).length > 0 };
    looked.series.set(row.labels, one);
    return one;
  }

  return {
    keep(row, isClosed) {
      if (!row.final || row.origin !== '') return;
      const { window } = row;
      if (row.window_start !== arriving.text || window !== arriving.window) {
        // Which detectors watch a series depends on the window size.
        if (window !== arriving.window) seen.length = 0;
        place = 0;
        arriving = { text: row.window_start, window, startMs: Date.parse(row.window_start), endMs: Date.parse(row.window_end) };
      }
      if (isClosed(window, arriving.endMs)) return;
      const { key, isWatched } = seriesOf(row);
      if (!isWatched) return;
      const { rows } = windowOf(window, arriving.startMs, arriving.endMs);
      if (!rows.has(key)) rows.set(key, row);
    },
    of: (window, startMs) => open.get(window)?.get(startMs)?.rows ?? NONE,
    isWatched: (row) => covering(row).length > 0,
    named(rows) {
      const [first] = rows;
      if (!first) return [];
      // Forgotten with their window, so that series that died are.
      if (first.window !== looked.window || first.window_start !== looked.start)
        looked = { window: first.window, start: first.window_start, series: createLabelsIndex() };
      const named: (readonly [string, WindowRow])[] = [];
      for (const row of rows) {
        const { key, isWatched } = lookedAt(row);
        if (isWatched) named.push([key, row]);
      }
      return named;
    },
    letGo(window, upTo) {
      const starts = open.get(window);
      for (const [startMs, { written }] of starts ?? []) {
        if (startMs > upTo) continue;
        for (const key of written) book.set({ kind: 'open', window, startMs, labelsKey: key }, undefined);
        starts?.delete(startMs);
      }
    },
    restore(window, startMs, key, row) {
      if (covering({ window, labels: row.labels }).length === 0) return false;
      const { rows, written } = windowOf(window, startMs, row.end);
      rows.set(key, row);
      written.add(key);
      return true;
    },
    write() {
      for (const [window, starts] of open) {
        for (const [startMs, { rows, endMs, written }] of starts) {
          if (written.size === rows.size) continue;
          for (const [key, row] of rows) {
            if (written.has(key)) continue;
            const wanted = covering(row as WindowRow).map(({ measure }) => [measure.name, readers.get(measure.name)!] as const);
            book.set({ kind: 'open', window, startMs, labelsKey: key }, storedRow(row, endMs, wanted));
            written.add(key);
          }
        }
      }
    },
  };
}

const NONE: ReadonlyMap<string, HeldRow> = new Map();

/** The same names with the same values, in the same order. */
function isAlike(one: Labels, other: Labels): boolean {
  if (one === other) return true;
  let count = 0;
  for (const name in one) {
    if (one[name] !== other[name]) return false;
    count++;
  }
  for (const _ in other) count--;
  return count === 0;
}
