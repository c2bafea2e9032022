import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporary } from '../../../test/support/temporary.ts';
import { openDatabase } from './database.ts';
import { createRetiringRows } from './retiring-rows.ts';

function open(t: TestContext) {
  const path = join(temporary(t), 'log.sqlite');
  const db = openDatabase(path, { readOnly: false });
  const fd = openSync(path, 'r');
  const retiring = createRetiringRows({ path, fd });
  t.after(async () => {
    await retiring.close();
    db.close();
    closeSync(fd);
  });
  const insert = db.prepare(
    'INSERT INTO batches (id, part, first_offset, end_offset, append_time, stored_bytes, flags, body_bytes, data) VALUES (?, 1, ?, ?, 0, ?, 0, ?, ?)',
  );
  for (let id = 1; id <= 40; id++) insert.run(id, id, id + 1, id * 5_000, id * 5_000, randomBytes(id * 5_000));
  return { db, retiring };
}

test('rows that are about to be deleted are read, and what is not there is nothing', async (t) => {
  const { db, retiring } = open(t);
  assert.equal(await retiring.read([1, 2, 20, 40, 41]), 63 * 5_000);
  assert.equal(await retiring.read([]), 0);
  db.prepare('DELETE FROM batches WHERE id <= 20').run();
  assert.equal(await retiring.read([20, 21]), 21 * 5_000);
});

test('nobody waits for one that has ended', async (t) => {
  const { retiring } = open(t);
  const reading = retiring.read([40]);
  await retiring.close();
  assert.equal(await reading, 0);
  assert.equal(await retiring.read([21]), 0);
});

test('a file that nobody can read keeps nobody waiting', async (t) => {
  const retiring = createRetiringRows({ path: join(temporary(t), 'none', 'log.sqlite'), fd: -1 });
  t.after(() => retiring.close());
  assert.equal(await retiring.read([1]), 0);
});

test('of deleted rows the pages are not walked through: the file knows whose they are', (t) => {
  const { db } = open(t);
  assert.equal(db.prepare('PRAGMA auto_vacuum').get()!['auto_vacuum'], 2);
});
