/** An alert on a limit that fires while its pipeline is computed anew: it goes on under its id, or ends, as no all-clear. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { limitAlert } from '../alerts/limit-alert.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { packRecords, recordAt } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { parseJson } from '../windows/decode/decoder.ts';
import { compilePlan, inputPartitions, smallestWindow } from '../windows/plan.ts';
import type { EngineSpec } from '../windows/spec.ts';
import { openAggregateStage } from './aggregate/aggregate-stage.ts';
import { ensureTopics, openEngine } from './engine.ts';
import type { TellLimit } from './limit-book.ts';
import { createMonitor } from './monitor/monitor.ts';
import { openMonitorStage } from './monitor/monitor-stage.ts';
import { settleRevision, type PipelineInput, type RevisionChoice } from './revision.ts';
import { followRevision, settleStageRevision } from './stage-revision.ts';
import { partialsTopic, PARTIALS_SETTINGS } from './stage-topics.ts';
import { topicsOf } from './topics.ts';

const topics = topicsOf('p');
const source = smallSource({ event: { outOfOrdernessMs: 60_000, dedupMs: 512_000 } });
const spec = smallSpec({ sources: [source], dimensions: ['c'], limits: { maxSeries: 2, maxIds: 3 } });
const roomy = { ...spec, limits: { ...spec.limits, maxSeries: 9, maxIds: 99 } };
const elsewhere = { ...spec, sources: [{ ...source, topic: 'u' }] };
const finer = { ...spec, windows: [{ name: '5s', sizeMs: 5_000, slideMs: 5_000 }, ...spec.windows] };

/** Beyond both limits; then past where that began; and within the limits again, for more than an hour. */
const BEYOND = [1, 2, 3, 4, 5];
const LATER = [100];
const CALM = [601, 701, 4_301];

/** As the pipeline file says. */
function tellOf({ pipeline, windows, limits }: EngineSpec): TellLimit {
  return (kind, partition, { told, isUnwatched, ...span }) => {
    const limit = kind === 'series' ? limits.maxSeries : limits.maxIds!;
    return [limitAlert({ kind, pipeline, partition, limit, window: smallestWindow(windows), span, told, isUnwatched, locale: 'en' })];
  };
}

function partsOf(of: EngineSpec) {
  const { pipeline, dimensions, windows, rollups, measures } = of;
  const settings = { detect: [], falseAlarmsPerDay: 1, repeatAfterMs: 1, locale: 'en' as const };
  const watched = { pipeline, dimensions, windows, rollups, measures, ...settings };
  return { monitor: createMonitor(watched, { alerts: createAlerts(watched) }), limitAlert: tellOf(of) };
}

const hashesOf = (of: EngineSpec) => ({ windows: JSON.stringify(of), parts: {}, detect: 'd' });
const settingsOf = (of: EngineSpec, { windows, completeFrom }: { windows: { counter: number }; completeFrom: number }) => ({
  plan: compilePlan(of),
  topics,
  revision: windows.counter,
  completeFrom,
  provisional: true,
  clock: 'event' as const,
  maxBatchBytes: 1 << 20,
});
const deps = { randomKey: () => [1, 2] as const, elapsed: () => 0 };

function inputsOf(of: EngineSpec): PipelineInput[] {
  return inputPartitions(of).map(({ source: { topic }, partition, name }) => ({ topic, partition, name, replayTopic: topics.replay }));
}

/** Events of a second each, of four segments. */
async function send(log: Log, of: EngineSpec, seconds: readonly number[]): Promise<void> {
  const values = seconds.map((second) => JSON.stringify({ id: `n${second}`, at: second * 1_000, c: `${second % 4}` }));
  await log.commit({ appends: [{ topic: of.sources[0]!.topic, partition: 0, ...packRecords(values) }] });
}

/** Runs once on what there is, after these events came, and stops. */
type Run = (log: Log, of: EngineSpec, choice: RevisionChoice, seconds: readonly number[]) => Promise<void>;

const inOneProcess: Run = async (log, of, choice, seconds) => {
  const revision = await settleRevision(log, 'p', hashesOf(of), inputsOf(of), choice);
  const engine = await openEngine(
    { ...settingsOf(of, revision), start: (_, __, bounds) => bounds.start },
    { ...deps, ...partsOf(of), log, parse: { json: parseJson, combined: parseJson }, checks: new Map() },
  );
  await send(log, of, seconds);
  while ((await engine.step()) > 0);
  await engine.commit();
  await engine.close();
};

let starts = 0;

