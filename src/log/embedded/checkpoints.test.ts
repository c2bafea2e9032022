import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../core/clock.ts';
import { createCheckpoints } from './checkpoints.ts';
import { openDatabase } from './database.ts';
import { createEmbeddedLog } from './embedded-log.ts';
import { temporary } from '../../../test/support/temporary.ts';

const CHECKPOINT_BYTES = 200_000;
const clock = { now: () => 1, elapsed: () => 1 };

function pathIn(t: TestContext): string {
  const dir = temporary(t);
  return join(dir, 'log.sqlite');
}

/** SQLite writes others into the head of the log each time that it begins it anew. */
function saltsOf(path: string): string {
  const salts = Buffer.alloc(8);
  const fd = openSync(`${path}-wal`, 'r');
  readSync(fd, salts, 0, 8, 16);
  closeSync(fd);
  return salts.toString('hex');
}

test('while commits go on without a pause the log is copied beside, and begun anew again and again', async (t) => {
  const path = pathIn(t);
  const log = createEmbeddedLog({ path, clock, checkpointBytes: CHECKPOINT_BYTES });
  let n = 0;
  let last: Promise<unknown> = Promise.resolve();
  for (let anew = 0, salts = saltsOf(path); anew < 3;) {
    // The next is there before the one before is durable.
    const one = log.commit({ state: [[`key ${n++ % 50}`, Buffer.alloc(50_000, n)]] });
    await last;
    last = one;
    if (saltsOf(path) === salts) continue;
    salts = saltsOf(path);
    anew++;
  }
  await log.close();
  assert.ok(!existsSync(`${path}-wal`), 'nobody has it open any more');
  const again = createEmbeddedLog({ path, clock, readOnly: true });
  const values = await again.state('key');
  assert.equal(values.length, Math.min(n, 50));
  for (const [key, value] of values) {
    const newest = n - 1 - ((n - 1 - Number(key.slice(4))) % 50);
    assert.equal(value[0], (newest + 1) % 256, key);
  }
  await again.close();
});

test('a log that grew while somebody read is cut when it is begun anew', async (t) => {
  const path = pathIn(t);
  const log = createEmbeddedLog({ path, clock, checkpointBytes: CHECKPOINT_BYTES });
  t.after(() => log.close());
  let n = 0;
  const commit = (): Promise<unknown> => log.commit({ state: [['key', Buffer.alloc(50_000, n++)]] });
  await commit();
  const reader = new DatabaseSync(path, { readOnly: true });
  reader.exec('BEGIN; SELECT count(*) FROM state');
  while (statSync(`${path}-wal`).size < 5 * CHECKPOINT_BYTES) await commit();
  reader.close();
  for (const salts = saltsOf(path); saltsOf(path) === salts;) await commit();
  // Its head is written first: the next commit waits until it is cut.
  await commit();
  assert.ok(statSync(`${path}-wal`).size < 2 * CHECKPOINT_BYTES);
});

test('who writes between the two passes does not begin the log anew', async (t) => {
  const path = pathIn(t);
  const db = openDatabase(path, { readOnly: false });
  const thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), { workerData: { path, bytesKept: CHECKPOINT_BYTES } });
  t.after(async () => {
    await thread.terminate();
    db.close();
  });
  const pass = async (isLast: boolean): Promise<void> => {
    const answered = once(thread, 'message');
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    thread.postMessage({ isLast });
    await answered;
  };
  const set = db.prepare('INSERT OR REPLACE INTO state VALUES (?, ?)');
  for (let round = 0; round < 3; round++) {
    set.run('key', Buffer.alloc(50_000, round));
    const salts = saltsOf(path);
    await pass(false);
    set.run('other', Buffer.alloc(50_000, round));
    assert.equal(saltsOf(path), salts);
    await pass(true);
    assert.notEqual(saltsOf(path), salts);
  }
});

