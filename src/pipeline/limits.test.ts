/** More segments or ids than a partition may hold: an alert each, once while it lasts, whether stages share a process or not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { limitAlert } from '../alerts/limit-alert.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { packRecords } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { parseJson } from '../windows/decode/decoder.ts';
import type { LimitKind, LimitSpan } from '../windows/limit-episodes.ts';
import { compilePlan } from '../windows/plan.ts';
import { statePrefix } from './aggregate/aggregate.ts';
import { openAggregateStage } from './aggregate/aggregate-stage.ts';
import { ensureTopics, openEngine, type Engine } from './engine.ts';
import { createMonitor } from './monitor/monitor.ts';
import { openMonitorStage, type MonitorStage } from './monitor/monitor-stage.ts';
import { partialsTopic, PARTIALS_SETTINGS } from './stage-topics.ts';
import { topicsOf } from './topics.ts';

const source = smallSource({ event: { outOfOrdernessMs: 60_000, dedupMs: 512_000 } });
const spec = smallSpec({ sources: [source], dimensions: ['c'], limits: { maxSeries: 2, maxIds: 3 } });
const plan = compilePlan(spec);
const topics = topicsOf('p');
const { pipeline, dimensions, windows, rollups, measures } = spec;
const watched = { pipeline, dimensions, windows, rollups, measures };
const monitorSpec = { ...watched, detect: [], falseAlarmsPerDay: 1, repeatAfterMs: 1, locale: 'en' as const };
const common = { plan, topics, revision: 1, completeFrom: -Infinity, provisional: true, clock: 'event' as const, maxBatchBytes: 1 << 20 };

/** What was asked for, `kind@event time`; of an end, `kind@beginning until end`. */
function monitoring() {
  const told: string[] = [];
  const tell = (kind: LimitKind, partition: string, span: LimitSpan): AlertEvent[] => {
    told.push(`${kind}@${span.since}${span.endedAt === undefined ? '' : ` until ${span.endedAt}`}`);
    return [limitAlert({ kind, pipeline, partition, limit: 3, window: windows[0]!, span, locale: 'en' })];
  };
  return { told, limitAlert: tell, monitor: createMonitor(monitorSpec, { alerts: createAlerts(monitorSpec) }) };
}

const judging = { parse: parseJson, randomKey: () => [1, 2] as const, elapsed: () => 0 };

/** Much later, too many again. */
const LATER = [8_000, 8_001, 8_002, 8_003, 8_004];
const LATER_TOLD = ['series@8000000', 'ids@8003000'];
/** The first makes room for the others: from then on nothing is beyond the limits, for more than an hour. */
const CALM = [601, 701, 4_301];

/** Events of a second each; the id is the second, or what is said. */
function send(log: Log, seconds: readonly number[], ids = seconds): Promise<number[]> {
  const values = seconds.map((second, i) => JSON.stringify({ id: `n${ids[i]}`, at: second * 1_000, c: `${second % 4}` }));
  return log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(values) }] });
}

function openOn(log: Log, monitored: ReturnType<typeof monitoring>): Promise<Engine> {
  const { parse, ...deps } = judging;
  return openEngine(
    { ...common, start: (_, __, bounds) => bounds.start },
    { ...deps, ...monitored, log, parse: { json: parse, combined: parse }, checks: new Map() },
  );
}