const byStages: Run = async (log, of, choice, seconds) => {
  const at = starts++;
  const settled = await settleStageRevision('p', hashesOf(of), inputsOf(of), choice, {
    log,
    readPartition: async () => ({ ...log, close: async () => {} }),
    startedAt: at,
    now: at,
  });
  for (const input of inputsOf(of)) await followRevision(log, 'p', input, settled);
  const stage = await openAggregateStage(
    { ...settingsOf(of, settled), source: of.sources[0]!, partition: 0, start: (bounds) => bounds.start },
    { ...deps, log, parse: parseJson, monitorLag: async () => 0 },
  );
  const monitor = await openMonitorStage(settingsOf(of, settled), { ...partsOf(of), log });
  await send(log, of, seconds);
  while ((await stage.step()) > 0);
  await stage.commit();
  while ((await monitor.step()) > 0);
  await monitor.commit();
  await stage.close();
};

/** What stands among the alerts: kind, status, whether nobody judged that, and which alert it is by its place among all. */
async function recorded(log: Log): Promise<string[]> {
  const batch = await log.read(topics.alerts, 0, 0, { maxBytes: 1 << 20 });
  const events = Array.from({ length: batch?.count ?? 0 }, (_, i) => JSON.parse(Buffer.from(recordAt(batch!, i)).toString()) as AlertEvent);
  const ids = [...new Set(events.map(({ alert_id }) => alert_id))];
  return events.map(({ alert_id, measure, status, explanation: { unwatched } }) => {
    return `${ids.indexOf(alert_id)} ${measure} ${status}${unwatched ? ', unwatched' : ''}`;
  });
}

const BEGUN = ['0 series firing', '1 ids firing'];
const OVER = ['0 series resolved', '1 ids resolved'];
const UNWATCHED = ['1 ids resolved, unwatched', '0 series resolved, unwatched'];
const SAME: RevisionChoice = { kind: 'same' };
const ANEW: RevisionChoice = { kind: 'from', from: 'earliest' };

for (const [how, run] of [
  ['in one process', inOneProcess],
  ['by stages', byStages],
] as const) {
  const beyond = async (body: (log: Log) => Promise<void>): Promise<void> => {
    await withTempLog(async ({ log }) => {
      for (const each of [spec, elsewhere]) await ensureTopics({ plan: compilePlan(each), topics }, log);
      await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
      await run(log, spec, SAME, BEYOND);
      assert.deepEqual(await recorded(log), BEGUN);
      await body(log);
    });
  };

  test(`${how}: read again with higher limits, it ends when what it was about is read again`, async () => {
    await beyond(async (log) => {
      await run(log, roomy, ANEW, LATER);
      assert.deepEqual(await recorded(log), [...BEGUN, ...UNWATCHED]);
      await run(log, roomy, SAME, CALM);
      assert.deepEqual(await recorded(log), [...BEGUN, ...UNWATCHED], 'once');
    });
  });

  test(`${how}: read again beyond the same limits, it goes on untold, and ends when that is over`, async () => {
    await beyond(async (log) => {
      await run(log, spec, ANEW, LATER);
      assert.deepEqual(await recorded(log), BEGUN);
      await run(log, spec, SAME, CALM);
      assert.deepEqual(await recorded(log), [...BEGUN, ...OVER]);
    });
  });

  test(`${how}: read on from the end with higher limits, it ends with the first window`, async () => {
    await beyond(async (log) => {
      await run(log, roomy, { kind: 'from', from: 'latest' }, LATER);
      assert.deepEqual(await recorded(log), [...BEGUN, ...UNWATCHED]);
    });
  });

  test(`${how}: where its topic is read no more, it ends with the first window`, async () => {
    await beyond(async (log) => {
      await run(log, elsewhere, { kind: 'new' }, [1]);
      assert.deepEqual(await recorded(log), BEGUN, 'no window has closed behind it');
      await run(log, elsewhere, SAME, LATER);
      assert.deepEqual(await recorded(log), [...BEGUN, ...UNWATCHED]);
    });
  });

  test(`${how}: it ends under the id under which it began, though the file has a smaller window since`, async () => {
    await beyond(async (log) => {
      await run(log, finer, { kind: 'new' }, LATER);
      assert.deepEqual(await recorded(log), BEGUN);
      await run(log, finer, SAME, CALM);
      assert.deepEqual(await recorded(log), [...BEGUN, ...OVER]);
    });
  });
}

test('a monitor that dies between its append and its note ends it once', async () => {
  await withTempLog(async ({ log }) => {
    await ensureTopics({ plan: compilePlan(spec), topics }, log);
    await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
    await byStages(log, spec, SAME, BEYOND);
    const mortal: Log = {
      ...log,
      async commit(unit) {
        if (!unit.appends?.some(({ topic }) => topic === topics.alerts)) return log.commit(unit);
        await log.commit({ appends: unit.appends });
        throw new Error('killed');
      },
    };
    await assert.rejects(byStages(mortal, roomy, ANEW, LATER), /killed/);
    assert.deepEqual(await recorded(log), [...BEGUN, ...UNWATCHED]);
    await byStages(log, roomy, SAME, CALM);
    assert.deepEqual(await recorded(log), [...BEGUN, ...UNWATCHED]);
  });
});
