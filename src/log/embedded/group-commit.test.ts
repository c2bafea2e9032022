import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import type { Sliced } from '../../core/slices.ts';
import type { CommitUnit } from '../log.ts';
import { NO_CHECKPOINTS, type Checkpoints } from './checkpoints.ts';
import { createGroupCommit } from './group-commit.ts';
import type { GroupCommit } from './group-commit.ts';
import { explainSqliteError } from './sqlite-error.ts';
import type { WalSync } from './wal-sync.ts';

interface Setup {
  readonly commits: GroupCommit;
  /** Transactions that were committed. */
  transactions(): number;
  keys(): unknown[];
}

/** A table that takes each state key once; a key `throw…` throws that text, and `fail` an error of the disk. */
function setup(
  t: TestContext,
  disk: Pick<WalSync, 'sync' | 'syncNow'> = { sync: async () => {}, syncNow: () => {} },
  checkpoints: Pick<Checkpoints, 'written' | 'held'> = NO_CHECKPOINTS,
): Setup {
  const db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE state (key TEXT PRIMARY KEY) STRICT');
  const spy = t.mock.method(db, 'exec');
  const insert = db.prepare('INSERT INTO state VALUES (?)');
  function* write(unit: CommitUnit): Sliced<number[]> {
    for (const [key] of unit.state ?? []) {
      insert.run(key);
      if (key.startsWith('slow')) yield;
      if (key.startsWith('throw')) throw new Error(key);
      if (key === 'fail') throw Object.assign(new Error('disk I/O error'), { errcode: 778 });
    }
    return [unit.state?.length ?? 0];
  }
  return {
    commits: createGroupCommit(db, write, {
      disk,
      checkpoints,
      elapsed: () => 0,
      explain: (error) => explainSqliteError(error, '/data/log.sqlite', 'write'),
    }),
    transactions: () => spy.mock.calls.filter((call) => call.arguments[0] === 'COMMIT').length,
    keys: () =>
      db
        .prepare('SELECT key FROM state ORDER BY key')
        .all()
        .map((row) => row['key']),
  };
}

const unit = (...keys: string[]): CommitUnit => ({ state: keys.map((key) => [key, null] as const) });

test('commits of one turn share a transaction', async (t) => {
  const { commits, transactions, keys } = setup(t);
  const results = await Promise.all(['a', 'b', 'c'].map((key) => commits.commit(unit(key, `${key}2`))));
  assert.deepEqual(results, [[2], [2], [2]]);
  assert.equal(transactions(), 1);
  await commits.commit(unit('d'));
  assert.equal(transactions(), 2);
  assert.deepEqual(keys(), ['a', 'a2', 'b', 'b2', 'c', 'c2', 'd']);
});

test('a faulty unit is rejected alone, whether it throws or breaks a constraint', async (t) => {
  const { commits, keys } = setup(t);
  const settled = await Promise.allSettled([unit('a'), unit('b', 'throw me'), unit('c', 'a'), unit('d')].map((one) => commits.commit(one)));
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
  );
  assert.match(String((settled[1] as PromiseRejectedResult).reason), /throw me/);
  assert.deepEqual(keys(), ['a', 'd']);
});

test('a fault of the disk rejects all that share the transaction, and the next one goes on', async (t) => {
  const { commits, keys } = setup(t);
  const settled = await Promise.allSettled([unit('a'), unit('fail'), unit('b')].map((one) => commits.commit(one)));
  for (const one of settled) assert.equal((one as PromiseRejectedResult).reason.code, 'disk_full');
  await commits.commit(unit('c'));
  assert.deepEqual(keys(), ['c']);
});

test('flush writes what waits at once, and only once', async (t) => {
  const { commits, transactions, keys } = setup(t);
  const waiting = commits.commit(unit('a'));
  commits.flush();
  assert.deepEqual(keys(), ['a']);
  await waiting;
  commits.flush();
  assert.equal(transactions(), 1);
});

test('what is still being prepared holds up what came later, and nothing that came before', async (t) => {
  const { commits, transactions, keys } = setup(t);
  const prepared = Promise.withResolvers<void>();
  const order: string[] = [];
  const told = (key: string, ready?: Promise<void>): Promise<void> => commits.commit(unit(key), ready).then(() => void order.push(key));
  const all = [told('a'), told('b', prepared.promise), told('c')];
  await all[0];
  assert.deepEqual(keys(), ['a']);
  prepared.resolve();
  await Promise.all(all);
  assert.deepEqual(order, ['a', 'b', 'c']);
  assert.equal(transactions(), 2);
});

