/**
 * To free the pages of a value that is written over or deleted, SQLite reads all of them, and where they have left the page cache the thread that
 * writes would wait for the disk. So a thread of its own reads large ones beforehand.
 */
import { Worker } from 'node:worker_threads';
import type { CommitUnit } from '../log.ts';

export interface OldValues {
  /**
   * To be called with each unit, in their order. Resolves to how many bytes were read, once what it writes over lies in memory; undefined: that is
   * little, or nobody has noted it. Never rejects.
   */
  read(unit: CommitUnit): Promise<number> | undefined;
  /** A value of the state that is there already. */
  note(key: string, bytes: number): void;
  /** Its connection is closed when this resolves; what is being read resolves at once. */
  close(): Promise<void>;
}

export const NO_OLD_VALUES: OldValues = { read: () => undefined, note: () => {}, close: async () => {} };

/** Four pages: fewer are not worth the way to a thread and back. */
const LARGE_BYTES = 32 << 10;

/** `path`: of the file. The thread is started when it is first asked. */
export function createOldValues(path: string): OldValues {
  /** Keys of large values, as written or noted last. */
  const large = new Set<string>();
  const asked: ((bytes: number) => void)[] = [];
  let thread: Worker | undefined;
  let isOver = false;

  function note(key: string, bytes: number): void {
    if (bytes >= LARGE_BYTES) large.add(key);
    else large.delete(key);
  }

  function fail(): void {
    isOver = true;
    for (const resolve of asked.splice(0)) resolve(0);
  }

  function started(): Worker {
    const made = new Worker(new URL('./old-values-thread.ts', import.meta.url), {
      workerData: path,
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
    });
    made.unref();
    made.on('message', (bytes: number) => asked.shift()?.(bytes));
    made.on('error', fail);
    made.on('exit', fail);
    return made;
  }

  return {
    read({ state = [] }) {
      const keys: string[] = [];
      for (const [key, value] of state) {
        if (large.has(key)) keys.push(key);
        note(key, value?.length ?? 0);
      }
      if (keys.length === 0 || isOver) return undefined;
      try {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        (thread ??= started()).postMessage(keys);
      } catch {
        // No thread to be had: who writes waits for the disk itself.
        fail();
        return undefined;
      }
      const { promise, resolve } = Promise.withResolvers<number>();
      asked.push(resolve);
      return promise;
    },
    note,
    async close() {
      fail();
      await thread?.terminate();
    },
  };
}
