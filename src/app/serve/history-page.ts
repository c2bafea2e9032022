/** A page of window rows: by start, then labels, however many rows one window has. */
import { labelsKey } from '../../core/labels.ts';
import type { WindowCursor } from '../../server/window-cursor.ts';
import type { WindowRow } from '../../windows/row.ts';

export interface HistoryPage {
  readonly rows: readonly WindowRow[];
  /** There are more. */
  readonly truncated: boolean;
}

/**
 * `newest`: the last ones, else the first ones behind `after`. Only windows that are shown are put in order: one has tens of thousands of
 * rows, and other requests wait.
 */
export function pageOf(
  rows: readonly WindowRow[],
  { newest, after, limit }: { readonly newest: boolean; readonly after: WindowCursor | undefined; readonly limit: number },
): HistoryPage {
  const left = after ? rows.filter((row) => isBehind(row, after)) : rows;
  const windows = [...Map.groupBy(left, ({ window_start }) => window_start)].sort(([a], [b]) => (a < b ? -1 : 1));
  const shown: (readonly WindowRow[])[] = [];
  let room = limit;
  for (const [, ofWindow] of newest ? windows.toReversed() : windows) {
    if (room === 0) break;
    const inOrder = byLabels(ofWindow);
    const part = newest ? inOrder.slice(-room) : inOrder.slice(0, room);
    room -= part.length;
    shown.push(part);
  }
  const found = (newest ? shown.toReversed() : shown).flat();
  return { rows: found, truncated: found.length < left.length };
}

function isBehind({ window_start, labels }: WindowRow, { start, key }: WindowCursor): boolean {
  const at = Date.parse(window_start);
  return at > start || (at === start && labelsKey(labels) > key);
}

function byLabels(rows: readonly WindowRow[]): WindowRow[] {
  const keyed = rows.map((row) => ({ row, key: labelsKey(row.labels) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ row }) => row);
}
