/** Windows that began before a new revision, in one process and by stages: nothing is told of them, from events in the log on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { first } from '../../test/support/first-detector.ts';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { detectorCatalog } from '../detectors/catalog.ts';
import { packRecords, recordAt } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { parseJson } from '../windows/decode/decoder.ts';
import { compilePlan } from '../windows/plan.ts';
import { openAggregateStage } from './aggregate/aggregate-stage.ts';
import { completeWindows } from './complete-windows.ts';
import { ensureTopics, openEngine, type Committed } from './engine.ts';
import type { DetectEntry } from './monitor/monitor-spec.ts';
import { createMonitor, type Monitor } from './monitor/monitor.ts';
import { openMonitorStage } from './monitor/monitor-stage.ts';
import { settleRevision, type RevisionChoice } from './revision.ts';
import { followRevision, settleStageRevision } from './stage-revision.ts';
import { PARTIALS_SETTINGS, partialsTopic } from './stage-topics.ts';
import { topicsOf } from './topics.ts';

const source = smallSource();
const spec = smallSpec({ sources: [source], limits: { idleAfterMs: 1_000 } });
const plan = compilePlan(spec);
const topics = topicsOf('p');
const input = { topic: 't', partition: 0, name: 't/0', replayTopic: topics.replay };

/** Reads what there is, and commits. */
type Turn = () => Promise<Committed>;

interface Start {
  /** Hash of the windows. */
  readonly windows: string;
  readonly choice: RevisionChoice;
  readonly monitor: Monitor;
  readonly elapsed: () => number;
}

type Begin = (log: Log, start: Start) => Promise<Turn>;

const settings = { plan, topics, start: () => 0, provisional: true, clock: 'append', maxBatchBytes: 1 << 20 } as const;
const hashesOf = (windows: string) => ({ windows, parts: {}, detect: 'd' });
const randomKey = (): [number, number] => [1, 2];

const asOneProcess: Begin = async (log, { windows: hash, choice, monitor, elapsed }) => {
  const { windows, completeFrom } = await settleRevision(log, 'p', hashesOf(hash), [input], choice);
  const parse = { json: parseJson, combined: parseJson };
  const engine = await openEngine(
    { ...settings, revision: windows.counter, completeFrom },
    { log, monitor, elapsed, randomKey, parse, checks: new Map() },
  );
  return async () => {
    while ((await engine.step()) > 0);
    return engine.commit();
  };
};

const asStages: Begin = async (log, { windows: hash, choice, monitor, elapsed }) => {
  const readPartition = async (): Promise<Log> => ({ ...log, close: async () => {} });
  const settled = await settleStageRevision('p', hashesOf(hash), [input], choice, { log, readPartition, startedAt: 0, now: 0 });
  const of = { ...settings, revision: settled.windows.counter, completeFrom: settled.completeFrom };
  await followRevision(log, 'p', input, settled);
  const stage = await openAggregateStage(
    { ...of, source, partition: 0 },
    { log, elapsed, randomKey, parse: parseJson, monitorLag: async () => 0 },
  );
  const monitoring = await openMonitorStage(of, { log, monitor, elapsed });
  return async () => {
    while ((await stage.step()) > 0);
    await stage.commit();
    while ((await monitoring.step()) > 0);
    return monitoring.commit();
  };
};

function watching(detector: string, config: DetectEntry['config']): Monitor {
  const { pipeline, dimensions, windows, rollups, measures } = spec;
  const detect = [{ detector: detector as 'absence', config, measure: 'n', window: '10s', over: 'full' as const }];
  // With so large a budget one empty window is enough.
  const settled = { falseAlarmsPerDay: 10_000, repeatAfterMs: 600_000, locale: 'en' as const };
  const catalog = { ...detectorCatalog, first };
  return createMonitor(
    { pipeline, dimensions, windows, rollups, measures, detect, ...settled },
    { alerts: createAlerts(settled), catalog },
  );
}

const silentFor = (duration: string) => (): Monitor => watching('absence', detectorCatalog.absence.config.parse({ for: duration }));

async function send(log: Log, ...seconds: number[]): Promise<void> {
  for (const second of seconds) {
    const values = [JSON.stringify({ id: `n${second}`, at: second * 1_000 })];
    await log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(values), appendTime: second * 1_000 }] });
  }
}

