import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { definePipeline } from '../../config/load-pipeline.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { watchLag } from './watch-lag.ts';

test('an alert that cannot be shown is a warning; it is recorded, and the watch goes on', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-lag-'));
  const clock = { now: () => 1_000, elapsed: () => 0 };
  const log = createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock });
  t.after(async () => {
    await log.close();
    rmSync(dir, { recursive: true });
  });
  const config = definePipeline({
    pipeline: 'shop',
    source: { topic: 'orders' },
    event: { id: 'id', time: 'at' },
    measures: { visits: { count: 'events' } },
    windows: ['1m'],
    lag: { above: 1, for: '0s' },
  });
  await log.ensureTopic('orders', { partitions: 1 });
  await log.ensureTopic(config.topics.alerts, { partitions: 1 });
  await log.commit({ appends: [{ topic: 'orders', partition: 0, ...packRecords(['a', 'b']) }] });

  const stop = new AbortController();
  const warnings: string[] = [];
  await watchLag(
    config,
    {
      log,
      clock,
      logger: { info: () => {}, warn: (message) => void warnings.push(message) },
      partitions: () => [{ name: 'orders/0', offset: 0, watermark: -Infinity }],
      async onAlert({ alert_type, current_value }) {
        assert.deepEqual([alert_type, current_value], ['consumer_lag', 2]);
        setImmediate(() => stop.abort());
        throw new Error('nobody to show it to');
      },
    },
    stop.signal,
  );
  assert.deepEqual(warnings, ['pipeline shop: how far it is behind cannot be looked up: nobody to show it to']);
  assert.equal((await log.bounds(config.topics.alerts, 0)).end, 1);
});