test('what could not be prepared is written all the same, and a flush does not wait', async (t) => {
  const { commits, keys } = setup(t);
  await commits.commit(unit('a'), Promise.reject(new Error('no')));
  const late = Promise.withResolvers<void>();
  const waiting = commits.commit(unit('b'), late.promise);
  commits.flush();
  assert.deepEqual(keys(), ['a', 'b']);
  await waiting;
  late.resolve();
  await commits.commit(unit('c'));
  assert.deepEqual(keys(), ['a', 'b', 'c']);
});

test('a commit resolves when the disk has it, the first before the second', async (t) => {
  const syncs: PromiseWithResolvers<void>[] = [];
  const sync = (): Promise<void> => {
    syncs.push(Promise.withResolvers<void>());
    return syncs.at(-1)!.promise;
  };
  const { commits, keys } = setup(t, { sync, syncNow: () => {} });
  const order: string[] = [];
  const append: CommitUnit = { appends: [{ topic: 'a', partition: 0, bytes: Buffer.from('x'), ends: Uint32Array.of(1) }] };
  const first = commits.commit({ ...append, ...unit('a') }).then(() => order.push('a'));
  while (syncs.length < 1) await turn();
  const second = commits.commit({ ...append, ...unit('b') }).then(() => order.push('b'));
  while (syncs.length < 2) await turn();
  assert.deepEqual([keys(), order], [['a', 'b'], []]);
  // The unit's first offset is the number of its state changes here: 1.
  const unsettled = (): boolean[] => [commits.isUnsettled('a', 0, 1), commits.isUnsettled('a', 0, 2), commits.isUnsettled('b', 0, 2)];
  assert.deepEqual(unsettled(), [false, true, false]);
  syncs[0]!.resolve();
  await first;
  assert.deepEqual([order, unsettled()], [['a'], [false, true, false]]);
  syncs[1]!.resolve();
  await second;
  assert.deepEqual(
    [order, unsettled()],
    [
      ['a', 'b'],
      [false, false, false],
    ],
  );
});

test('what the disk refuses is rejected, in words for people', async (t) => {
  const refusal = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });
  const { commits } = setup(t, { sync: () => Promise.reject(refusal), syncNow: () => assert.fail('refused') });
  await assert.rejects(commits.commit(unit('a')), { code: 'disk_full', message: /a write failed \(disk full or failing\)/ });
  commits.flush();
});

test('commits that a checkpoint holds are written together when it is over, or at the end of the process', async (t) => {
  const { promise: over, resolve: release } = Promise.withResolvers<void>();
  let held: Promise<void> | undefined = over;
  const { commits, transactions, keys } = setup(t, undefined, { written: () => {}, held: () => held });
  const both = Promise.all([commits.commit(unit('a')), commits.commit(unit('b'))]);
  await turn();
  await turn();
  assert.deepEqual(keys(), []);
  held = undefined;
  release();
  await both;
  assert.equal(transactions(), 1);
  held = new Promise(() => {});
  const last = commits.commit(unit('c'));
  await turn();
  commits.flush();
  await last;
  assert.deepEqual(keys(), ['a', 'b', 'c']);
});

test('a transaction of many entries leaves others their turns, and is whole: what comes meanwhile is written after it, in order', async (t) => {
  const { commits, transactions, keys } = setup(t);
  const slow = commits.commit(unit(...Array.from({ length: 5 }, (_, i) => `slow${i}`)));
  assert.equal(commits.writing(), undefined);
  await turn();
  const writing = commits.writing();
  assert.ok(writing, 'it is under way');
  assert.equal(transactions(), 0);
  const [early, late] = [commits.commit(unit('a')), commits.commit(unit('b'))];
  await writing;
  assert.equal(transactions(), 1);
  assert.deepEqual(keys(), ['slow0', 'slow1', 'slow2', 'slow3', 'slow4']);
  assert.deepEqual(await Promise.all([slow, early, late]), [[5], [1], [1]]);
  assert.equal(transactions(), 2);
  assert.equal(commits.writing(), undefined);
});

test('one that is under way when all has to be written is brought to its end first', async (t) => {
  const { commits, transactions, keys } = setup(t);
  const slow = commits.commit(unit('slow0', 'slow1', 'slow2'));
  await turn();
  const after = commits.commit(unit('a'));
  commits.flush();
  assert.deepEqual([transactions(), commits.writing()], [2, undefined]);
  assert.deepEqual(keys(), ['a', 'slow0', 'slow1', 'slow2']);
  assert.deepEqual(await Promise.all([slow, after]), [[3], [1]]);
});

test('one that fails in the middle leaves nothing, and those who wait for their turn get it', async (t) => {
  const { commits, keys } = setup(t);
  const slow = commits.commit(unit('slow0', 'slow1', 'throw it'));
  await turn();
  const after = commits.commit(unit('a'));
  await commits.writing();
  await assert.rejects(slow, /throw it/);
  await after;
  assert.deepEqual(keys(), ['a']);
});