const shown = ({ provisional }: Committed) => provisional.map(({ window_start: start, events }) => [Date.parse(start) / 1_000, events]);

async function told(log: Log): Promise<string[]> {
  const batch = await log.read(topics.alerts, 0, 0, { maxBytes: 1 << 20 });
  const events = Array.from({ length: batch?.count ?? 0 }, (_, i) => JSON.parse(Buffer.from(recordAt(batch!, i)).toString()) as AlertEvent);
  return events.map(({ window_end: end, status }) => `${Date.parse(end) / 1_000} ${status}`);
}

/** Lets so many ms go by; gives all alerts that were told until then. */
function waiting(log: Log, turn: Turn, now: { ms: number }): (ms: number) => Promise<string[]> {
  return async (ms) => {
    now.ms += ms;
    for (let i = 0; i < 3; i++) await turn();
    return told(log);
  };
}

/** Events of these seconds are counted, then the file changes: `turn` is of the new revision. */
async function withNewRevision(
  begin: Begin,
  monitorOf: () => Monitor,
  seconds: readonly number[],
  body: (log: Log, turn: Turn, now: { ms: number }) => Promise<void>,
): Promise<void> {
  await withTempLog(async ({ log }) => {
    await ensureTopics({ plan, topics }, log);
    await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
    const now = { ms: 1_000_000 };
    const start = (windows: string, kind: 'same' | 'new'): Promise<Turn> =>
      begin(log, { windows, choice: { kind }, monitor: monitorOf(), elapsed: () => now.ms });
    const before = await start('one', 'same');
    await send(log, ...seconds);
    await before();
    await body(log, await start('two', 'new'), now);
  });
}

for (const [name, begin] of [
  ['in one process', asOneProcess],
  ['by stages', asStages],
] as const) {
  test(`${name}: a window that began before the revision is not shown while it is open, nor looked at`, async () => {
    await withNewRevision(
      begin,
      () => watching('first', {}),
      [1, 2, 11, 12],
      async (log, turn) => {
        await send(log, 13, 14, 15, 16, 17);
        const open = await turn();
        assert.deepEqual([open.records, shown(open), open.alerts], [[], [], []]);
        await send(log, 21, 22);
        const next = await turn();
        assert.deepEqual([next.records, shown(next)], [[], [[20, 2]]]);
        await send(log, 31);
        const { records } = await turn();
        assert.deepEqual(
          records.map((record) => (record.kind === 'row' ? [Date.parse(record.window_start) / 1_000, record.events] : 'closed')),
          [[20, 2], 'closed'],
        );
      },
    );
  });

  /** One event in each window, the last one at 294 s: the window from 290 s on is complete in neither revision. */
  const regular = Array.from({ length: 30 }, (_, i) => 10 * i + 4);

  test(`${name}: a window is not called silent for what came before the revision`, async () => {
    await withNewRevision(begin, silentFor('10s'), regular, async (log, turn, now) => {
      const wait = waiting(log, turn, now);
      // By the clock it is 294 s.
      await wait(0);
      assert.deepEqual(await wait(6_100), []);
      assert.deepEqual(await wait(9_800), []);
      assert.deepEqual(await wait(200), ['310 firing']);
    });
  });

  test(`${name}: what comes in a window that began before the revision ends a silence`, async () => {
    await withNewRevision(begin, silentFor('20s'), regular, async (log, turn, now) => {
      const wait = waiting(log, turn, now);
      await send(log, 296);
      await wait(0);
      assert.deepEqual(await wait(14_100), []);
      assert.deepEqual(await wait(9_800), []);
      assert.deepEqual(await wait(200), ['320 firing']);
    });
  });
}

test('a window is complete from the instant on, whatever was asked about before', () => {
  const isComplete = completeWindows(20_000);
  const of = (ms: number) => ({ window_start: new Date(ms).toISOString() });
  assert.deepEqual(
    [10_000, 20_000, 20_000, 19_999, 30_000].map((start) => isComplete(of(start))),
    [false, true, true, false, true],
  );
  assert.equal(completeWindows(-Infinity)(of(0)), true);
});
