/** The thread that reads what is about to be deleted, with a connection of its own; started and asked by `retiring-rows.ts`. */
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay } from '../../core/thread-priority.ts';
import { createFreePages } from './free-pages.ts';

/** What the thread is started with. */
export interface RetiringRowsThread {
  /** Of SQLite's file, and a descriptor of it that stays open. */
  readonly path: string;
  readonly fd: number;
}

/** A page is joined with two others at most, on either side: so many and one more are read, and as many entries of the index as they hold. */
const PAGES_BESIDE = 3;
const ENTRIES_BESIDE = 1_000;
/** A page of the tree above them leads to so many rows. */
const ROWS_AHEAD_LEAST = 512;
const ROWS_AHEAD_MOST = 1 << 17;

giveWay();
const { path, fd } = workerData as RetiringRowsThread;
const db = new DatabaseSync(path, { readOnly: true });
const pageBytes = Number(db.prepare('PRAGMA page_size').get()!['page_size']);
/** Of a row that is too long for a page at least so much lies in its leaf of the tree (SQLite's file format): so rows tell how many pages they take. */
const localBytes = Math.floor(((pageBytes - 12) * 32) / 255) - 23;
const row = db.prepare('SELECT part, first_offset, stored_bytes AS bytes, substr(data, -1) AS last FROM batches WHERE id = ?');
const before = db.prepare('SELECT id, stored_bytes AS bytes FROM batches WHERE id < ? ORDER BY id DESC');
const after = db.prepare('SELECT id, stored_bytes AS bytes FROM batches WHERE id > ? ORDER BY id');
const entries = db.prepare(
  `SELECT count(*) FROM (SELECT 1 FROM batches WHERE part = ? AND first_offset > ? ORDER BY first_offset LIMIT ${ENTRIES_BESIDE})`,
);

const later = db.prepare('SELECT id FROM batches WHERE id >= ? LIMIT 1');
const readFreePages = createFreePages(fd, pageBytes);

/** In rising order. */
function readRows(ids: readonly number[]): number {
  let bytes = 0;
  /** By partition, the newest of them: behind it lies what its entries in the index are joined with. */
  const newest = new Map<SQLOutputValue, SQLOutputValue>();
  let isReached = false;
  for (const [index, id] of ids.entries()) {
    const found = row.get(id);
    bytes += Number(found?.['bytes'] ?? 0);
    if (found) newest.set(found['part']!, found['first_offset']!);
    if (!isReached) walk(before, id);
    isReached = walk(after, id, ids[index + 1]);
  }
  for (const [part, offset] of newest) entries.get(part, offset);
  // The next pages of the tree above those of rows: when one of these has few left, it is joined with the one behind it.
  for (let ahead = ROWS_AHEAD_LEAST; ahead <= ROWS_AHEAD_MOST; ahead *= 2) later.get((ids.at(-1) ?? 0) + ahead);
  return bytes;
}

/** Reads the pages beside a row, or up to another one that is read with those beside it: then true. */
function walk(rows: StatementSync, from: number, until?: number): boolean {
  let local = 0;
  for (const { id, bytes } of rows.iterate(from)) {
    if (id === until) return true;
    local += Math.min(Number(bytes), localBytes);
    if (local >= PAGES_BESIDE * pageBytes) break;
  }
  return false;
}

/** 0: there was a fault. Who writes meets the same, and tells it. */
function orNothing(read: () => number): number {
  try {
    return read();
  } catch {
    return 0;
  }
}

parentPort?.on('message', (ids: readonly number[]) => {
  orNothing(() => readFreePages().length);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(orNothing(() => readRows(ids)));
});
