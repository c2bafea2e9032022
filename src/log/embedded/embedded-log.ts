/** The log in one SQLite file: puts reading, writing, syncing and retention of it together. */
import { randomUUID } from 'node:crypto';
import { closeSync as closeFile, openSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../log.ts';
import { createTopics } from './topics.ts';
import { openDatabase, transact } from './database.ts';
import { CHECKPOINT_BYTES, createCheckpoints, NO_CHECKPOINTS } from './checkpoints.ts';
import { createFreshRows } from './fresh-rows.ts';
import { createGroupCommit } from './group-commit.ts';
import { createOldValues, NO_OLD_VALUES } from './old-values.ts';
import { createPacking } from './packing.ts';
import { createReader } from './reader.ts';
import { createRetention } from './retention.ts';
import { explainSqliteError } from './sqlite-error.ts';
import { checkUnit } from '../check-unit.ts';
import { openWalSync, type WalSync } from './wal-sync.ts';
import { createUnitWriter } from './write-units.ts';

export interface EmbeddedLogConfig {
  /** The file, `DIR/log.sqlite`; SQLite keeps `-wal` and `-shm` files beside it. The directory must exist. */
  readonly path: string;
  readonly clock: Clock;
  /** Reads what another process writes, or has written, and changes nothing. `ensureTopic`, `commit` and `applyRetention` then throw. */
  readonly readOnly?: boolean;
  /** A new topic's id; random unless given. */
  readonly newTopicId?: () => string;
  /** A row of the file ends after the record that reaches this, or is an append that had room of its own; default 256 KiB. Reads with `maxBytes` of the same size copy nothing. */
  readonly rowBytes?: number;
  /** The write-ahead log is copied into the file when it holds so many bytes; default 16 MiB. */
  readonly checkpointBytes?: number;
}

export interface EmbeddedLog extends Log {
  /** As `close`, for the end of a process, to which threads and a descriptor of the file are left: writes what waits, then closes. */
  closeSync(): void;
}

/** Of rows that are kept for those who follow: pushes of thousands of records each, up to as many as may wait (100,000 records of 300 bytes). */
const FRESH_BYTES = 32 << 20;
const NOTHING_TO_SYNC: Pick<WalSync, 'sync' | 'syncNow'> = { sync: async () => {}, syncNow: () => {} };

/**
 * The log in one SQLite file. A commit is one transaction and durable when it resolves. One process writes (see `lockDataDir`),
 * others may read. The calling thread does all but compress large appends, wait for the disk, copy the write-ahead log into the file, and read what it writes over.
 * @throws AppError `data_dir_unusable`, `data_format`, `disk_full`; where the directory or file can't be used
 */
export function createEmbeddedLog(config: EmbeddedLogConfig): EmbeddedLog {
  const { clock, readOnly = false, newTopicId = randomUUID, rowBytes = 256 << 10 } = config;
  const path = resolve(config.path);
  const db = openDatabase(path, { readOnly });
  const topics = createTopics(db);
  const fresh = createFreshRows(FRESH_BYTES);
  const reader = createReader(db, fresh);
  const packing = createPacking(rowBytes);
  const disk = readOnly ? undefined : openWalSync(`${path}-wal`);
  const checkpoints = readOnly ? NO_CHECKPOINTS : createCheckpoints(db, path, { bytes: config.checkpointBytes ?? CHECKPOINT_BYTES });
  const fd = readOnly ? undefined : openBeside(db, path);
  const oldValues = fd === undefined ? NO_OLD_VALUES : createOldValues({ path, fd });
  const commits = createGroupCommit(db, createUnitWriter(db, { topics, clock, packing, noted: fresh.note }), {
    disk: disk ?? NOTHING_TO_SYNC,
    checkpoints,
    elapsed: () => clock.elapsed(),
    explain: (error) => explainSqliteError(error, path, 'write'),
    ended: fresh.settle,
  });
  const retention = createRetention(db);
  const partitionRow = db.prepare('SELECT end_offset, stored_bytes FROM partitions WHERE num = ?');
  const firstOffset = db.prepare('SELECT first_offset FROM batches WHERE part = ? ORDER BY first_offset LIMIT 1');
  const firstSince = db.prepare('SELECT first_offset FROM batches WHERE part = ? AND append_time >= ? ORDER BY first_offset LIMIT 1');
  const groupOffset = db.prepare('SELECT next_offset FROM consumers WHERE name = ? AND part = ?');
  const stateFrom = db.prepare('SELECT key, value FROM state WHERE key >= ? ORDER BY key');

  // Async, so that an error is a rejection for every caller, as with a log that lies behind a network.
  async function run<T>(doing: 'read' | 'write', work: () => T): Promise<Awaited<T>> {
    if (!db.isOpen) throw new Error('the log is closed');
    if (doing === 'write' && readOnly) throw new Error('the log is open for reading only');
    try {
      return await work();
    } catch (error) {
      throw explainSqliteError(error, path, doing);
    }
  }

  /** Nothing is done while a transaction is under way: it would be seen, or be taken for a part of it. */
  function alone<T>(doing: 'read' | 'write', work: () => T): Promise<Awaited<T>> {
    const busy = busyFor(doing);
    return busy ? busy.then(() => alone(doing, work)) : run(doing, work);
  }

  /**
   * Resolves when it may be asked again; undefined: now, up to the next await. Never to be awaited within a function of its own: others that
   * wait for the same would begin a transaction before its caller goes on.
   */
  function busyFor(doing: 'read' | 'write'): Promise<void> | undefined {
    return commits.writing() ?? (doing === 'write' ? checkpoints.held() : undefined);
  }

  function endOf(part: number): number {
    return partitionRow.get(part)!['end_offset'] as number;
  }

  function closeSync(): void {
    if (!db.isOpen) return;
    if (!readOnly) commits.flush();
    // Whoever does not wait for it leaves the closing of the log to its connection.
    void checkpoints.close();
    void oldValues.close();
    db.close();
    disk?.close();
  }

  return {
    ensureTopic: (name, settings) =>
      alone('write', async () => {
        const info = transact(db, () => topics.ensure(name, settings, newTopicId));
        await commits.settled();
        return info;
      }),

    topics: () => alone('read', () => topics.all()),

    commit(unit) {
      return run('write', () => {
        checkUnit(unit);
        return commits.commit(unit, bothOf(packing.ahead(unit), oldValues.read(unit)));
      });
    },

    read(topic, partition, offset, limits) {
      return alone('read', async () => {
        const batch = reader.read({ part: topics.part(topic, partition), topic, partition }, offset, limits);
        // What is told to others must not be lost after that.
        if (batch && commits.isUnsettled(topic, partition, batch.firstOffset + batch.count)) await commits.settled();
        return batch;
      });
    },

    left: fresh.left,

    bounds(topic, number) {
      return alone('read', () => {
        const part = topics.part(topic, number);
        // The end is read first: rows that come in between then lie after it, never before the start.
        const { end_offset: end, stored_bytes: storedBytes } = partitionRow.get(part) as { end_offset: number; stored_bytes: number };
        const start = firstOffset.get(part)?.['first_offset'] as number | undefined;
        return { start: Math.min(start ?? end, end), end, storedBytes };
      });
    },

    offsetAt(topic, number, time) {
      return alone('read', () => {
        const part = topics.part(topic, number);
        return (firstSince.get(part, time)?.['first_offset'] as number | undefined) ?? endOf(part);
      });
    },

    committed(group, topic, number) {
      return alone('read', () => groupOffset.get(group, topics.part(topic, number))?.['next_offset'] as number | undefined);
    },

    state(prefix) {
      return alone('read', () => {
        const found: [key: string, value: Uint8Array][] = [];
        for (const { key, value } of stateFrom.iterate(prefix) as Iterable<{ key: string; value: Uint8Array }>) {
          if (!key.startsWith(prefix)) break;
          found.push([key, value]);
          oldValues.note(key, value.length);
        }
        // SQLite orders by code point, which differs from the order by code unit beyond U+D7FF.
        return found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      });
    },

    applyRetention() {
      return alone('write', async () => {
        let records = 0;
        for (const topic of topics.all()) {
          for (let due = retention.due(topic, clock.now()); due.length > 0; due = retention.due(topic, clock.now())) {
            await oldValues.readRows(due);
            for (let busy = busyFor('write'); busy; busy = busyFor('write')) await busy;
            if (!db.isOpen) return records;
            records += retention.retire(topic, clock.now());
            reader.forget();
            checkpoints.written();
            await nextTurn();
            for (let busy = busyFor('write'); busy; busy = busyFor('write')) await busy;
            if (!db.isOpen) return records;
          }
        }
        return records;
      });
    },

    async close() {
      if (!db.isOpen) return;
      if (!readOnly) commits.flush();
      await Promise.all([checkpoints.close(), oldValues.close()]);
      closeSync();
      if (fd !== undefined) closeFile(fd);
    },
    closeSync,
  };
}

/** A descriptor of the file, to be closed after all connections: with any that it closes a process gives up all its locks on the file (POSIX). */
function openBeside(db: DatabaseSync, path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    db.close();
    throw explainSqliteError(error, path, 'open');
  }
}

function bothOf(one: Promise<unknown> | undefined, other: Promise<unknown> | undefined): Promise<unknown> | undefined {
  return one && other ? Promise.all([one, other]) : (one ?? other);
}
