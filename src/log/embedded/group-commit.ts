/** Many commits in one transaction and one sync. */
import type { CommitUnit } from '../log.ts';
import type { WalSync } from './wal-sync.ts';

interface Waiting {
  readonly unit: CommitUnit;
  readonly resolve: (firstOffsets: number[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A unit that is in the file, but not on the disk yet. */
export interface Written {
  readonly firstOffsets: number[];
  /** To be called when it is: others may know of it. */
  durable(): void;
}

export interface GroupCommit {
  /** Resolves when all that is written by now is durable. @throws what a commit would */
  settled(): Promise<void>;
  commit(unit: CommitUnit): Promise<number[]>;
  /** Resolves when all that was committed by now has its outcome. */
  ended(): Promise<void>;
  /** Writes what waits now, for the end of a process. Never throws: each unit's promise says what became of it. */
  flush(): void;
}

export interface GroupCommitDeps {
  /** One transaction, of several units, each with its own outcome. Begins before it returns. */
  readonly write: (units: readonly CommitUnit[]) => Promise<readonly (Written | { readonly error: unknown })[]>;
  /** Holds the thread until what is being written is. */
  readonly finish: () => void;
  readonly disk: Pick<WalSync, 'sync' | 'syncNow'>;
  /** Turns errors of the disk into ours. */
  readonly explain: (error: unknown) => unknown;
}

/**
 * Commits of one turn of the event loop share a transaction; those that come in while it is written form the next one. They are written
 * in the order in which they came, and those that are written while the disk is synced share the next sync.
 */
export function createGroupCommit({ write, finish, disk, explain }: GroupCommitDeps): GroupCommit {
  const waiting: Waiting[] = [];
  /** Those whose outcome is not told yet. */
  const pending = new Set<Promise<unknown>>();
  let scheduled: NodeJS.Immediate | undefined;
  let isWriting = false;

  async function settled(): Promise<void> {
    try {
      await disk.sync();
    } catch (error) {
      throw explain(error);
    }
  }

  async function settle(group: readonly (Waiting & { readonly written: Written })[]): Promise<void> {
    try {
      await settled();
      for (const { resolve, written } of group) {
        written.durable();
        resolve(written.firstOffsets);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  async function writeGroup(group: readonly Waiting[]): Promise<void> {
    isWriting = true;
    try {
      const outcomes = await write(group.map(({ unit }) => unit));
      const good: (Waiting & { readonly written: Written })[] = [];
      for (const [i, written] of outcomes.entries()) {
        if ('error' in written) group[i]!.reject(written.error);
        else good.push({ ...group[i]!, written });
      }
      if (good.length > 0) void settle(good);
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      isWriting = false;
      schedule();
    }
  }

  function schedule(): void {
    if (waiting.length > 0) scheduled ??= setImmediate(writeWaiting);
  }

  function writeWaiting(): void {
    scheduled = undefined;
    if (!isWriting && waiting.length > 0) void writeGroup(waiting.splice(0));
  }

  return {
    commit(unit) {
      const { promise, resolve, reject } = Promise.withResolvers<number[]>();
      waiting.push({ unit, resolve, reject });
      schedule();
      const forget = (): void => void pending.delete(promise);
      pending.add(promise);
      promise.then(forget, forget);
      return promise;
    },
    async ended() {
      await Promise.allSettled(pending);
    },
    flush() {
      if (waiting.length > 0) void writeGroup(waiting.splice(0));
      finish();
      try {
        // Who waits is told by the sync that is under way; after this one the process may end.
        disk.syncNow();
      } catch {
        // That one fails too.
      }
    },
    settled,
  };
}