test('in one process: each limit is told once, also after a restart, and anew when it is exceeded again; the oldest ids count again', async () => {
  await withTempLog(async ({ log }) => {
    const first = monitoring();
    const engine = await openOn(log, first);
    await send(log, [1, 2, 3, 4, 5]);
    await engine.step();
    const { alerts } = await engine.commit();
    assert.deepEqual(first.told, ['series@3000', 'ids@4000']);
    assert.deepEqual(
      alerts.map(({ alert_type }) => alert_type),
      ['series_limit', 'ids_limit'],
    );
    await send(log, [6]);
    await engine.step();
    await engine.commit();
    assert.equal(first.told.length, 2);
    await engine.close();

    const second = monitoring();
    const again = await openOn(log, second);
    await send(log, [7, 7, 7], [6, 1, 7]);
    await again.step();
    await again.commit();
    const [status] = again.partitions();
    assert.equal(status!.totals.duplicate, 1, 'n6 is known still, n1 is not');
    assert.deepEqual([status!.ids.remembered, status!.ids.forgottenEarly], [3, 5]);
    assert.deepEqual(second.told, []);
    // More than an hour without: it is over, and what begins then is news.
    await send(log, CALM);
    await again.step();
    const { alerts: ends } = await again.commit();
    assert.deepEqual(second.told.splice(0), ['series@3000 until 3607000', 'ids@4000 until 4201000']);
    assert.deepEqual(
      ends.map((over) => [over.alert_id, over.status]),
      alerts.map(({ alert_id }) => [alert_id, 'resolved']),
    );
    await again.commit();
    await send(log, LATER);
    await again.step();
    await again.commit();
    assert.deepEqual(second.told, LATER_TOLD);
    await again.close();

    const third = monitoring();
    const last = await openOn(log, third);
    await send(log, [8_005]);
    await last.step();
    await last.commit();
    assert.deepEqual(third.told, []);
    await last.close();
  });
});

test('with stages apart: the monitor tells what the aggregation reports', async () => {
  await withTempLog(async ({ log }) => {
    await ensureTopics({ plan, topics }, log);
    await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
    const monitored = monitoring();
    const stage = await openAggregateStage(
      { ...common, source, partition: 0, start: (bounds) => bounds.start },
      { ...judging, log, monitorLag: async () => 0 },
    );
    const monitor = await openMonitorStage(common, { ...monitored, log });
    for (const second of [1, 2, 3, 4, 5, ...CALM, ...LATER]) {
      await send(log, [second]);
      await stage.step();
      await stage.commit();
      while ((await monitor.step()) > 0);
      await monitor.commit();
    }
    const over = ['series@3000 until 3604000', 'ids@4000 until 4201000'];
    assert.deepEqual(monitored.told, ['series@3000', 'ids@4000', ...over, ...LATER_TOLD]);
    const [status] = monitor.partitions();
    assert.deepEqual([status!.ids.remembered, status!.ids.forgottenEarly], [3, 5]);
  });
});

/** Too many all the time, with less than an hour between. */
const LASTING = [1, 2, 3, 4, 5, 3_000, 3_001, 3_002, 3_003, 3_004, 6_000, 6_001, 6_002, 6_003, 6_004];
const LASTING_ON = [9_000, 9_001, 9_002, 9_003, 9_004];
const LASTING_TOLD = ['series@3000', 'ids@4000'];

/** A new owner of the partition: it reads and tells each part as it is sent, and leaves. */
async function own(log: Log, monitor: MonitorStage, parts: readonly (readonly number[])[]): Promise<void> {
  const stage = await openAggregateStage(
    { ...common, source, partition: 0, start: (bounds) => bounds.start },
    { ...judging, log, monitorLag: async () => 0 },
  );
  for (const seconds of parts) {
    await send(log, seconds);
    while ((await stage.step()) > 0);
    await stage.commit();
    while ((await monitor.step()) > 0);
    await monitor.commit();
  }
  await stage.close();
}

/** After `LASTING`, of the next owner: too many at once, and until more than an hour without; later, too many again. */
const LASTING_OVER = [12_000, 13_201, 16_900];
const LASTING_LATER = [30_000, 30_001, 30_002, 30_003, 30_004];

test('an owner that begins without the state of the former one goes on with what it told', async () => {
  await withTempLog(async ({ log }) => {
    await ensureTopics({ plan, topics }, log);
    await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
    const monitored = monitoring();
    const monitor = await openMonitorStage(common, { ...monitored, log });
    await own(log, monitor, [LASTING]);
    assert.deepEqual(monitored.told, LASTING_TOLD);
    await log.commit({ state: (await log.state(statePrefix('p', 't/0'))).map(([key]) => [key, null]) });
    await own(log, monitor, [LASTING_ON]);
    assert.deepEqual(monitored.told.splice(0), LASTING_TOLD, 'one episode, one alert id');
    await own(log, monitor, [LASTING_OVER, LASTING_LATER]);
    assert.deepEqual(monitored.told, ['series@3000 until 12603000', 'ids@4000 until 15600000', 'series@30002000', 'ids@30003000']);
  });
});
