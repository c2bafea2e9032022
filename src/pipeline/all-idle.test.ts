/** All sources fall silent: told by the clock, in one process and by stages, from events in the log to records in `p.alerts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { detectorCatalog } from '../detectors/catalog.ts';
import { packRecords, recordAt } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { parseJson } from '../windows/decode/decoder.ts';
import type { ClockMode } from '../windows/partition.ts';
import { compilePlan, inputPartitions, type Plan } from '../windows/plan.ts';
import { openAggregateStage, type AggregateStage } from './aggregate/aggregate-stage.ts';
import { ensureTopics, openEngine } from './engine.ts';
import { createMonitor, type Monitor } from './monitor/monitor.ts';
import { openMonitorStage } from './monitor/monitor-stage.ts';
import { createIdleClock } from './idle-clock.ts';
import { PARTIALS_SETTINGS, partialsTopic } from './stage-topics.ts';
import { topicsOf } from './topics.ts';

const spec = smallSpec({ sources: [smallSource({ partitions: 2, event: { allowedLatenessMs: 60_000, dedupMs: 120_000 } })] });
const topics = topicsOf('p');
const plan = compilePlan(spec);
/** It counts what is wrong with its records, too. */
const countingFaults = compilePlan({
  ...spec,
  measures: [...spec.measures, { name: 'dead', kind: 'count', source: '', where: [], outcomes: ['late', 'invalid'] }],
});
const WINDOWS = 30;

function watching(of: Plan): Monitor {
  const { pipeline, dimensions, windows, rollups, measures } = of.spec;
  const config = detectorCatalog.absence.config.parse({ for: '40s' });
  const detect = [{ detector: 'absence' as const, config, measure: 'n', window: '10s', over: 'full' as const }];
  const watched = { pipeline, dimensions, windows, rollups, measures, detect };
  const settings = { falseAlarmsPerDay: 1, repeatAfterMs: 600_000, locale: 'en' as const };
  return createMonitor({ ...watched, ...settings }, { alerts: createAlerts(settings) });
}

interface Life {
  /** Reads what there is, and commits if there is news: true if there was. */
  turn(): Promise<boolean>;
}

interface Staged extends Life {
  /** As a turn, while nobody aggregates. */
  monitorAlone(): Promise<boolean>;
}

type Open<L extends Life = Life> = (log: Log, elapsed: () => number, clock: ClockMode, of?: Plan) => Promise<L>;

const settings = (clock: ClockMode, of: Plan) =>
  ({ plan: of, topics, revision: 1, completeFrom: -Infinity, start: () => 0, provisional: true, clock, maxBatchBytes: 1 << 20 }) as const;
const deps = { parse: parseJson, randomKey: (): [number, number] => [1, 2] };

const asOneProcess: Open = async (log, elapsed, clock, of = plan) => {
  const parse = { json: parseJson, combined: parseJson };
  const engine = await openEngine(settings(clock, of), { ...deps, parse, log, elapsed, monitor: watching(of), checks: new Map() });
  return {
    async turn() {
      while ((await engine.step()) > 0);
      const hasNews = engine.hasNews();
      if (hasNews) await engine.commit();
      return hasNews;
    },
  };
};

const asStages: Open<Staged> = async (log, elapsed, clock, of = plan) => {
  const stages: AggregateStage[] = [];
  for (const { source, partition } of inputPartitions(spec)) {
    stages.push(
      await openAggregateStage({ ...settings(clock, of), source, partition }, { ...deps, log, elapsed, monitorLag: async () => 0 }),
    );
  }
  const monitor = await openMonitorStage(settings(clock, of), { log, elapsed, monitor: watching(of) });
  async function monitorAlone(): Promise<boolean> {
    while ((await monitor.step()) > 0);
    const hasNews = monitor.hasNews();
    if (hasNews) await monitor.commit();
    return hasNews;
  }
  return {
    monitorAlone,
    async turn() {
      for (const stage of stages) {
        while ((await stage.step()) > 0);
        if (stage.hasNews()) await stage.commit();
      }
      return monitorAlone();
    },
  };
};

async function send(log: Log, partition: number, second: number): Promise<void> {
  const values = [JSON.stringify({ id: `${partition}/${second}`, at: second * 1_000 })];
  await log.commit({ appends: [{ topic: 't', partition, ...packRecords(values), appendTime: second * 1_000 }] });
}

async function told(log: Log): Promise<string[]> {
  const batch = await log.read(topics.alerts, 0, 0, { maxBytes: 1 << 20 });
  const events = Array.from({ length: batch?.count ?? 0 }, (_, i) => JSON.parse(Buffer.from(recordAt(batch!, i)).toString()) as AlertEvent);
  return events.map(({ window_end: end, status, look }) => `${Date.parse(end) / 1_000} ${status}${look?.open_from ? ' by the clock' : ''}`);
}

