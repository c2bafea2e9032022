import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { definePipeline } from '../../config/load-pipeline.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { packRecords } from '../../log/batch.ts';
import type { Log } from '../../log/log.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import { watchLag } from './watch-lag.ts';

function logOf(t: TestContext, clock: Clock): Log {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-lag-'));
  const log = createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock });
  t.after(async () => {
    await log.close();
    rmSync(dir, { recursive: true });
  });
  return log;
}

function configWith(windows: string[]): LoadedPipeline {
  return definePipeline({
    pipeline: 'shop',
    source: { topic: 'orders' },
    event: { id: 'id', time: 'at' },
    measures: { visits: { count: 'events' } },
    windows,
    cooldown: '10m',
    lag: { above: 1, for: '0s' },
  });
}

/** Two records that nobody has read. */
async function sendTwo(log: Log, config: LoadedPipeline): Promise<void> {
  await log.ensureTopic('orders', { partitions: 1 });
  await log.ensureTopic(config.topics.alerts, { partitions: 1 });
  await log.commit({ appends: [{ topic: 'orders', partition: 0, ...packRecords(['a', 'b']) }] });
}

/** Watches until it has told so many; the partition has read up to `offset`. */
async function watchUntil(count: number, config: LoadedPipeline, { log, clock, offset }: { log: Log; clock: Clock; offset: number }) {
  const stop = new AbortController();
  const told: AlertEvent[] = [];
  const onAlert = async (event: AlertEvent): Promise<void> => {
    if (told.push(event) === count) stop.abort();
  };
  const partitions = () => [{ name: 'orders/0', offset, watermark: -Infinity, caughtUp: false }];
  await watchLag(config, { log, clock, logger: silentLogger, partitions, onAlert }, stop.signal);
  return told;
}

test('an alert that cannot be shown is a warning; it is recorded, and the watch goes on', async (t) => {
  const clock = { now: () => 1_000, elapsed: () => 0 };
  const log = logOf(t, clock);
  const config = configWith(['1m']);
  await sendTwo(log, config);

  const stop = new AbortController();
  const warnings: string[] = [];
  await watchLag(
    config,
    {
      log,
      clock,
      logger: { info: () => {}, warn: (message) => void warnings.push(message) },
      partitions: () => [{ name: 'orders/0', offset: 0, watermark: -Infinity, caughtUp: false }],
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

test('reminders come each cooldown, though the file names a window of a day first', async (t) => {
  let nowMs = 1_000;
  const clock = { now: () => nowMs, elapsed: () => 0 };
  const log = logOf(t, clock);
  const config = configWith(['1d', '1m']);
  await sendTwo(log, config);
  const [fired] = await watchUntil(1, config, { log, clock, offset: 0 });
  nowMs += 600_000;
  const [reminder] = await watchUntil(1, config, { log, clock: { ...clock, now: () => nowMs++ }, offset: 0 });
  assert.deepEqual([fired!.repeat, reminder!.repeat, reminder!.window], [0, 1, '1m']);
});

test('an alert is reminded of and ends under the id under which it began, whatever windows the file has since', async (t) => {
  let nowMs = 1_000;
  const clock = { now: () => nowMs, elapsed: () => 0 };
  const log = logOf(t, clock);
  const config = configWith(['5m']);
  await sendTwo(log, config);
  const [fired] = await watchUntil(1, config, { log, clock, offset: 0 });
  nowMs += 600_000;
  const changed = configWith(['1d', '1m']);
  const [reminder] = await watchUntil(1, changed, { log, clock, offset: 0 });
  const [over] = await watchUntil(1, changed, { log, clock, offset: 2 });
  assert.deepEqual(
    [reminder, over].map((event) => [event!.status, event!.repeat, event!.window, event!.alert_id]),
    [
      ['firing', 1, '5m', fired!.alert_id],
      ['resolved', 0, '5m', fired!.alert_id],
    ],
  );
});
