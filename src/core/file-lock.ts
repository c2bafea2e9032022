/** One holder at a time for what a file stands for, across processes. */
import { DatabaseSync } from 'node:sqlite';

export interface FileLock {
  release(): void;
}

/** SQLite's result code; the extended ones have more above the first eight bits. */
const SQLITE_BUSY = 5;
/** What is held must stay reachable: a database that is collected as garbage is closed, and the lock with it. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock of `file`, which is made where it is missing: an exclusive transaction on an empty SQLite database, which the operating
 * system lets go of when the process ends, however it ends. Nothing in this process may open the file by other means: closing it would
 * give the lock away (POSIX record locks). Waits up to `timeoutMs` for one who only tried it at the same moment.
 * @returns undefined where another holds it, in this process or another
 * @throws what SQLite says of a file that cannot be opened
 */
export function takeFileLock(file: string, { timeoutMs }: { readonly timeoutMs: number }): FileLock | undefined {
  const database = new DatabaseSync(file, { timeout: timeoutMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY) return undefined;
    throw error;
  }
  held.add(database);
  return {
    release: () => {
      if (held.delete(database)) database.close();
    },
  };
}