for (const [name, open] of [
  ['in one process', asOneProcess],
  ['by stages', asStages],
] as const) {
  test(`${name}: the clock tells of the silence within its time, once, also after a restart; events end it`, async () => {
    await withTempLog(async ({ log }) => {
      await ensureTopics({ plan, topics }, log);
      await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
      let now = 1_000_000;
      const begin = (): Promise<Life> => open(log, () => now, 'append');
      const life = await begin();
      for (let i = 0; i < WINDOWS; i++) for (const partition of [0, 1]) await send(log, partition, 10 * i + 4);
      await life.turn();
      // The last event was at 294 s: the first silent window begins at 300 s, and 40 s are over by the clock 46 s later.
      now += 45_900;
      while (await life.turn());
      assert.deepEqual(await told(log), []);
      now += 200;
      while (await life.turn());
      assert.deepEqual(await told(log), ['340 firing by the clock']);

      const next = await begin();
      for (let i = 0; i < 20; i++) {
        now += 10_000;
        while (await next.turn());
      }
      assert.equal((await told(log)).length, 1);
      for (const partition of [0, 1]) await send(log, partition, 555);
      for (const partition of [0, 1]) await send(log, partition, 565);
      while (await next.turn());
      assert.deepEqual(await told(log), ['340 firing by the clock', '560 resolved']);
    });
  });

  for (const [measures, of] of [
    ['nothing of them', plan],
    ['how many they are', countingFaults],
  ] as const) {
    test(`${name}: a source that brings nothing but broken records is silent, where the pipeline counts ${measures}`, async () => {
      await withTempLog(async ({ log }) => {
        await ensureTopics({ plan, topics }, log);
        await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
        let now = 1_000_000;
        const life = await open(log, () => now, 'append', of);
        for (let i = 0; i < WINDOWS; i++) for (const partition of [0, 1]) await send(log, partition, 10 * i + 4);
        await life.turn();
        const tellIn = async (seconds: number): Promise<string[]> => {
          for (let second = 0; second < seconds; second++) {
            now += 1_000;
            const broken = { topic: 't', ...packRecords(['{']), appendTime: now - 1_000_000 + 294_000 };
            await log.commit({ appends: [0, 1].map((partition) => ({ ...broken, partition })) });
            while (await life.turn());
          }
          return told(log);
        };
        assert.deepEqual(await tellIn(45), []);
        assert.deepEqual(await tellIn(3), ['340 firing by the clock']);
      });
    });
  }

  test(`${name}: by event time alone the clock tells nothing`, async () => {
    await withTempLog(async ({ log }) => {
      await ensureTopics({ plan, topics }, log);
      await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
      let now = 0;
      const life = await open(log, () => now, 'event');
      for (let i = 0; i < WINDOWS; i++) for (const partition of [0, 1]) await send(log, partition, 10 * i + 4);
      await life.turn();
      now += 600_000;
      while (await life.turn());
      assert.deepEqual(await told(log), []);
    });
  });

  test(`${name}: a partition that still brings something is enough for windows to close, and the clock is not asked`, async () => {
    await withTempLog(async ({ log }) => {
      await ensureTopics({ plan, topics }, log);
      await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
      let now = 0;
      const life = await open(log, () => now, 'append');
      for (let i = 0; i < WINDOWS; i++) for (const partition of [0, 1]) await send(log, partition, 10 * i + 4);
      await life.turn();
      for (let i = WINDOWS; i < WINDOWS + 20; i++) {
        now += 10_000;
        await send(log, 1, 10 * i + 4);
        while (await life.turn());
      }
      assert.deepEqual(await told(log), []);
    });
  });
}

/** All partitions idle by their last report, and the time at hand at which the silence is to be told: told(log) is empty before it. */
async function untilSilent(body: (log: Log, life: Staged, now: { ms: number }) => Promise<void>): Promise<void> {
  await withTempLog(async ({ log }) => {
    await ensureTopics({ plan, topics }, log);
    await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
    const now = { ms: 1_000_000 };
    const life = await asStages(log, () => now.ms, 'append');
    for (let i = 0; i < WINDOWS; i++) for (const partition of [0, 1]) await send(log, partition, 10 * i + 4);
    await life.turn();
    now.ms += 45_900;
    while (await life.turn());
    now.ms += 200;
    await body(log, life, now);
  });
}

test('records that nobody aggregates are no silence, however long that lasts; their owner has the word', async () => {
  await untilSilent(async (log, life, now) => {
    await send(log, 1, 304);
    for (let i = 0; i < 10; i++, now.ms += 10_000) while (await life.monitorAlone());
    assert.deepEqual(await told(log), []);
    while (await life.turn());
    now.ms += 45_900;
    while (await life.turn());
    assert.deepEqual(await told(log), []);
    now.ms += 200;
    while (await life.turn());
    assert.deepEqual(await told(log), ['350 firing by the clock']);
  });
});

test('a source that brings nothing but invalid records is silent: what lies there is waited for once', async () => {
  await untilSilent(async (log, life) => {
    const bring = (): Promise<unknown> => log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(['{']) }] });
    await bring();
    await life.monitorAlone();
    assert.deepEqual(await told(log), []);
    await life.turn();
    await bring();
    await life.monitorAlone();
    assert.deepEqual(await told(log), ['340 firing by the clock']);
  });
});

test('time counts from the last that was heard, while all is silent', () => {
  let now = 500;
  const idleClock = createIdleClock(() => now);
  now += 70;
  assert.equal(idleClock.until(true, 1_000), 1_070);
  assert.equal(idleClock.until(false, 1_000), undefined);
  assert.equal(idleClock.until(true, -Infinity), undefined);
  idleClock.heard();
  now += 5;
  assert.equal(idleClock.until(true, 1_000), 1_005);
  assert.equal(createIdleClock(undefined).until(true, 1_000), undefined);
});
