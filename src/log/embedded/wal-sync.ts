/** Brings what was committed to the disk beside the threads that serve and write: while the disk takes its time, they go on. */
import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import { promisify } from 'node:util';

export interface WalSync {
  /**
   * Resolves when all that was committed before the call is durable. Rejects with the system's error, and so do all calls after: what
   * the disk refused once may be lost, whatever it says later.
   */
  sync(): Promise<void>;
  /** The same at once, for the end of a process. */
  syncNow(): void;
  /** What `syncNow` has synced by then needs no other sync. */
  close(): void;
}

/** `path`: of SQLite's write-ahead log. It is the same file as long as a connection is open, and no locks of SQLite's are on it. */
export function openWalSync(path: string): WalSync {
  const fd = openSync(path, 'r');
  const fdatasyncAside = promisify(fdatasync);
  let running: Promise<void> | undefined;
  /** Begins when the one under way is over, and covers what came meanwhile. */
  let next: Promise<void> | undefined;
  let fault: { readonly error: unknown } | undefined;
  let isClosed = false;

  async function run(): Promise<void> {
    try {
      await fdatasyncAside(fd);
      // Linux tells a descriptor of an error once: `syncNow` may have been told of what this one was to make durable.
      if (fault) throw fault.error;
    } catch (error) {
      fault ??= { error };
      throw error;
    } finally {
      running = undefined;
      if (isClosed && !next) closeSync(fd);
    }
  }

  function start(): Promise<void> {
    next = undefined;
    return (running = run());
  }

  return {
    sync() {
      if (fault) return Promise.reject(fault.error);
      if (isClosed) return Promise.resolve();
      if (!running) return start();
      return (next ??= running.then(start, start));
    },
    syncNow() {
      if (fault) throw fault.error;
      try {
        fdatasyncSync(fd);
      } catch (error) {
        fault = { error };
        throw error;
      }
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      if (!running) closeSync(fd);
    },
  };
}
