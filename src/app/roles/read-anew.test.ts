import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StageRevision } from '../../pipeline/stage-revision.ts';
import { createReadAnew } from './read-anew.ts';

/** Revision `counter`, which read `t/0` again from there on. */
const revision = (counter: number): StageRevision => ({
  windows: { counter, hash: 'w' },
  detect: { counter: 1, hash: 'd' },
  kind: 'from',
  completeFrom: -Infinity,
  offsets: {},
  at: 0,
  readAnew: [{ revision: counter, from: { 't/0': counter } }],
});

/** A ledger that says what it is told to, and counts how often it was read. */
function ledger(says: () => Promise<StageRevision | undefined>) {
  const seen = { reads: 0 };
  const book = createReadAnew({
    readRevision() {
      seen.reads++;
      return says();
    },
  });
  return { seen, book };
}

test('the ledger is read once, however often and by how many at a time it is asked for', async () => {
  for (const found of [undefined, revision(2)]) {
    const { seen, book } = ledger(async () => found);
    await Promise.all(Array.from({ length: 5 }, () => book.of()));
    for (let i = 0; i < 100; i++) assert.deepEqual(await book.of(), found?.readAnew ?? []);
    assert.equal(seen.reads, 1);
  }
});

test('what this process has learned is not read; the newest counts', async () => {
  const { seen, book } = ledger(() => assert.fail('read'));
  for (const counter of [2, 4, 3]) book.learn(revision(counter));
  assert.deepEqual(await book.of(), revision(4).readAnew);
  assert.deepEqual(await book.of(4), revision(4).readAnew);
  assert.equal(seen.reads, 0);
});

test('a newer revision that rows tell of is looked up, once', async () => {
  let newest = 1;
  const { seen, book } = ledger(async () => revision(newest));
  await book.of();
  newest = 3;
  for (let i = 0; i < 10; i++) assert.deepEqual(await book.of(3), revision(3).readAnew);
  assert.equal(seen.reads, 2);
  // A row of a revision that the ledger does not know makes nobody read it again and again.
  for (let i = 0; i < 10; i++) await book.of(9);
  assert.equal(seen.reads, 3);
});

test('a reading that began before the revision does not speak for it, and one that failed is made again', async () => {
  const [early, late] = [Promise.withResolvers<StageRevision>(), Promise.withResolvers<StageRevision>()];
  const answers = [early.promise, late.promise, Promise.resolve(revision(2))];
  const { seen, book } = ledger(() => answers.shift()!);
  const first = book.of(1);
  const second = book.of(2);
  early.resolve(revision(1));
  assert.deepEqual(await first, revision(1).readAnew);
  late.reject(new Error('away'));
  await assert.rejects(second, /away/);
  assert.deepEqual(await book.of(2), revision(2).readAnew);
  assert.equal(seen.reads, 3);
});
