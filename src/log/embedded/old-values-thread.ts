/** The thread that reads what is about to be written over or deleted, with a connection of its own; started and asked by `old-values.ts`. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay } from '../../core/thread-priority.ts';
import type { Asked } from './old-values.ts';

/** Of each row no more than this may lie in its leaf of the tree, as its first part, so that many pages hold all that is joined. */
const LOCAL_BYTES = 1_000;
const PAGES_BESIDE = 3;
const ENTRIES_BESIDE = 1_000;

giveWay();
const db = new DatabaseSync(workerData as string, { readOnly: true });
const pageBytes = Number(db.prepare('PRAGMA page_size').get()!['page_size']);
// The end of a value lies behind all of its pages, and is little to hand over.
const value = db.prepare('SELECT length(value) AS bytes, substr(value, -1) AS last FROM state WHERE key = ?');
const row = db.prepare('SELECT part, first_offset, stored_bytes AS bytes, substr(data, -1) AS last FROM batches WHERE id = ?');
const beside = ['id < ? ORDER BY id DESC', 'id > ? ORDER BY id'].map((where) =>
  db.prepare(`SELECT stored_bytes AS bytes FROM batches WHERE ${where}`),
);
const behind = db.prepare(
  `SELECT count(*) FROM (SELECT 1 FROM batches WHERE part = ? AND first_offset > ? ORDER BY first_offset LIMIT ${ENTRIES_BESIDE})`,
);

function readValue(key: string): number {
  return Number(value.get(key)?.['bytes'] ?? 0);
}

function readRow(id: number): number {
  const found = row.get(id);
  if (!found) return 0;
  behind.get(found['part']!, found['first_offset']!);
  for (const rows of beside) {
    let local = 0;
    for (const { bytes } of rows.iterate(id)) {
      local += Math.min(Number(bytes), LOCAL_BYTES);
      if (local >= PAGES_BESIDE * pageBytes) break;
    }
  }
  return Number(found['bytes']);
}

/** Who writes meets the same fault, and tells it. */
function bytesOf<What>(all: readonly What[], read: (one: What) => number): number {
  return all.reduce((sum, one) => {
    try {
      return sum + read(one);
    } catch {
      return sum;
    }
  }, 0);
}

parentPort?.on('message', (asked: Asked) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage('keys' in asked ? bytesOf(asked.keys, readValue) : bytesOf(asked.rows, readRow));
});
