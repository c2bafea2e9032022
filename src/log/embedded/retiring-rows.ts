/**
 * To delete a row SQLite reads the pages of those beside it, with which it joins what is left, and pages that say which are free. They are old, and where they have
 * left the page cache commits would wait until the disk has given each of them. So a thread of its own reads them beforehand.
 */
import { Worker } from 'node:worker_threads';
import type { RetiringRowsThread } from './retiring-rows-thread.ts';

export interface RetiringRows {
  /** Rows of `batches` that are about to be deleted, by id, in rising order. Resolves to their bytes, once what that takes lies in memory. Never rejects. */
  read(ids: readonly number[]): Promise<number>;
  /** Its connection is closed when this resolves; what is being read resolves at once. */
  close(): Promise<void>;
}

/** Of a file. The thread is started when it is first asked. */
export function createRetiringRows(file: RetiringRowsThread): RetiringRows {
  const asked: ((bytes: number) => void)[] = [];
  let thread: Worker | undefined;
  let isOver = false;

  function fail(): void {
    isOver = true;
    for (const resolve of asked.splice(0)) resolve(0);
  }

  function started(): Worker {
    const made = new Worker(new URL('./retiring-rows-thread.ts', import.meta.url), {
      workerData: file,
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
    });
    made.unref();
    made.on('message', (bytes: number) => asked.shift()?.(bytes));
    made.on('error', fail);
    made.on('exit', fail);
    return made;
  }

  return {
    async read(ids) {
      if (isOver) return 0;
      try {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        (thread ??= started()).postMessage(ids);
      } catch {
        // No thread is to be had: who writes waits for the disk himself.
        fail();
        return 0;
      }
      const { promise, resolve } = Promise.withResolvers<number>();
      asked.push(resolve);
      return promise;
    },
    async close() {
      fail();
      await thread?.terminate();
    },
  };
}
