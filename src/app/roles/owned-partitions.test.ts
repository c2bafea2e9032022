import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import type { Standing } from '../../log/kafka/standing.ts';
import { createOwnedPartitions, type OwnedStage } from './owned-partitions.ts';

const place = { topic: 't', partition: 0 };
const lost = new AbortController().signal;
const taken = (): Promise<never> => Promise.reject(new AppError('log_fenced', 'another has it'));

/** `told`: what is opened and closed, in order; lives are numbered. */
function ownedOf(standing: Standing = { holds: async () => true, lost }) {
  const told: string[] = [];
  const at = { now: 0 };
  let lives = 0;
  const owned = createOwnedPartitions(
    async () => {
      const life = ++lives;
      told.push(`open ${life}`);
      return { close: async () => void told.push(`close ${life}`) } as OwnedStage;
    },
    { clock: { ...systemClock, elapsed: () => at.now }, logger: silentLogger },
  );
  return { owned, told, at, assign: (generation: number) => owned.assign([place], generation, standing) };
}

test('what comes back in the next generation was nobody else’s, and goes on', async () => {
  const { owned, told, assign } = ownedOf();
  await assign(1);
  owned.park();
  assert.equal(owned.has('t/0'), false);
  await assign(2);
  assert.equal(owned.has('t/0'), true);
  assert.deepEqual(told, ['open 1']);
});

test('what comes back after a generation without this member may have been another’s: it is opened anew', async () => {
  const { owned, told, assign } = ownedOf();
  await assign(1);
  owned.park();
  await assign(3);
  assert.deepEqual(told, ['open 1', 'close 1', 'open 2']);
  await owned.drop();
  await assign(4);
  assert.deepEqual(told, ['open 1', 'close 1', 'open 2', 'close 2', 'open 3']);
});

test('what is parked and given to another is closed', async () => {
  const { owned, told, assign } = ownedOf();
  await assign(1);
  owned.park();
  await owned.assign([], 2, { holds: async () => true, lost });
  assert.deepEqual(told, ['open 1', 'close 1']);
});

test('what another has taken over is left for a second, and taken back only where the group says that it is ours', async () => {
  let isOurs = false;
  const { owned, told, at, assign } = ownedOf({ holds: async () => isOurs, lost });
  await assign(1);
  assert.equal(await owned.unlessLeft(place, taken), undefined);
  assert.equal(owned.has('t/0'), false);
  isOurs = true;
  at.now = 999;
  await owned.takeBack();
  isOurs = false;
  at.now = 1_000;
  await owned.takeBack();
  assert.deepEqual(told, ['open 1', 'close 1']);
  isOurs = true;
  await owned.takeBack();
  assert.equal(owned.has('t/0'), true);
  assert.deepEqual(told, ['open 1', 'close 1', 'open 2']);
});

test('a new assignment settles what was left', async () => {
  const { owned, told, at, assign } = ownedOf();
  await assign(1);
  await owned.unlessLeft(place, taken);
  await owned.assign([], 2, { holds: async () => true, lost });
  at.now = 10_000;
  await owned.takeBack();
  assert.deepEqual(told, ['open 1', 'close 1']);
});

test('any other failure is the caller’s', async () => {
  const { owned, assign } = ownedOf();
  await assign(1);
  const failure = new Error('a bug');
  await assert.rejects(
    owned.unlessLeft(place, () => Promise.reject(failure)),
    failure,
  );
  assert.equal(owned.has('t/0'), true);
});

test('how partitions stand is told through a rebalance, while others are opened beside them, and not when they are closed', async () => {
  const opening = Promise.withResolvers<void>();
  const owned = createOwnedPartitions(
    async (_, partition) => {
      if (partition === 1) await opening.promise;
      return { close: async () => {}, status: () => ({ offset: partition }) } as OwnedStage;
    },
    { clock: systemClock, logger: silentLogger },
  );
  const here = (): number[] => owned.statuses().map(({ offset }) => offset);
  const standing = { holds: async () => true, lost };
  await owned.assign([place], 1, standing);
  owned.park();
  assert.deepEqual([here(), owned.all()], [[0], []]);
  const assigned = owned.assign([{ topic: 't', partition: 1 }, place], 2, standing);
  assert.deepEqual(here(), [0]);
  opening.resolve();
  await assigned;
  assert.deepEqual(here(), [0, 1]);
  await owned.drop();
  assert.deepEqual(here(), []);
});

test('what was opened beside one that cannot be is closed with the rest', async () => {
  const told: string[] = [];
  const failure = new Error('no broker');
  const owned = createOwnedPartitions(
    async (_, partition) => {
      if (partition === 1) throw failure;
      // It opens when the other one has failed.
      await setImmediate();
      return { close: async () => void told.push(`close ${partition}`) } as OwnedStage;
    },
    { clock: systemClock, logger: silentLogger },
  );
  await assert.rejects(owned.assign([place, { topic: 't', partition: 1 }], 1, { holds: async () => true, lost }), failure);
  await owned.drop();
  assert.deepEqual(told, ['close 0']);
});
