import type { DatabaseSync } from 'node:sqlite';
import type { CommitUnit } from '../log.ts';
import { transact } from './database.ts';
import { sqliteCode } from './sqlite-error.ts';
import type { WriteUnit } from './write-units.ts';

interface Waiting {
  readonly unit: CommitUnit;
  /** It is still being prepared, and with it all that came later wait. */
  isPreparing: boolean;
  readonly resolve: (firstOffsets: number[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommit {
  /** `prepared`: settles when writing it takes less time than before. */
  commit(unit: CommitUnit, prepared?: Promise<void>): Promise<number[]>;
  /** Writes what waits now, prepared or not. Never throws: each unit's promise says what became of it. */
  flush(): void;
}

/**
 * Commits of one turn of the event loop share a transaction, that is one sync of the disk; those that come in while it is written
 * form the next one. They are written in the order in which they came, whichever is prepared first. `explain` turns SQLite's errors into ours.
 */
export function createGroupCommit(db: DatabaseSync, write: WriteUnit, explain: (error: unknown) => unknown): GroupCommit {
  const waiting: Waiting[] = [];
  let scheduled: NodeJS.Immediate | undefined;

  function writeGroup(group: readonly Waiting[]): void {
    let results: number[][];
    try {
      results = transact(db, () => group.map(({ unit }) => write(unit)));
    } catch (error) {
      // The machine's fault hits all: a later unit may rest on an earlier one. The fault of a unit is its own.
      if (group.length === 1 || isMachineFault(error)) for (const { reject } of group) reject(explain(error));
      else for (const one of group) writeGroup([one]);
      return;
    }
    for (const [i, { resolve }] of group.entries()) resolve(results[i]!);
  }

  function writeFirst(count: number): void {
    if (scheduled) clearImmediate(scheduled);
    scheduled = undefined;
    const group = waiting.splice(0, count);
    if (group.length > 0) writeGroup(group);
  }

  function writePrepared(): void {
    const preparing = waiting.findIndex(({ isPreparing }) => isPreparing);
    writeFirst(preparing === -1 ? waiting.length : preparing);
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
    flush: () => writeFirst(waiting.length),
  };
}

/** SQLITE_TOOBIG, CONSTRAINT, MISMATCH, MISUSE and RANGE come from what a unit wants to write. */
function isMachineFault(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && ![18, 19, 20, 21, 25].includes(code);
}
