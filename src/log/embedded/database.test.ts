import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { packRecords } from '../batch.ts';
import { createEmbeddedLog } from './embedded-log.ts';
import type { EmbeddedLog } from './embedded-log.ts';

const clock = { now: () => 1_000, elapsed: () => 0 };
const ALL = { maxBytes: 1 << 20 };

function tempFile(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-log-'));
  t.after(() => {
    chmodSync(dir, 0o700);
    rmSync(dir, { recursive: true });
  });
  return join(dir, 'log.sqlite');
}

function open(path: string, readOnly = false): EmbeddedLog {
  return createEmbeddedLog({ path, clock, readOnly });
}

async function write(log: EmbeddedLog, ...values: string[]): Promise<void> {
  await log.ensureTopic('t', { partitions: 1 });
  await log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(values) }] });
}

async function count(log: EmbeddedLog): Promise<number> {
  return (await log.read('t', 0, 0, ALL))?.count ?? 0;
}

test('a directory in place of the file, and a directory that is not there', (t) => {
  const path = tempFile(t);
  mkdirSync(path);
  for (const readOnly of [true, false]) assert.throws(() => open(path, readOnly), { code: 'data_dir_unusable', message: /is a directory/ });
  assert.throws(() => open(join(path, 'none', 'log.sqlite')), {
    code: 'data_dir_unusable',
    message: /Check that the data directory exists/,
  });
});

test('a file that is no database is refused and left as it is', (t) => {
  const path = tempFile(t);
  const content = Buffer.from('not a database at all, but long enough to be taken for one\n'.repeat(50));
  writeFileSync(path, content);
  for (const readOnly of [true, false])
    assert.throws(() => open(path, readOnly), { code: 'data_dir_unusable', message: /not a SQLite database/ });
  assert.deepEqual(readFileSync(path), content);
});

test('a database of another program is refused and left as it is', (t) => {
  const path = tempFile(t);
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE mine (x)');
  db.close();
  const content = readFileSync(path);
  for (const readOnly of [true, false])
    assert.throws(() => open(path, readOnly), { code: 'data_dir_unusable', message: /another program/ });
  assert.deepEqual(readFileSync(path), content);
});

test('a log of another format is refused', (t) => {
  const path = tempFile(t);
  open(path).closeSync();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 2');
  db.close();
  for (const readOnly of [true, false]) {
    assert.throws(() => open(path, readOnly), { code: 'data_format', message: /has log format 2; this version of Tocsin knows format 1/ });
  }
});

test('a file without write permission is refused for writing and can be read', async (t) => {
  const path = tempFile(t);
  const log = open(path);
  await write(log, 'a');
  await log.close();
  chmodSync(path, 0o444);
  chmodSync(join(path, '..'), 0o555);
  const root = process.getuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    assert.throws(() => open(path), { code: 'data_dir_unusable', message: /permission/ });
    // Nobody may write beside it, so there is no place for locks either.
    const reader = open(path, true);
    assert.equal(await count(reader), 1);
    await reader.close();
  } finally {
    if (root) process.seteuid?.(0);
  }
});

test('a making that was cut off is made up for', async (t) => {
  const path = tempFile(t);
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = WAL');
  db.close();
  assert.throws(() => open(path, true), { code: 'data_dir_unusable', message: /is empty/, retryable: true });
  const log = open(path);
  await write(log, 'a');
  await log.close();
});

test('a reader of a missing log says so and makes nothing', (t) => {
  const path = tempFile(t);
  assert.throws(() => open(path, true), { code: 'data_dir_unusable', message: /there is no log at .*nothing has been run/ });
  assert.throws(() => readFileSync(path), { code: 'ENOENT' });
});

test('a reader sees what a living writer commits, new topics too', async (t) => {
  const path = tempFile(t);
  const writer = open(path);
  const reader = open(path, true);
  assert.deepEqual(await reader.topics(), []);
  await assert.rejects(reader.bounds('t', 0), { code: 'topic_unknown', message: /the log has no topics yet/ });
  await write(writer, 'a', 'b');
  assert.equal(await count(reader), 2);
  await write(writer, 'c');
  assert.equal(await count(reader), 3);
  await writer.commit({ state: [['s', Buffer.from('x')]], offsets: [{ group: 'g', topic: 't', partition: 0, offset: 3 }] });
  assert.equal((await reader.state('s')).length, 1);
  assert.equal(await reader.committed('g', 't', 0), 3);
  await writer.close();
  assert.equal(await count(reader), 3);
  await reader.close();
});

test('a reader holds nothing up: the whole WAL can be written back between its calls', async (t) => {
  const path = tempFile(t);
  const writer = open(path);
  const reader = open(path, true);
  await write(writer, 'a', 'b');
  await writer.commit({
    state: [
      ['a', Buffer.from('1')],
      ['b', Buffer.from('2')],
    ],
  });
  await count(reader);
  await reader.state('a');
  await reader.bounds('t', 0);
  await reader.topics();
  const db = new DatabaseSync(path);
  assert.equal(db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'], 0);
  db.close();
  await reader.close();
  await writer.close();
});

test('a reader changes nothing', async (t) => {
  const path = tempFile(t);
  const writer = open(path);
  await write(writer, 'a');
  await writer.close();
  const content = readFileSync(path);
  const reader = open(path, true);
  const readOnly = /open for reading only/;
  await assert.rejects(reader.commit({ state: [['s', Buffer.from('x')]] }), readOnly);
  await assert.rejects(reader.ensureTopic('u', { partitions: 1 }), readOnly);
  await assert.rejects(reader.applyRetention(), readOnly);
  assert.equal(await count(reader), 1);
  await reader.close();
  assert.deepEqual(readFileSync(path), content);
});

test('closing writes what waits, and nothing can be done after it', async (t) => {
  const path = tempFile(t);
  const log = open(path);
  await log.ensureTopic('t', { partitions: 1 });
  const waiting = log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(['a']) }] });
  log.closeSync();
  log.closeSync();
  assert.deepEqual(await waiting, [0]);
  await assert.rejects(log.commit({}), /the log is closed/);
  await assert.rejects(log.read('t', 0, 0, ALL), /the log is closed/);
  const again = open(path, true);
  assert.equal(await count(again), 1);
  await again.close();
});

test('a damaged row is reported, not handed out', async (t) => {
  const path = tempFile(t);
  const log = open(path);
  await write(log, 'a'.repeat(100), 'b');
  await log.close();
  for (const damage of ["data = x'ff'", 'data = zeroblob(length(data)), flags = 1', 'body_bytes = body_bytes + 1', 'end_offset = 40']) {
    const db = new DatabaseSync(path);
    db.exec(`BEGIN; UPDATE batches SET ${damage}; UPDATE partitions SET end_offset = (SELECT end_offset FROM batches)`);
    db.exec('COMMIT');
    db.close();
    const damaged = open(path, true);
    await assert.rejects(damaged.read('t', 0, 0, ALL), damage);
    await damaged.close();
    rmSync(path);
    const fresh = open(path);
    await write(fresh, 'a'.repeat(100), 'b');
    await fresh.close();
  }
});
