/** The thread that copies the write-ahead log into the file, with a connection of its own; started and asked by `checkpoints.ts`. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay } from '../../core/thread-priority.ts';

/** What a pass has done: whether all that was written by its end is in the file. */
export interface CheckpointPass {
  readonly isComplete: boolean;
}

giveWay();
const db = new DatabaseSync(workerData as string);
// Waits for nobody, and nobody waits for it: what others still read from the log is left for the next pass.
const pass = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');

parentPort?.on('message', () => {
  const { log, checkpointed } = copied();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage({ isComplete: log === checkpointed } satisfies CheckpointPass);
});

/** Frames. A disk that refuses leaves the log as it is: it grows, and the thread that writes is told when that is refused as well. */
function copied(): { readonly log: number; readonly checkpointed: number } {
  try {
    return pass.get() as { log: number; checkpointed: number };
  } catch {
    return { log: 1, checkpointed: 0 };
  }
}
