/** The thread that reads what is about to be written over, with a connection of its own; started and asked by `old-values.ts`. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay } from '../../core/thread-priority.ts';

giveWay();
const db = new DatabaseSync(workerData as string, { readOnly: true });
// The end of a value lies behind all of its pages, and is little to hand over.
const end = db.prepare('SELECT length(value) AS bytes, substr(value, -1) AS last FROM state WHERE key = ?');

parentPort?.on('message', (keys: readonly string[]) => {
  let read = 0;
  for (const key of keys) {
    try {
      read += Number(end.get(key)?.['bytes'] ?? 0);
    } catch {
      // Who writes meets the same fault, and tells it.
    }
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(read);
});
