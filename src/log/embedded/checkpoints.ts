/**
 * The write-ahead log is copied into the file beside the thread that writes it: commits would wait for the disk otherwise. A first pass copies
 * nearly all of it while commits go on. Then they are held, in memory, until a second one has copied the rest and begun the log anew: only
 * where all is in the file does SQLite do that, and so the log stays small.
 */
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { CheckpointOrder, CheckpointThread } from './checkpoint-thread.ts';

export interface Checkpoints {
  /** To be called after a transaction: begins one where the log has grown enough. Never throws: what was written is written. */
  written(): void;
  /** Resolves when transactions may be written again; undefined: now. */
  held(): Promise<void> | undefined;
  /** Its connection is closed when this resolves. Nothing is held from the call on. */
  close(): Promise<void>;
}

/**
 * The log is copied when it holds so many bytes: what is written again and again is copied once. When it is begun anew its file is cut to as many: what lies
 * beyond is needed seldom and leaves the page cache, and who writes over a part of it would wait until that has been read.
 */
export const CHECKPOINT_BYTES = 16 << 20;
/** Where there is no thread, as it has failed, commits wait for the disk: not for too long at a time. */
const BYTES_WITHOUT_THREAD = 4 << 20;

const startThread = (thread: CheckpointThread): Worker =>
  new Worker(new URL('./checkpoint-thread.ts', import.meta.url), {
    workerData: thread,
    resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
  });

/** `db`: the connection that writes; `path`: of its file. The thread is started with the first checkpoint. */
export function createCheckpoints(
  db: DatabaseSync,
  path: string,
  { bytes, start = startThread }: { readonly bytes: number; readonly start?: (thread: CheckpointThread) => Worker },
): Checkpoints {
  const pageBytes = db.prepare('PRAGMA page_size').get()!['page_size'] as number;
  /** Copies nothing: tells how long the log is, for some microseconds. */
  const length = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  let thread: Worker | undefined;
  let isRunning = false;
  let hasFailed = false;
  /** Frames that were left in the log, as somebody reads there; it is tried again when as much has come again. */
  let left = 0;
  let hold: { readonly over: Promise<void>; readonly release: () => void } | undefined;

  function autocheckpoint(every: number): void {
    db.exec(`PRAGMA wal_autocheckpoint = ${every / pageBytes}`);
  }

  function release(): void {
    isRunning = false;
    hold?.release();
    hold = undefined;
  }

  /** From here on as SQLite does it by itself. */
  function fail(): void {
    if (hasFailed) return;
    hasFailed = true;
    release();
    if (db.isOpen) autocheckpoint(BYTES_WITHOUT_THREAD);
  }

  function orFail(work: () => void): void {
    try {
      work();
    } catch {
      fail();
    }
  }

  function started(): Worker {
    const made = start({ path, bytesKept: bytes });
    made.unref();
    made.on('message', () => {
      // On its way when the thread was told to end: nobody would release what is held now.
      if (hasFailed) return;
      if (hold) return orFail(ended);
      const { promise: over, resolve } = Promise.withResolvers<void>();
      hold = { over, release: resolve };
      ask(made, true);
    });
    made.on('error', fail);
    made.on('exit', fail);
    return made;
  }

  function ask(of: Worker, isLast: boolean): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    of.postMessage({ isLast } satisfies CheckpointOrder);
  }

  function ended(): void {
    const frames = db.isOpen ? frameCount() : 0;
    left = frames * pageBytes < bytes ? 0 : frames;
    release();
  }

  function frameCount(): number {
    return length.get()!['log'] as number;
  }

  function beginWhereDue(): void {
    if (isRunning || hasFailed) return;
    const frames = frameCount();
    // Begun anew since.
    if (frames < left) left = 0;
    if ((frames - left) * pageBytes < bytes) return;
    isRunning = true;
    ask((thread ??= started()), false);
  }

  autocheckpoint(0);
  // Where the thread has failed.
  db.exec(`PRAGMA journal_size_limit = ${bytes}`);
  return {
    written: () => orFail(beginWhereDue),
    held: () => hold?.over,
    async close() {
      hasFailed = true;
      release();
      await thread?.terminate();
    },
  };
}
