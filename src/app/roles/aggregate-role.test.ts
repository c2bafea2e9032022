import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import { runAggregates } from './aggregate-role.ts';
import { createOwnedPartitions, type OpenPartition, type OwnedPartitions, type OwnedStage } from './owned-partitions.ts';

const stage: OwnedStage = {
  name: 't/1',
  isElsewhere: false,
  step: async () => 0,
  hasNews: () => false,
  commit: async () => {},
  status: () => ({ caughtUp: true, deadLetterBytes: 0 }) as ReturnType<OwnedStage['status']>,
  close: async () => {},
};

function ownedBy(open: OpenPartition, clock: Clock = systemClock): OwnedPartitions {
  return createOwnedPartitions(open, { clock, logger: silentLogger });
}

for (const [partition, sessions] of [
  [0, 6],
  [1, 3],
] as const) {
  test(`with --once, who owns only partition ${partition} of two gives up after ${sessions} sessions, so that two do not wait for each other`, async () => {
    let now = 0;
    const join: KafkaConnection['join'] = async (_config, handlers) => {
      await handlers.onAssigned([{ topic: 't', partition }], 1, { holds: async () => true, lost: new AbortController().signal });
      return { ended: new Promise<void>(() => {}), leave: async () => {} };
    };
    const run = runAggregates(
      { group: 'p', topics: ['t'], partitions: 2, sessionTimeoutMs: 100, commitEveryMs: 1e9, once: true },
      {
        connection: { join },
        clock: { ...systemClock, elapsed: () => (now += 10) },
        logger: silentLogger,
        owned: ownedBy(async () => stage),
        isTimeToMove: () => false,
        state: () => [],
        moreToCome: async () => false,
        unread: async () => 1,
      },
      new AbortController().signal,
    );
    await assert.rejects(run, { code: 'log_refused', message: /--once waits until all 2 input partitions are read.*does not get on/ });
    assert.ok(now > sessions * 100 && now < sessions * 100 + 300, `${now} ms`);
  });
}

test('with --once, who owns one partition of two ends well when another has read the other one', async () => {
  let now = 0;
  let left = 50;
  const join: KafkaConnection['join'] = async (_config, handlers) => {
    await handlers.onAssigned([{ topic: 't', partition: 1 }], 1, { holds: async () => true, lost: new AbortController().signal });
    return { ended: new Promise<void>(() => {}), leave: async () => {} };
  };
  const looks: number[] = [];
  const { byOthers } = await runAggregates(
    { group: 'p', topics: ['t'], partitions: 2, sessionTimeoutMs: 2_000, commitEveryMs: 1e9, once: true },
    {
      connection: { join },
      clock: { ...systemClock, elapsed: () => (now += 50) },
      logger: silentLogger,
      owned: ownedBy(async () => stage),
      isTimeToMove: () => false,
      state: () => [],
      moreToCome: async () => false,
      unread: async () => {
        looks.push(now);
        return (left -= 10);
      },
    },
    new AbortController().signal,
  );
  assert.equal(byOthers, true);
  assert.equal(looks.length, 5);
  // Whoever had died would have lost its partition by then; and it waits longer than three sessions, as the other gets on.
  assert.ok(looks[0]! > 2_000 && now > 3 * 2_000, looks.join());
});

/** Owns partition 0 until it is stopped; what is opened, stepped and closed, in order. */
async function owned(step: (life: number) => Promise<number>, isTimeToMove: (life: number) => boolean, until: string): Promise<string[]> {
  const told: string[] = [];
  const stop = new AbortController();
  const tell = (what: string): void => {
    told.push(what);
    if (what === until) stop.abort();
  };
  const join: KafkaConnection['join'] = async (_config, handlers) => {
    await handlers.onAssigned([{ topic: 't', partition: 0 }], 1, { holds: async () => true, lost: new AbortController().signal });
    return { ended: new Promise<void>(() => {}), leave: async () => {} };
  };
  let life = 0;
  let now = 0;
  const clock = { ...systemClock, elapsed: () => (now += 100) };
  await runAggregates(
    { group: 'p', topics: ['t'], partitions: 1, sessionTimeoutMs: 100, commitEveryMs: 1e9, once: false },
    {
      connection: { join },
      clock,
      logger: silentLogger,
      owned: ownedBy(async () => {
        const own = ++life;
        tell(`open ${own}`);
        return {
          ...stage,
          step: () => step(own),
          hasNews: () => true,
          commit: async () => tell(`commit ${own}`),
          close: async () => tell(`close ${own}`),
        };
      }, clock),
      isTimeToMove: () => isTimeToMove(life),
      state: () => [],
      moreToCome: async () => true,
      unread: async () => 1,
    },
    stop.signal,
  );
  return told;
}

test('a partition whose thread has ended is closed without a commit, and opened again', async () => {
  const ended = new AppError('thread_ended', 'gone', { retryable: true });
  const told = await owned(
    async (life) => (life === 1 ? Promise.reject(ended) : 0),
    () => false,
    'open 2',
  );
  assert.deepEqual(told, ['open 1', 'close 1', 'open 2', 'commit 2', 'close 2']);
});

test('one that ends again and again ends the role', async () => {
  const ended = new AppError('thread_ended', 'gone', { retryable: false });
  await assert.rejects(
    owned(
      () => Promise.reject(ended),
      () => false,
      'never',
    ),
    ended,
  );
});

test('when it is time to move, partitions are committed, closed and opened again', async () => {
  const told = await owned(
    async () => 1,
    (life) => life === 1,
    'open 2',
  );
  assert.deepEqual(told, ['open 1', 'commit 1', 'close 1', 'open 2', 'commit 2', 'close 2']);
});
