import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import type { MembershipEvents } from '../../log/kafka/membership.ts';
import { runAggregates, type OwnedStage } from './aggregate-role.ts';

const fence = (): AppError => new AppError('log_fenced', 'Another process has taken raw/0 over.');

/** A stage that has nothing to do. `step`: what it does when it is asked to read. */
function stageOf(step: () => number): OwnedStage {
  const status = { deadLetterBytes: 0, caughtUp: true } as ReturnType<OwnedStage['status']>;
  return {
    name: 'raw/0',
    step: async () => step(),
    hasNews: () => false,
    commit: async () => {},
    status: () => status,
    close: async () => {},
  };
}

test('a partition that another opened late is taken back, as long as the group says that it is ours', async () => {
  const stopping = new AbortController();
  let opened = 0;
  let steps = 0;
  const open = async (): Promise<OwnedStage> => {
    opened += 1;
    // While it is being opened ...
    if (opened === 1) throw fence();
    const isLast = opened > 2;
    return stageOf(() => {
      steps += 1;
      // ... and while it is read.
      if (!isLast) throw fence();
      stopping.abort();
      return 0;
    });
  };
  const join = async (_: unknown, events: MembershipEvents) => {
    await events.onAssigned([{ topic: 'raw', partition: 0 }], 1);
    return { ended: new Promise<never>(() => {}), leave: async () => {} };
  };
  const config = { group: 'p', topics: ['raw'], partitions: 1, sessionTimeoutMs: 1_000, commitEveryMs: 10, once: false };
  const connection = { join } as unknown as Parameters<typeof runAggregates>[1]['connection'];
  await runAggregates(
    config,
    { connection, clock: systemClock, logger: silentLogger, open, state: () => [], moreToCome: () => true },
    stopping.signal,
  );
  assert.deepEqual({ opened, steps }, { opened: 3, steps: 2 });
});
