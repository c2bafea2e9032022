/** Taking over a partition, and what is left of it where that fails. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporary } from '../../../test/support/temporary.ts';
import { definePipeline } from '../../config/load-pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { Log } from '../../log/log.ts';
import type { OpenAggregate } from '../../pipeline/aggregate/aggregate.ts';
import { openAggregate } from '../../pipeline/aggregate/local-aggregate.ts';
import { partialsTopic } from '../../pipeline/stage-topics.ts';
import { compilePlan } from '../../windows/plan.ts';
import { createPartitionOpener } from './partition-opener.ts';

type Arguments = Parameters<typeof createPartitionOpener>;

test('a partition that cannot be opened to the end leaves nothing open: neither its aggregation nor its log', async (t) => {
  const config = definePipeline({
    pipeline: 'shop',
    source: { topic: 'orders' },
    event: { time: 'at' },
    measures: { orders: { count: 'events' } },
    windows: ['1m'],
  });
  const ledger = createEmbeddedLog({ path: join(temporary(t), 'log.sqlite'), clock: systemClock });
  t.after(() => ledger.close());
  for (const topic of ['orders', partialsTopic('shop'), ...Object.values(config.topics)])
    await ledger.ensureTopic(topic, { partitions: 1 });
  const closed: string[] = [];
  let isFenced = true;
  const log: Log = {
    ...ledger,
    async state(prefix) {
      if (isFenced && prefix.startsWith('lookup/')) throw new AppError('log_fenced', 'another has taken it over');
      return ledger.state(prefix);
    },
    close: async () => void closed.push('log'),
  };
  const open: OpenAggregate = async (...of) => {
    const opened = await openAggregate(...of);
    const close = async (): Promise<void> => {
      await opened.aggregate.close();
      closed.push('aggregate');
    };
    return { ...opened, aggregate: { ...opened.aggregate, close } };
  };
  const [source] = config.engine.sources;
  const take = createPartitionOpener(
    { config, plan: compilePlan(config.engine), mode: 'append', once: false, batchRecords: undefined },
    {
      ground: {
        inputs: [{ source: source!, topic: 'orders', partition: 0, name: 'orders/0', replayTopic: config.topics.replay }],
        partitionLog: async () => log,
      },
      clock: systemClock,
      logger: silentLogger,
      ends: new Map(),
      outcomes: undefined,
      placement: { open },
      monitorLag: async () => 0,
      revision: async () => ({
        windows: { counter: 1, hash: 'w' },
        detect: { counter: 1, hash: 'd' },
        kind: 'same',
        completeFrom: -Infinity,
        offsets: {},
        at: 0,
      }),
      onJudged: () => {},
    },
  );
  await assert.rejects(
    take('orders', 0, async () => true),
    { code: 'log_fenced' },
  );
  assert.deepEqual(closed, ['aggregate', 'log']);
  isFenced = false;
  const stage = await take('orders', 0, async () => true);
  assert.deepEqual(closed, ['aggregate', 'log']);
  await stage.close();
  assert.deepEqual(closed, ['aggregate', 'log', 'aggregate', 'log']);
});

test('a partition that was added to a raw topic meanwhile is not opened, and the words say what to do', async () => {
  const inputs = [0, 1].map((partition) => ({ topic: 't', partition, name: `t/${partition}` }));
  const config = { config: { engine: { pipeline: 'p' }, topics: {} } } as unknown as Arguments[0];
  const open = createPartitionOpener(config, { ground: { inputs } } as unknown as Arguments[1]);
  await assert.rejects(
    open('t', 2, async () => true),
    { code: 'topic_conflict', message: /^pipeline p: t\/2 .* had 2\. Stop all processes/ },
  );
});
