/** The SQLite file: its tables, its settings, and whether it is one of ours and of this version. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { AppError } from '../../core/errors.ts';
import { explainSqliteError, sqliteCode } from './sqlite-error.ts';

/** "Tocs": tells the log from databases of other programs. */
const APPLICATION_ID = 0x546f6373;
/** Raised when an older program could not read the file any more. */
const LOG_FORMAT = 1;

const BUSY_TIMEOUT_MS = 5_000;
const PAGE_BYTES = 8_192;
/** The pages that every commit needs stay in memory beside those of its records. */
const CACHE_BYTES = 8 << 20;
const SQLITE_READONLY = 8;
const SQLITE_CANTOPEN = 14;

/**
 * A new file says of each page whose it is (`auto_vacuum`; it is never asked to shrink): so a row is deleted without reading the pages of its data, for which the
 * thread that writes would wait where they have left the page cache.
 *
 * `batches`: one row per batch of records; `data` comes last, so that reading the others does not walk through its pages. `id` is the
 * order of writing. The index has all that is needed to find and to retire rows without touching them.
 * `partitions.end_offset` outlives the rows: offsets are never given twice.
 */
const SCHEMA = `
CREATE TABLE topics (
  num INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, id TEXT NOT NULL, partitions INTEGER NOT NULL,
  retention_ms REAL, retention_bytes REAL
) STRICT;
CREATE TABLE partitions (
  num INTEGER PRIMARY KEY, topic INTEGER NOT NULL, partition INTEGER NOT NULL,
  end_offset INTEGER NOT NULL DEFAULT 0, last_append_time REAL NOT NULL DEFAULT 0, stored_bytes INTEGER NOT NULL DEFAULT 0,
  UNIQUE (topic, partition)
) STRICT;
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, part INTEGER NOT NULL, first_offset INTEGER NOT NULL, end_offset INTEGER NOT NULL,
  append_time REAL NOT NULL, first_line INTEGER, stored_bytes INTEGER NOT NULL,
  flags INTEGER NOT NULL, body_bytes INTEGER NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX batches_by_offset ON batches (part, first_offset, end_offset, append_time, stored_bytes);
CREATE TABLE consumers (
  name TEXT NOT NULL, part INTEGER NOT NULL, next_offset INTEGER NOT NULL, PRIMARY KEY (name, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${LOG_FORMAT};
`;

function pragma(db: DatabaseSync, name: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

/** Runs `work` in one write transaction; whatever goes wrong, nothing of it stays. */
export function transact<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite ends the transaction by itself for some errors, a full disk among them.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** True for a log, false for an empty database; throws for anything else. */
function checkFormat(db: DatabaseSync, file: string): boolean {
  const version = pragma(db, 'user_version');
  const application = pragma(db, 'application_id');
  const empty = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] === 0;
  if (empty && version === 0 && application === 0) return false;
  if (application !== APPLICATION_ID) {
    throw new AppError(
      'data_dir_unusable',
      `${file} is a database of another program, not a log of Tocsin. Choose another data directory.`,
    );
  }
  if (version !== LOG_FORMAT) {
    const advice = 'Use the version of Tocsin that wrote it, or begin with an empty data directory.';
    throw new AppError(
      'data_format',
      `${file} has log format ${String(version)}; this version of Tocsin knows format ${LOG_FORMAT}. ${advice}`,
    );
  }
  return true;
}

function openForWriting(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    // Asked first, so that a database of another program is left as it is.
    const made = checkFormat(db, file);
    if (!made) db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
    const mode = pragma(db, 'journal_mode = WAL');
    if (mode !== 'wal') {
      throw new AppError(
        'data_dir_unusable',
        `${file}: no write-ahead log possible here (${String(mode)}). Put the data directory on a local disk.`,
      );
    }
    db.exec(`PRAGMA cache_size = -${CACHE_BYTES >> 10}`);
    // NORMAL: SQLite syncs where the file's soundness hangs on it. That a commit survives a power cut is seen to beside it (wal-sync.ts).
    db.exec('PRAGMA synchronous = NORMAL');
    // Also where there is nothing to make: SQLite opens a file without write permission as if all were well.
    transact(db, () => {
      if (!checkFormat(db, file)) db.exec(SCHEMA);
    });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function openForReading(file: string): DatabaseSync {
  if (!existsSync(file)) {
    const message = `there is no log at ${file}: nothing has been run on this data directory yet, or the directory is another one.`;
    throw new AppError('data_dir_unusable', message);
  }
  let db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    try {
      pragma(db, 'user_version');
    } catch (error) {
      // A directory that this user cannot write to, and no WAL beside the file: nobody writes, so it may be read without locks.
      const code = sqliteCode(error);
      if ((code !== SQLITE_CANTOPEN && code !== SQLITE_READONLY) || existsSync(`${file}-wal`)) throw error;
      db.close();
      db = new DatabaseSync(new URL(`${pathToFileURL(file).href}?immutable=1`), { readOnly: true });
    }
    if (!checkFormat(db, file)) {
      throw new AppError('data_dir_unusable', `the log at ${file} is empty: it has just been made, or its making was cut off.`, {
        retryable: true,
      });
    }
    return db;
  } catch (error) {
    if (db.isOpen) db.close();
    throw error;
  }
}

/**
 * Opens the log's file, making it when it is to be written and missing.
 * @throws AppError `data_dir_unusable`, `data_format`, `disk_full`
 */
export function openDatabase(path: string, options: { readOnly: boolean }): DatabaseSync {
  const file = resolve(path);
  try {
    if (existsSync(file) && statSync(file).isDirectory()) {
      throw new AppError(
        'data_dir_unusable',
        `${file} is a directory, a file was expected. Choose another data directory, or move it away.`,
      );
    }
    return options.readOnly ? openForReading(file) : openForWriting(file);
  } catch (error) {
    throw explainSqliteError(error, file, 'open');
  }
}
