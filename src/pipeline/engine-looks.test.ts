/** Looks in the engine: from events in the log to a record in `p.alerts`, before the window is final. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { first } from '../../test/support/first-detector.ts';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { packRecords, recordAt } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { parseJson } from '../windows/decode/decoder.ts';
import { compilePlan } from '../windows/plan.ts';
import { openEngine, type Engine } from './engine.ts';
import { createMonitor } from './monitor/monitor.ts';
import { topicsOf } from './topics.ts';

const spec = smallSpec({ sources: [smallSource({ event: { allowedLatenessMs: 60_000, dedupMs: 120_000 } })] });
const topics = topicsOf('p');

function openOn(log: Log, provisional: boolean): Promise<Engine> {
  const { pipeline, dimensions, windows, rollups, measures } = spec;
  const detect = [{ detector: 'first' as 'threshold', config: {}, measure: 'n', window: '10s', over: 'full' as const }];
  const watched = { pipeline, dimensions, windows, rollups, measures, detect };
  const monitorSpec = { ...watched, falseAlarmsPerDay: 1, repeatAfterMs: 60_000, locale: 'en' as const };
  const plan = compilePlan(spec);
  return openEngine(
    { plan, topics, revision: 1, completeFrom: -Infinity, start: () => 0, provisional, clock: 'event', maxBatchBytes: 1 << 20 },
    {
      log,
      monitor: createMonitor(monitorSpec, { alerts: createAlerts(monitorSpec), catalog: { first } }),
      parse: { json: parseJson, combined: parseJson },
      checks: new Map(),
      randomKey: () => [1, 2],
      elapsed: () => 0,
    },
  );
}

let nextId = 0;
async function sendAt(log: Log, second: number, events: number): Promise<void> {
  const values = Array.from({ length: events }, () => JSON.stringify({ id: `n${nextId++}`, at: second * 1_000 }));
  await log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(values) }] });
}

async function told(log: Log): Promise<AlertEvent[]> {
  const events: AlertEvent[] = [];
  for (;;) {
    const batch = await log.read(topics.alerts, 0, events.length, { maxBytes: 1 << 20 });
    if (!batch) return events;
    for (let i = 0; i < batch.count; i++) events.push(JSON.parse(Buffer.from(recordAt(batch, i)).toString()));
  }
}

async function readAll(engine: Engine): Promise<void> {
  while ((await engine.step()) > 0);
  await engine.commit();
}

test('a rise rings while its window is open, survives a restart, and is confirmed by the final row', async () => {
  await withTempLog(async ({ log }) => {
    const engine = await openOn(log, true);
    await sendAt(log, 1, 10);
    await sendAt(log, 11, 8);
    await readAll(engine);
    assert.deepEqual(await told(log), []);
    await sendAt(log, 12, 12);
    await readAll(engine);
    const [rang, ...others] = await told(log);
    assert.equal(others.length, 0);
    assert.deepEqual([rang?.status, rang?.look?.value, rang?.window_start], ['firing', 20, '1970-01-01T00:00:10.000Z']);

    const next = await openOn(log, true);
    await sendAt(log, 21, 10);
    await sendAt(log, 31, 1);
    await readAll(next);
    assert.deepEqual(
      (await told(log)).map(({ status, alert_id, window_start }) => [status, alert_id === rang?.alert_id, window_start]),
      [
        ['firing', true, '1970-01-01T00:00:10.000Z'],
        ['resolved', true, '1970-01-01T00:00:20.000Z'],
      ],
    );
  });
});

test('without provisional rows there are no looks: the final row rings', async () => {
  await withTempLog(async ({ log }) => {
    const engine = await openOn(log, false);
    await sendAt(log, 1, 10);
    await sendAt(log, 11, 20);
    await readAll(engine);
    assert.deepEqual(await told(log), []);
    await sendAt(log, 21, 1);
    await readAll(engine);
    assert.deepEqual(
      (await told(log)).map(({ status, look }) => [status, look]),
      [['firing', undefined]],
    );
  });
});
