/** The log in one SQLite file: reading of it, and what is asked of those who write. */
import { closeSync as closeFile, openSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Log } from '../log.ts';
import { createBounds, type Retired } from './bounds.ts';
import { openDatabase } from './database.ts';
import { createFreshRows, type FreshRow } from './fresh-rows.ts';
import { createReader } from './reader.ts';
import { explainSqliteError } from './sqlite-error.ts';
import { createTopics, type PartNum } from './topics.ts';
import { createWriting, type Writing, type WritingConfig } from './writing.ts';

export interface EmbeddedLogConfig extends WritingConfig {
  /** The file, `DIR/log.sqlite`; SQLite keeps `-wal` and `-shm` files beside it. The directory must exist. */
  readonly path: string;
  /** Reads what another process writes, or has written, and changes nothing. `ensureTopic`, `commit` and `applyRetention` then throw. */
  readonly readOnly?: boolean;
}

export interface EmbeddedLog extends Log {
  /** As `close`, for the end of a process, to which threads and a descriptor of the file are left: writes what waits, then closes. */
  closeSync(): void;
}

/** Of rows that are kept for those who follow: pushes of thousands of records each, up to as many as may wait (100,000 records of 300 bytes). */
const FRESH_BYTES = 32 << 20;

/**
 * The log in one SQLite file. A commit is one transaction and durable when it resolves. One process writes (see `lockDataDir`),
 * others may read. The calling thread reads, and others do the rest: compress, write, wait for the disk.
 * @throws AppError `data_dir_unusable`, `data_format`, `disk_full`; where the directory or file can't be used
 */
export function createEmbeddedLog(config: EmbeddedLogConfig): EmbeddedLog {
  const { readOnly = false } = config;
  const path = resolve(config.path);
  const db = openDatabase(path, { readOnly });
  const topics = createTopics(db);
  const fresh = createFreshRows(FRESH_BYTES);
  const bounds = createBounds(db, !readOnly);
  const reader = createReader(db, fresh, bounds.endOf);
  /** Of the file, to be closed after all connections: with any that it closes a process gives up all its locks on the file (POSIX). */
  let fd: number | undefined;
  const writing = readOnly ? undefined : openWriting();
  const firstSince = db.prepare('SELECT first_offset FROM batches WHERE part = ? AND append_time >= ? ORDER BY first_offset LIMIT 1');
  const groupOffset = db.prepare('SELECT next_offset FROM consumers WHERE name = ? AND part = ?');
  const stateFrom = db.prepare('SELECT key, value FROM state WHERE key >= ? ORDER BY key');

  // Async, so that an error is a rejection for every caller, as with a log that lies behind a network.
  async function read<T>(work: () => T): Promise<T> {
    if (!db.isOpen) throw new Error('the log is closed');
    try {
      return work();
    } catch (error) {
      throw explainSqliteError(error, path, 'read');
    }
  }

  async function write<T>(work: (by: Writing) => Promise<T>): Promise<T> {
    if (!db.isOpen) throw new Error('the log is closed');
    if (!writing) throw new Error('the log is open for reading only');
    return work(writing);
  }

  function openWriting(): Writing {
    try {
      fd = openSync(path, 'r');
      return createWriting({ path, fd }, config, { topics, durable, retired });
    } catch (error) {
      db.close();
      if (fd !== undefined) closeFile(fd);
      throw explainSqliteError(error, path, 'open');
    }
  }

  function durable(part: PartNum, rows: readonly FreshRow[], bytes: number): void {
    bounds.appended(part, rows.at(-1)!.endOffset, bytes);
    try {
      fresh.written(rows);
    } catch {
      // There is no memory to keep a copy: they are read from the file.
      fresh.forget();
    }
  }

  function retired(rows: readonly Retired[]): void {
    rows.forEach(bounds.retired);
    reader.forget();
  }

  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    await writing?.close();
    if (db.isOpen) db.close();
    if (fd !== undefined) closeFile(fd);
  }

  return {
    ensureTopic: (name, settings) => write((by) => by.ensureTopic(name, settings)),

    topics: () => read(() => topics.all()),

    commit: (unit) => write((by) => by.commit(unit)),

    read: (topic, partition, offset, limits) =>
      read(() => reader.read({ part: topics.part(topic, partition), topic, partition }, offset, limits)),

    left: reader.left,

    bounds: (topic, number) => read(() => bounds.of(topics.part(topic, number))),

    offsetAt(topic, number, time) {
      return read(() => {
        const part = topics.part(topic, number);
        const end = bounds.endOf(part);
        return Math.min((firstSince.get(part, time)?.['first_offset'] as number | undefined) ?? end, end);
      });
    },

    committed(group, topic, number) {
      return read(() => groupOffset.get(group, topics.part(topic, number))?.['next_offset'] as number | undefined);
    },

    state(prefix) {
      return read(() => {
        const found: [key: string, value: Uint8Array][] = [];
        for (const { key, value } of stateFrom.iterate(prefix) as Iterable<{ key: string; value: Uint8Array }>) {
          if (!key.startsWith(prefix)) break;
          found.push([key, value]);
        }
        // SQLite orders by code point, which differs from the order by code unit beyond U+D7FF.
        return found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      });
    },

    applyRetention: () => write((by) => by.applyRetention()),

    close: () => (closing ??= close()),

    closeSync() {
      if (!db.isOpen) return;
      writing?.closeSync();
      db.close();
    },
  };
}
