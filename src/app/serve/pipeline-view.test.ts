import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { temporary } from '../../../test/support/temporary.ts';
import { definePipeline } from '../../config/load-pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import { noOutcomes } from '../../core/outcome.ts';
import { inSlices } from '../../core/slices.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { Log } from '../../log/log.ts';
import type { AggregateStatus } from '../../pipeline/aggregate/aggregate.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import { createHotFill } from './hot-fill.ts';
import { createOlapSide } from './olap-side.ts';
import { createLiveView } from './pipeline-view.ts';

const partition = { totals: noOutcomes(), reasons: new Map(), replayed: 0, watermark: -Infinity, offset: 0, caughtUp: false };
const ids = { remembered: 0, forgottenEarly: 0, bytes: 0 };
/** Not read yet. */
const unread = (name: string): AggregateStatus => ({ ...partition, name, ids }) as unknown as AggregateStatus;

/** A view of a pipeline with a topic of two partitions. */
async function liveView(
  t: TestContext,
  { partitions, showsAll = true, logOf }: { partitions: () => AggregateStatus[]; showsAll?: boolean; logOf?: (log: Log) => Log },
) {
  const config = definePipeline({
    pipeline: 'shop',
    source: { topic: 'orders', partitions: 2 },
    event: { id: 'id', time: 'at' },
    measures: { visits: { count: 'events' } },
    windows: ['1m'],
  });
  const log = createEmbeddedLog({ path: join(temporary(t), 'log.sqlite'), clock: systemClock });
  t.after(() => log.close());
  await log.ensureTopic('orders', { partitions: 2 });
  for (const name of Object.values(config.topics)) await log.ensureTopic(name, { partitions: 1 });
  const run = {
    config,
    engine: {
      partitions,
      frontier: -Infinity,
      *counts() {
        yield;
        return {};
      },
    },
    notify: { counts: () => ({ fired: 0, sent: 0 }), decided: () => [], waiting: () => 0 },
    looks: () => ({ looked: 0, skipped: 0 }),
    threads: () => ({ running: 0, restarts: 0 }),
    pressure: { partials: async () => undefined, givesWay: () => false },
    readAnew: async () => [],
  } as unknown as PipelineRun;
  const olap = createOlapSide(() => ({ store: undefined, missing: false }), systemClock);
  const hotStore = createMemoryHotStore({ history: [] });
  const view = createLiveView(run, [], {
    log: logOf?.(log) ?? log,
    clock: systemClock,
    hotStore,
    hotFill: createHotFill({ waitMs: 1 }),
    olap,
    epoch: 'e',
    showsAll,
  });
  return { view, log };
}

test('while the log does not answer one status is waited for, not one a second', async (t) => {
  const { promise: back, resolve: answer } = Promise.withResolvers<void>();
  let asked = 0;
  const logOf = (log: Log): Log => ({
    ...log,
    async bounds(topic: string, number: number) {
      if (topic === 'orders') asked++;
      await back;
      return log.bounds(topic, number);
    },
  });
  const { view } = await liveView(t, { partitions: () => [unread('orders/0')], logOf });
  t.after(view.stream.join(() => {}));

  const begun = view.stream.next;
  const ticks = [view.tick(), view.tick(), view.tick()];
  await nextTurn();
  answer();
  await Promise.all(ticks);
  assert.equal(asked, 1);
  assert.equal(view.stream.next, begun + 1, 'the one status is told');
  await view.tick();
  assert.equal(view.stream.next, begun + 2);
});

test('it has caught up when little is left to read of every partition, not while nobody knows of them', async (t) => {
  let known: AggregateStatus[] = [];
  const { view, log } = await liveView(t, { partitions: () => known });
  const append = (number: number) =>
    log.commit({ appends: [{ topic: 'orders', partition: number, ...packRecords(Array.from({ length: 1_001 }, () => '{}')) }] });
  const commit = { records: [], provisional: [], alerts: [], deadLetters: 0 };
  assert.equal(await view.behind(), undefined, 'the first moments on Kafka');
  await inSlices(view.committed(commit), () => 0);
  known = [{ ...unread('orders/0'), caughtUp: true }];
  await inSlices(view.committed(commit), () => 0);
  assert.equal(await view.behind(), undefined, 'its own are not all');
  await append(1);
  known = [unread('orders/0'), unread('orders/1')];
  assert.equal(await view.behind(), 1_001);
  known = [unread('orders/0'), { ...unread('orders/1'), offset: 1 }];
  assert.equal(await view.behind(), 0);
  await append(0);
  assert.equal(await view.behind(), 0, 'from then on it is');
});

test('a process without the role api need not know of any', async (t) => {
  const { view } = await liveView(t, { partitions: () => [], showsAll: false });
  assert.equal(await view.behind(), 0);
});
