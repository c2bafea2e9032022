/**
 * To free the pages of a value that is written over or deleted, SQLite reads all of them, and to delete it or a row the pages of those beside it as well, with
 * which it joins what is left, and pages that say which are free. Where they have left the page cache the thread that writes would wait for the disk. So a thread of
 * its own reads them beforehand.
 */
import { Worker } from 'node:worker_threads';
import type { CommitUnit } from '../log.ts';
import type { OldValuesThread, ToRead } from './old-values-messages.ts';

export interface OldValues {
  /**
   * To be called with each unit, in their order. Resolves to how many bytes were read, once what it writes over lies in memory; undefined: that is
   * little, or nobody has noted it. Never rejects.
   */
  read(unit: CommitUnit): Promise<number> | undefined;
  /** Rows of `batches` that are about to be deleted, by id, in rising order. Resolves once what that takes lies in memory. Never rejects. */
  readRows(ids: readonly number[]): Promise<number>;
  /** A value of the state that is there already. */
  note(key: string, bytes: number): void;
  /** Its connection is closed when this resolves; what is being read resolves at once. */
  close(): Promise<void>;
}

export const NO_OLD_VALUES: OldValues = { read: () => undefined, readRows: async () => 0, note: () => {}, close: async () => {} };

/** Four pages: fewer are not worth the way to a thread and back. */
const LARGE_BYTES = 32 << 10;

/** Of a file. The thread is started when it is first asked. */
export function createOldValues(file: OldValuesThread): OldValues {
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
      workerData: file,
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
    });
    made.unref();
    made.on('message', (bytes: number) => asked.shift()?.(bytes));
    made.on('error', fail);
    made.on('exit', fail);
    return made;
  }

  /** Undefined: no thread is to be had, and who writes waits for the disk itself. */
  function ask(what: ToRead): Promise<number> | undefined {
    if (isOver) return undefined;
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      (thread ??= started()).postMessage(what);
    } catch {
      fail();
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<number>();
    asked.push(resolve);
    return promise;
  }

  return {
    read({ state = [] }) {
      const keys: string[] = [];
      for (const [key, value] of state) {
        if (large.has(key)) keys.push(key);
        note(key, value?.length ?? 0);
      }
      return keys.length === 0 ? undefined : ask({ keys });
    },
    readRows: async (ids) => (await ask({ rows: ids })) ?? 0,
    note,
    async close() {
      fail();
      await thread?.terminate();
    },
  };
}
