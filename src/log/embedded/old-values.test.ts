import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporary } from '../../../test/support/temporary.ts';
import { openDatabase } from './database.ts';
import { createEmbeddedLog } from './embedded-log.ts';
import { createOldValues } from './old-values.ts';

const LARGE = 200_000;
const clock = { now: () => 1, elapsed: () => 1 };

function open(t: TestContext) {
  const path = join(temporary(t), 'log.sqlite');
  const db = openDatabase(path, { readOnly: false });
  const fd = openSync(path, 'r');
  const oldValues = createOldValues({ path, fd });
  t.after(async () => {
    await oldValues.close();
    db.close();
    closeSync(fd);
  });
  const set = db.prepare('INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value');
  /** As a commit does it; gives how many bytes were read before. */
  const write = async (key: string, bytes: number): Promise<number | undefined> => {
    const value = randomBytes(bytes);
    const read = await oldValues.read({ state: [[key, value]] });
    set.run(key, value);
    return read;
  };
  return { db, oldValues, write };
}

test('what is written over or deleted is read before, if it is large and was written here', async (t) => {
  const { oldValues, write } = open(t);
  assert.equal(await write('a', LARGE), undefined, 'it is new');
  assert.equal(await write('small', 100), undefined);
  assert.equal(await write('small', 100), undefined);
  assert.equal(await write('a', LARGE + 1), LARGE);
  assert.equal(await write('a', 10), LARGE + 1);
  assert.equal(oldValues.read({ state: [['a', null]] }), undefined, 'little by then');
  await write('b', LARGE);
  await write('c', 2 * LARGE);
  const deletes = [
    ['b', null],
    ['none', null],
    ['c', null],
  ] as const;
  assert.equal(await oldValues.read({ state: deletes }), 3 * LARGE);
  assert.equal(oldValues.read({ appends: [] }), undefined);
});

test('rows that are about to be deleted are read, and what is not there is nothing', async (t) => {
  const { db, oldValues } = open(t);
  const insert = db.prepare(
    'INSERT INTO batches (id, part, first_offset, end_offset, append_time, stored_bytes, flags, body_bytes, data) VALUES (?, 1, ?, ?, 0, ?, 0, ?, ?)',
  );
  for (let id = 1; id <= 40; id++) insert.run(id, id, id + 1, id * 5_000, id * 5_000, randomBytes(id * 5_000));
  assert.equal(await oldValues.readRows([1, 2, 20, 40, 41]), 63 * 5_000);
  assert.equal(await oldValues.readRows([]), 0);
  db.prepare('DELETE FROM batches WHERE id <= 20').run();
  assert.equal(await oldValues.readRows([20, 21]), 21 * 5_000);
  await oldValues.close();
  assert.equal(await oldValues.readRows([21]), 0);
});

test('after a restart that is what the state had when it was read', async (t) => {
  const path = join(temporary(t), 'log.sqlite');
  const before = createEmbeddedLog({ path, clock });
  await before.commit({ state: [['a', randomBytes(LARGE)]] });
  await before.close();
  const { oldValues } = open(t);
  oldValues.note('a', LARGE);
  assert.equal(await oldValues.read({ state: [['a', null]] }), 0, 'another file');
  const fd = openSync(path, 'r');
  const again = createOldValues({ path, fd });
  t.after(async () => {
    await again.close();
    closeSync(fd);
  });
  assert.equal(again.read({ state: [['a', randomBytes(LARGE)]] }), undefined);
  again.note('a', LARGE);
  assert.equal(await again.read({ state: [['a', null]] }), LARGE);
});

test('nobody waits for one that has ended', async (t) => {
  const { oldValues, write } = open(t);
  await write('a', LARGE);
  const reading = oldValues.read({ state: [['a', randomBytes(LARGE)]] });
  await oldValues.close();
  assert.equal(await reading, 0);
  assert.equal(await write('a', LARGE), undefined);
});

test('a file that nobody can read keeps nobody waiting', async (t) => {
  const oldValues = createOldValues({ path: join(temporary(t), 'none', 'log.sqlite'), fd: -1 });
  t.after(() => oldValues.close());
  assert.equal(oldValues.read({ state: [['a', randomBytes(LARGE)]] }), undefined);
  assert.equal(await oldValues.read({ state: [['a', null]] }), 0);
});

test('commits stay in their order, whether what they write over has to be read or not', async (t) => {
  const path = join(temporary(t), 'log.sqlite');
  const log = createEmbeddedLog({ path, clock });
  const last = new Map<string, number>();
  const committing: Promise<unknown>[] = [];
  for (let n = 0; n < 120; n++) {
    const key = `key ${n % 7}`;
    committing.push(log.commit({ state: [[key, Buffer.alloc(n % 3 === 0 ? 50 : LARGE, n)]] }));
    last.set(key, n);
  }
  await Promise.all(committing);
  const values = await log.state('key');
  assert.deepEqual(
    values.map(([key, value]) => [key, value[0]]),
    [...last].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  await log.close();
});

test('of deleted rows the pages are not walked through: the file knows whose they are', (t) => {
  const { db } = open(t);
  assert.equal(db.prepare('PRAGMA auto_vacuum').get()!['auto_vacuum'], 2);
});
