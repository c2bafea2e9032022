/** The thread that copies the write-ahead log into the file, with a connection of its own; started and asked by `checkpoints.ts`. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay } from '../../core/thread-priority.ts';

/** A pass is asked for. */
export interface CheckpointOrder {
  /** Nobody writes until it is answered, by any message. */
  readonly isLast: boolean;
}

export interface CheckpointThread {
  /** Of SQLite's file. */
  readonly path: string;
  /** The write-ahead log is cut to as many when it is begun anew. */
  readonly bytesKept: number;
}

giveWay();
const { path, bytesKept } = workerData as CheckpointThread;
const db = new DatabaseSync(path);
db.exec(`PRAGMA journal_size_limit = ${bytesKept}`);
// Waits for nobody, and nobody waits for it: what others still read from the log is left for a later pass.
const pass = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
const version = db.prepare('PRAGMA user_version');

/** Reads in the log between both passes: so long nobody begins it anew, as who writes would where the first one has copied all of it. */
const reader = new DatabaseSync(path, { readOnly: true });
const read = reader.prepare('SELECT count(*) FROM sqlite_schema');

parentPort?.on('message', ({ isLast }: CheckpointOrder) => {
  try {
    if (reader.isTransaction) reader.exec('COMMIT');
    if (!isLast) {
      reader.exec('BEGIN');
      read.get();
    }
    const { log, checkpointed } = pass.get() as { log: number; checkpointed: number };
    if (isLast && log === checkpointed) beginAnew();
  } catch {
    // A disk that refuses leaves the log as it is: it grows, and who writes is told when that is refused as well.
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(undefined);
});

/**
 * Who writes first after all is in the file begins the log anew, and waits for the disk before the first page. So this thread does, with a page
 * that stays what it is.
 */
function beginAnew(): void {
  db.exec(`PRAGMA user_version = ${Number(version.get()!['user_version'])}`);
}
