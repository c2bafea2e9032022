/** Many commits in one transaction and one sync. */
import type { DatabaseSync } from 'node:sqlite';
import { atOnce, inSlices, type Sliced } from '../../core/slices.ts';
import type { CommitUnit } from '../log.ts';
import type { Checkpoints } from './checkpoints.ts';
import { transacting } from './database.ts';
import { sqliteCode } from './sqlite-error.ts';
import type { WalSync } from './wal-sync.ts';
import type { WriteUnit } from './write-units.ts';

interface Waiting {
  readonly unit: CommitUnit;
  /** It is still being prepared, and with it all that came later wait. */
  isPreparing: boolean;
  readonly resolve: (firstOffsets: number[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommit {
  /** Whether records of the partition before `end` are written and not durable yet. */
  isUnsettled(topic: string, partition: number, end: number): boolean;
  /** Resolves when all that is written by now is durable. @throws what a commit would */
  settled(): Promise<void>;
  /** `prepared`: settles when writing it takes less time than before. */
  commit(unit: CommitUnit, prepared?: Promise<unknown>): Promise<number[]>;
  /** Resolves when no transaction is under way; undefined: now. Until then the connection is nobody else's. */
  writing(): Promise<void> | undefined;
  /** Writes what waits now, prepared or not. Never throws: each unit's promise says what became of it. */
  flush(): void;
}

export interface GroupCommitDeps {
  readonly disk: Pick<WalSync, 'sync' | 'syncNow'>;
  readonly checkpoints: Pick<Checkpoints, 'written' | 'held'>;
  /** Monotonic, ms. */
  readonly elapsed: () => number;
  readonly explain: (error: unknown) => unknown;
  /** Told of the end of each transaction. */
  readonly ended?: (isWritten: boolean) => void;
}

/**
 * Commits of one turn of the event loop share a transaction; those that come in while it is written form the next one. They are written
 * in the order in which they came, whichever is prepared first, and those that are written while the disk is synced share the next sync.
 * While a checkpoint holds them they wait. A transaction of very many entries is written in slices. `explain` turns errors of SQLite and of the disk into ours.
 */
export function createGroupCommit(
  db: DatabaseSync,
  write: WriteUnit,
  { disk, checkpoints, elapsed, explain, ended = () => {} }: GroupCommitDeps,
): GroupCommit {
  const waiting: Waiting[] = [];
  /** Per partition the first offsets of the transactions that are written and not durable, in order. */
  const unsettled = new Map<string, number[]>();
  let scheduled: NodeJS.Immediate | undefined;
  let open: { readonly work: Sliced<void>; readonly over: Promise<void> } | undefined;

  async function settled(): Promise<void> {
    try {
      await disk.sync();
    } catch (error) {
      throw explain(error);
    }
  }

  /** Notes what was appended, until it is durable. */
  function unsettle(group: readonly Waiting[], results: readonly number[][]): () => void {
    const names = new Set<string>();
    for (const [u, { unit }] of group.entries()) {
      for (const [i, { topic, partition }] of (unit.appends ?? []).entries()) {
        const name = partitionKey(topic, partition);
        if (names.has(name)) continue;
        names.add(name);
        const first = results[u]![i]!;
        const firsts = unsettled.get(name);
        if (firsts) firsts.push(first);
        else unsettled.set(name, [first]);
      }
    }
    return () => {
      for (const name of names) {
        const firsts = unsettled.get(name)!;
        firsts.shift();
        if (firsts.length === 0) unsettled.delete(name);
      }
    };
  }

  async function settle(group: readonly Waiting[], results: readonly number[][]): Promise<void> {
    const forget = unsettle(group, results);
    try {
      await settled();
      forget();
      for (const [i, { resolve }] of group.entries()) resolve(results[i]!);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  function* writeGroup(group: readonly Waiting[]): Sliced<void> {
    let results: number[][];
    try {
      results = yield* transacting(db, function* () {
        const firstOffsets: number[][] = [];
        for (const { unit } of group) firstOffsets.push(yield* write(unit));
        return firstOffsets;
      });
    } catch (error) {
      ended(false);
      // The machine's fault hits all: a later unit may rest on an earlier one. The fault of a unit is its own.
      if (group.length === 1 || isMachineFault(error)) for (const { reject } of group) reject(explain(error));
      else for (const one of group) yield* writeGroup([one]);
      return;
    }
    void settle(group, results);
    ended(true);
    checkpoints.written();
  }

  function* writeFirst(count: number): Sliced<void> {
    if (scheduled) clearImmediate(scheduled);
    scheduled = undefined;
    const group = waiting.splice(0, count);
    if (group.length > 0) yield* writeGroup(group);
  }

  function writePrepared(): void {
    const held = open?.over ?? checkpoints.held();
    if (held) return void held.then(writePrepared);
    const preparing = waiting.findIndex(({ isPreparing }) => isPreparing);
    const work = writeFirst(preparing === -1 ? waiting.length : preparing);
    // Nearly all are over with that.
    if (!work.next().done) goOn(work);
  }

  function goOn(work: Sliced<void>): void {
    async function end(): Promise<void> {
      await inSlices(work, elapsed);
      if (open?.work === work) open = undefined;
    }
    open = { work, over: end() };
  }

  return {
    commit(unit, prepared) {
      return new Promise((resolve, reject) => {
        const one: Waiting = { unit, isPreparing: prepared !== undefined, resolve, reject };
        waiting.push(one);
        const schedule = (): void => {
          one.isPreparing = false;
          scheduled ??= setImmediate(writePrepared);
        };
        if (prepared) prepared.then(schedule, schedule);
        else schedule();
      });
    },
    writing: () => open?.over,
    flush() {
      if (open) atOnce(open.work);
      open = undefined;
      atOnce(writeFirst(waiting.length));
      try {
        // Who waits is told by the sync that is under way; after this one the process may end.
        disk.syncNow();
      } catch {
        // That one fails too.
      }
    },
    isUnsettled(topic, partition, end) {
      const firsts = unsettled.get(partitionKey(topic, partition));
      return firsts !== undefined && firsts[0]! < end;
    },
    settled,
  };
}

function partitionKey(topic: string, partition: number): string {
  return `${partition}/${topic}`;
}

/** SQLITE_TOOBIG, CONSTRAINT, MISMATCH, MISUSE and RANGE come from what a unit wants to write. */
function isMachineFault(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && ![18, 19, 20, 21, 25].includes(code);
}
