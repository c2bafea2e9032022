import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { temporary } from '../../../test/support/temporary.ts';
import { definePipeline } from '../../config/load-pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import { noOutcomes } from '../../core/outcome.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { AggregateStatus } from '../../pipeline/aggregate/aggregate.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import { createHotFill } from './hot-fill.ts';
import { createOlapSide } from './olap-side.ts';
import { createLiveView } from './pipeline-view.ts';

test('while the log does not answer one status is waited for, not one a second', async (t) => {
  const config = definePipeline({
    pipeline: 'shop',
    source: { topic: 'orders' },
    event: { id: 'id', time: 'at' },
    measures: { visits: { count: 'events' } },
    windows: ['1m'],
  });
  const log = createEmbeddedLog({ path: join(temporary(t), 'log.sqlite'), clock: systemClock });
  t.after(() => log.close());
  for (const name of ['orders', ...Object.values(config.topics)]) await log.ensureTopic(name, { partitions: 1 });

  const { promise: back, resolve: answer } = Promise.withResolvers<void>();
  let asked = 0;
  const away = {
    ...log,
    async bounds(topic: string, partition: number) {
      if (topic === 'orders') asked++;
      await back;
      return log.bounds(topic, partition);
    },
  };
  const partition = { name: 'orders/0', totals: noOutcomes(), reasons: new Map(), replayed: 0, watermark: -Infinity, offset: 0 };
  const ids = { remembered: 0, forgottenEarly: 0, bytes: 0 };
  const run = {
    config,
    engine: {
      partitions: () => [{ ...partition, ids } as unknown as AggregateStatus],
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
    log: away,
    clock: systemClock,
    hotStore,
    hotFill: createHotFill({ waitMs: 1 }),
    olap,
    epoch: 'e',
  });
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
