/**
 * A hot store without the rows of windows that were computed anew (`--from`, `replay`). A window consists of its newest revision alone, and
 * which that is the rows of other series may tell: a store compares the rows of one series.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Labels } from '../../core/labels.ts';
import type { HotStore } from '../../hot-store/hot-store.ts';
import { revisionOf } from '../../windows/row-version.ts';
import type { WindowRow } from '../../windows/row.ts';

/** Windows whose revision is remembered, of each size: two weeks of minutes, and more than any segment has history. */
const WINDOWS_MAX = 20_000;
/** Series looked up before other requests have their turn. */
const SERIES_AT_ONCE = 500;

interface Revisions {
  /** The newest, by start of the window. */
  readonly starts: Map<string, number>;
  readonly first: number;
  /** No row was of another: nothing was computed anew. */
  isOne: boolean;
}

/**
 * It knows of the rows that are put through it: those of this process, and those of the log with which it fills the store. What is left of a
 * series is its last kept row that counts, or nothing.
 */
export function withCurrentRows<Store extends HotStore>(store: Store): Store {
  const revisions = new Map<string, Revisions>();
  /** Rows of a window come one after the other. */
  let noted: { readonly row: WindowRow; readonly revision: number } | undefined;

  function note(row: WindowRow): void {
    const revision = revisionOf(row.version);
    if (noted?.revision === revision && isOfSameWindow(noted.row, row)) return;
    noted = { row, revision };
    const key = windowKey(row.pipeline, row.window);
    let known = revisions.get(key);
    if (!known) revisions.set(key, (known = { starts: new Map(), first: revision, isOne: true }));
    known.isOne &&= revision === known.first;
    const { starts } = known;
    starts.set(row.window_start, Math.max(starts.get(row.window_start) ?? 0, revision));
    if (starts.size > WINDOWS_MAX) for (const start of [...starts.keys()].sort().slice(0, WINDOWS_MAX / 2)) starts.delete(start);
  }

  /** Tells of the rows of a window size whether they count. */
  function countingIn(pipeline: string, window: string): (row: WindowRow) => boolean {
    const known = revisions.get(windowKey(pipeline, window));
    if (!known || known.isOne) return () => true;
    return ({ window_start, version }) => revisionOf(version) >= (known.starts.get(window_start) ?? 0);
  }

  async function range(pipeline: string, window: string, labels: Labels, from: number, to: number): Promise<WindowRow[]> {
    return (await store.range(pipeline, window, labels, from, to)).filter(countingIn(pipeline, window));
  }

  async function currentOf(row: WindowRow): Promise<WindowRow | undefined> {
    const { pipeline, window, labels } = row;
    if (countingIn(pipeline, window)(row)) return row;
    return (await range(pipeline, window, labels, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).at(-1);
  }

  return {
    ...store,
    put(rows) {
      for (const row of rows) note(row);
      return store.put(rows);
    },
    async latest(pipeline, window, labels) {
      const row = await store.latest(pipeline, window, labels);
      return row && currentOf(row);
    },
    async all(pipeline, window) {
      const rows = await store.all(pipeline, window);
      if (rows.every(countingIn(pipeline, window))) return rows;
      const found: WindowRow[] = [];
      for (let at = 0; at < rows.length; at += SERIES_AT_ONCE) {
        const some = await Promise.all(rows.slice(at, at + SERIES_AT_ONCE).map(currentOf));
        found.push(...some.filter((row) => row !== undefined));
        await nextTurn();
      }
      return found;
    },
    range,
  };
}

function isOfSameWindow(a: WindowRow, b: WindowRow): boolean {
  return a.window_start === b.window_start && a.window === b.window && a.pipeline === b.pipeline;
}

/** A window's name has no space. */
function windowKey(pipeline: string, window: string): string {
  return `${window} ${pipeline}`;
}
