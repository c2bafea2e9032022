import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { CommitUnit } from '../log.ts';
import { createGroupCommit, type GroupCommit, type GroupCommitDeps } from './group-commit.ts';
import { explainSqliteError } from './sqlite-error.ts';

interface Setup {
  readonly commits: GroupCommit;
  /** Keys of the state, by transaction, as they were begun. */
  readonly begun: string[][];
  /** Keys that were made durable, in that order. */
  readonly durable: string[];
  /** Lets the oldest transaction under way end. */
  end(): void;
}

/** What the file would do: a key `throw…` fails its unit with that text, and `fail` all of the transaction. */
function setup({ isHeld = false, ...deps }: Partial<GroupCommitDeps> & { isHeld?: boolean } = {}): Setup {
  const begun: string[][] = [];
  const durable: string[] = [];
  const ends: (() => void)[] = [];
  const keysOf = ({ state = [] }: CommitUnit): string[] => state.map(([key]) => key);
  const commits = createGroupCommit({
    async write(units) {
      begun.push(units.flatMap(keysOf));
      if (isHeld) await new Promise<void>((resolve) => ends.push(resolve));
      if (units.some((unit) => keysOf(unit).includes('fail'))) throw new Error('all of it');
      return units.map((unit) => {
        const keys = keysOf(unit);
        const fault = keys.find((key) => key.startsWith('throw'));
        return fault ? { error: new Error(fault) } : { firstOffsets: [keys.length], durable: () => void durable.push(...keys) };
      });
    },
    finish: () => {},
    disk: { sync: async () => {}, syncNow: () => {} },
    explain: (error) => explainSqliteError(error, '/data/log.sqlite', 'write'),
    ...deps,
  });
  return { commits, begun, durable, end: () => ends.shift()!() };
}

const unit = (...keys: string[]): CommitUnit => ({ state: keys.map((key) => [key, null] as const) });

test('commits of one turn share a transaction', async () => {
  const { commits, begun, durable } = setup();
  const results = await Promise.all(['a', 'b', 'c'].map((key) => commits.commit(unit(key, `${key}2`))));
  assert.deepEqual(results, [[2], [2], [2]]);
  await commits.commit(unit('d'));
  assert.deepEqual(begun, [['a', 'a2', 'b', 'b2', 'c', 'c2'], ['d']]);
  assert.deepEqual(durable, begun.flat());
});

test('those that come while one is written form the next one', async () => {
  const { commits, begun, end } = setup({ isHeld: true });
  const all = [commits.commit(unit('a'))];
  await turn();
  for (const key of ['b', 'c']) {
    all.push(commits.commit(unit(key)));
    await turn();
  }
  assert.deepEqual(begun, [['a']]);
  end();
  await all[0];
  await turn();
  assert.deepEqual(begun, [['a'], ['b', 'c']]);
  end();
  await Promise.all(all);
});

test('a faulty unit is rejected alone', async () => {
  const { commits, durable } = setup();
  const settled = await Promise.allSettled([unit('a'), unit('b', 'throw me'), unit('d')].map((one) => commits.commit(one)));
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.match(String((settled[1] as PromiseRejectedResult).reason), /throw me/);
  assert.deepEqual(durable, ['a', 'd']);
});

test('what could not be written at all is rejected, and the next one goes on', async () => {
  const { commits, durable } = setup();
  const settled = await Promise.allSettled([unit('a'), unit('fail'), unit('b')].map((one) => commits.commit(one)));
  for (const one of settled) assert.match(String((one as PromiseRejectedResult).reason), /all of it/);
  await commits.commit(unit('c'));
  assert.deepEqual(durable, ['c']);
});

test('flush has written what waits, and only once, when it returns, after what is under way', async () => {
  const calls: string[] = [];
  const { commits, begun } = setup({
    finish: () => void calls.push('finish'),
    disk: { sync: async () => {}, syncNow: () => void calls.push('sync') },
  });
  const waiting = [commits.commit(unit('a'))];
  await turn();
  waiting.push(commits.commit(unit('b')), commits.commit(unit('c')));
  commits.flush();
  assert.deepEqual(
    [begun, calls],
    [
      [['a'], ['b', 'c']],
      ['finish', 'sync'],
    ],
  );
  await Promise.all(waiting);
  commits.flush();
  assert.equal(begun.length, 2);
});

test('a commit resolves when the disk has it, the first before the second', async () => {
  const syncs: PromiseWithResolvers<void>[] = [];
  const sync = (): Promise<void> => {
    syncs.push(Promise.withResolvers<void>());
    return syncs.at(-1)!.promise;
  };
  const { commits, begun, durable } = setup({ disk: { sync, syncNow: () => {} } });
  const order: string[] = [];
  const first = commits.commit(unit('a')).then(() => order.push('a'));
  while (syncs.length < 1) await turn();
  const second = commits.commit(unit('b')).then(() => order.push('b'));
  while (syncs.length < 2) await turn();
  assert.deepEqual([begun, order, durable], [[['a'], ['b']], [], []]);
  syncs[0]!.resolve();
  await first;
  assert.deepEqual([order, durable], [['a'], ['a']]);
  syncs[1]!.resolve();
  await second;
  assert.deepEqual(
    [order, durable],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
});

test('what the disk refuses is rejected, in words for people', async () => {
  const refusal = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });
  const { commits, durable } = setup({ disk: { sync: () => Promise.reject(refusal), syncNow: () => assert.fail('refused') } });
  await assert.rejects(commits.commit(unit('a')), { code: 'disk_full', message: /a write failed \(disk full or failing\)/ });
  commits.flush();
  assert.deepEqual(durable, []);
});