test('where the thread fails the connection that writes copies the log by itself', async (t) => {
  const path = pathIn(t);
  const db = openDatabase(path, { readOnly: false });
  t.after(() => db.close());
  const start = (): Worker => new Worker('throw new Error("no thread")', { eval: true });
  const checkpoints = createCheckpoints(db, path, { bytes: CHECKPOINT_BYTES, start });
  const insert = db.prepare('INSERT OR REPLACE INTO state VALUES (?, ?)');
  const salts = saltsOf(path);
  while (saltsOf(path) === salts) {
    insert.run('key', Buffer.alloc(50_000));
    checkpoints.written();
    await nextTurn();
  }
  assert.equal(checkpoints.held(), undefined);
  await checkpoints.close();
});

test('what the thread says while it is told to end holds nothing', async (t) => {
  const path = pathIn(t);
  const db = openDatabase(path, { readOnly: false });
  t.after(() => db.close());
  let late: Worker;
  const start = (): Worker => {
    late = new Worker('', { eval: true });
    const { terminate } = late;
    late.terminate = () => {
      late.emit('message', undefined);
      return terminate.call(late);
    };
    return late;
  };
  const checkpoints = createCheckpoints(db, path, { bytes: CHECKPOINT_BYTES, start });
  db.prepare('INSERT INTO state VALUES (?, ?)').run('key', Buffer.alloc(2 * CHECKPOINT_BYTES));
  checkpoints.written();
  assert.ok(late!);
  await checkpoints.close();
  assert.equal(checkpoints.held(), undefined);
});

test('a reader who stays in the log keeps nothing waiting; what it reads is as it was', async (t) => {
  const path = pathIn(t);
  const log = createEmbeddedLog({ path, clock, checkpointBytes: CHECKPOINT_BYTES });
  t.after(() => log.close());
  await log.commit({ state: [['key', Buffer.from('first')]] });
  const reader = new DatabaseSync(path, { readOnly: true });
  t.after(() => reader.close());
  const value = reader.prepare('SELECT value FROM state');
  reader.exec('BEGIN');
  assert.equal(Buffer.from(value.get()!['value'] as Uint8Array).toString(), 'first');
  const before = statSync(path).size;
  for (let i = 0; i < 60; i++) await log.commit({ state: [[`other ${i}`, Buffer.alloc(50_000)]] });
  assert.equal(Buffer.from(value.get()!['value'] as Uint8Array).toString(), 'first');
  reader.exec('COMMIT');
  while (statSync(path).size === before) await log.commit({ state: [['key', Buffer.from('second')]] });
});

test('where no thread can be started what was written stays written, and the connection copies the log by itself', async (t) => {
  const path = pathIn(t);
  const db = openDatabase(path, { readOnly: false });
  t.after(() => db.close());
  const start = (): Worker => {
    throw new Error('EAGAIN');
  };
  const checkpoints = createCheckpoints(db, path, { bytes: CHECKPOINT_BYTES, start });
  const insert = db.prepare('INSERT OR REPLACE INTO state VALUES (?, ?)');
  const salts = saltsOf(path);
  while (saltsOf(path) === salts) {
    insert.run('key', Buffer.alloc(50_000));
    checkpoints.written();
    assert.equal(checkpoints.held(), undefined);
  }
  await checkpoints.close();
});

test('large commits one after the other, while the log is copied beside, are whole', async (t) => {
  const path = pathIn(t);
  const log = createEmbeddedLog({ path, clock: systemClock, checkpointBytes: CHECKPOINT_BYTES });
  t.after(() => log.close());
  const salts = saltsOf(path);
  let rounds = 0;
  for (; rounds < 5 || saltsOf(path) === salts; rounds++) {
    await log.commit({ state: Array.from({ length: 2_000 }, (_, i) => [`key ${i}`, Buffer.alloc(300, rounds)] as const) });
  }
  const values = await log.state('key');
  assert.equal(values.length, 2_000);
  assert.ok(values.every(([, value]) => value[0] === (rounds - 1) % 256));
});
