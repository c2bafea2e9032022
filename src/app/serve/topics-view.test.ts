import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporary } from '../../../test/support/temporary.ts';
import { systemClock } from '../../core/clock.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { createTopicsView } from './topics-view.ts';

test('topics of a pipeline that runs elsewhere take no pushed events, as soon as they are there', async (t) => {
  const log = createEmbeddedLog({ path: join(temporary(t), 'log.sqlite'), clock: systemClock });
  t.after(() => log.close());
  const make = async (...names: string[]) => {
    for (const name of names) await log.ensureTopic(name, { partitions: 1 });
  };
  const { pushTarget } = createTopicsView([], { log, clock: systemClock });
  // Raw topics of people who call theirs so.
  const raw = ['orders', 'device.state', 'device.partials', 'shop.orders', 'shop.state.raw'];
  await make(...raw);
  for (const topic of raw) assert.equal((await pushTarget(topic)).partitions, 1, topic);
  const own = [
    'shop.partials',
    'shop.silences',
    'shop.state',
    'shop.snapshots.orders',
    'shop.windows',
    'shop.alerts',
    'shop.dlq',
    'shop.replay',
  ];
  await make(...own);
  for (const topic of own)
    await assert.rejects(pushTarget(topic), { code: 'topic_conflict', message: /is written by pipeline shop alone/ }, topic);
  for (const topic of raw) assert.equal((await pushTarget(topic)).partitions, 1, topic);
  await assert.rejects(pushTarget('order'), { code: 'topic_unknown', message: /did you mean orders\?/ });
  await assert.rejects(
    pushTarget('x'),
    ({ message }: Error) => raw.every((name) => message.includes(name)) && !message.includes('shop.windows'),
  );
});
