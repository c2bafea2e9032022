/** A page of window rows: by start, then labels, however many rows one window has. */
import { labelsKey } from '../../core/labels.ts';
import type { WindowCursor } from '../../server/window-cursor.ts';
import type { WindowRow } from '../../windows/row.ts';

export interface HistoryPage {
  readonly rows: readonly WindowRow[];
  /** There are more. */
  readonly truncated: boolean;
}

/** Rows as they were found, by the start of their window, and what makes one window's rows of them, at least one. */
export interface FoundWindows {
  readonly starts: Iterable<string>;
  readonly rowsOf: (start: string) => readonly WindowRow[];
}

/**
 * `newest`: the last ones, else the first ones behind `after`. Only windows that are shown are made and put in order: one has tens of
 * thousands of rows, and other requests wait.
 */
export function pageOf(
  { starts, rowsOf }: FoundWindows,
  { newest, after, limit }: { readonly newest: boolean; readonly after: WindowCursor | undefined; readonly limit: number },
): HistoryPage {
  const inOrder = [...starts].filter((start) => after === undefined || Date.parse(start) >= after.start).sort();
  const shown: (readonly WindowRow[])[] = [];
  let room = limit;
  let truncated = false;
  for (const start of newest ? inOrder.reverse() : inOrder) {
    truncated ||= room === 0;
    if (truncated) break;
    const rows = byLabels(rowsOf(start)).filter((row) => after === undefined || isBehind(row, after));
    const part = newest ? rows.slice(-room) : rows.slice(0, room);
    truncated = part.length < rows.length;
    room -= part.length;
    shown.push(part);
  }
  return { rows: (newest ? shown.reverse() : shown).flat(), truncated };
}

export function byWindow(rows: readonly WindowRow[]): FoundWindows {
  const windows = Map.groupBy(rows, ({ window_start }) => window_start);
  return { starts: [...windows.keys()], rowsOf: (start) => windows.get(start) ?? [] };
}

function isBehind({ window_start, labels }: WindowRow, { start, key }: WindowCursor): boolean {
  const at = Date.parse(window_start);
  return at > start || (at === start && labelsKey(labels) > key);
}

function byLabels(rows: readonly WindowRow[]): WindowRow[] {
  const keyed = rows.map((row) => ({ row, key: labelsKey(row.labels) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ row }) => row);
}
