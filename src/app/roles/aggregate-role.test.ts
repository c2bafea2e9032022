import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import { runAggregates, type OwnedStage } from './aggregate-role.ts';

const stage: OwnedStage = {
  name: 't/1',
  isElsewhere: false,
  step: async () => 0,
  hasNews: () => false,
  commit: async () => {},
  status: () => ({ caughtUp: true, deadLetterBytes: 0 }) as ReturnType<OwnedStage['status']>,
  close: async () => {},
};

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
        open: async () => stage,
        state: () => [],
        moreToCome: () => false,
        unread: async () => 1,
      },
      new AbortController().signal,
    );
    await assert.rejects(run, { code: 'log_refused', message: /--once has to read all 2 input partitions/ });
    assert.ok(now > sessions * 100 && now < sessions * 100 + 300, `${now} ms`);
  });
}
