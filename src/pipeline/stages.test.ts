import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { first } from '../../test/support/first-detector.ts';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { atOnce, type Sliced } from '../core/slices.ts';
import { packRecords, recordAt } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { parseJson } from '../windows/decode/decoder.ts';
import { encodePartials } from '../windows/partials/codec.ts';
import { compilePlan } from '../windows/plan.ts';
import { openAggregateStage } from './aggregate/aggregate-stage.ts';
import { readAppendedTail } from './appended-tail.ts';
import { ensureTopics } from './engine.ts';
import { openMonitorStage, type MonitorStage, type MonitorStageDeps } from './monitor/monitor-stage.ts';
import { createMonitor } from './monitor/monitor.ts';
import { followRevision, settleStageRevision } from './stage-revision.ts';
import { PARTIALS_SETTINGS, partialsTopic } from './stage-topics.ts';
import { topicsOf } from './topics.ts';

const source = smallSource();
const spec = smallSpec();
const plan = compilePlan(spec);
const topics = topicsOf('p');
const input = { topic: 't', partition: 0, name: 't/0', replayTopic: topics.replay };

async function withTopics(body: (log: Log) => Promise<void>): Promise<void> {
  await withTempLog(async ({ log }) => {
    await ensureTopics({ plan, topics }, log);
    await log.ensureTopic(partialsTopic('p'), PARTIALS_SETTINGS);
    await body(log);
  });
}

function partition(log: Log, more: { lag?: () => number; elapsed?: () => number; revision?: number } = {}) {
  return openAggregateStage(
    {
      plan,
      topics,
      source,
      partition: 0,
      revision: more.revision ?? 1,
      completeFrom: -Infinity,
      start: (bounds) => bounds.start,
      clock: 'event',
      maxBatchBytes: 1 << 20,
    },
    {
      log,
      parse: parseJson,
      randomKey: () => [1, 2],
      elapsed: more.elapsed ?? (() => 0),
      monitorLag: async () => more.lag?.() ?? 0,
    },
  );
}

function monitorOn(
  log: Log,
  { revision = 1, looks = false, slices }: { revision?: number; looks?: boolean; slices?: MonitorStageDeps['slices'] } = {},
) {
  const { pipeline, dimensions, windows, measures } = spec;
  const detect = [{ detector: 'first' as 'threshold', config: {}, measure: 'n', window: '10s', over: 'all' as const }];
  const monitorSpec = {
    pipeline,
    dimensions,
    windows,
    measures,
    rollups: [],
    falseAlarmsPerDay: 1,
    detect: looks ? detect : [],
    repeatAfterMs: 60_000,
    locale: 'en' as const,
  };
  const monitor = createMonitor(monitorSpec, { alerts: createAlerts(monitorSpec), catalog: { first } });
  return openMonitorStage(
    { plan, topics, revision, completeFrom: -Infinity, provisional: true, clock: 'event' },
    { log, monitor, ...(looks && { elapsed: () => 0 }), ...(slices && { slices }) },
  );
}

function send(log: Log, ...seconds: number[]): Promise<number[]> {
  const values = seconds.map((second) => JSON.stringify({ id: `n${second}`, at: second * 1_000 }));
  return log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(values) }] });
}

test('while the monitor is too far behind nothing is read, and nobody calls that idle', async () => {
  await withTopics(async (log) => {
    let lag = 0;
    let elapsed = 0;
    const stage = await partition(log, { lag: () => lag, elapsed: () => elapsed });
    assert.equal(await stage.step(), 0);
    lag = 1_000_000;
    await stage.commit();
    await send(log, 1, 2);
    assert.equal(await stage.step(), 0);
    elapsed = 60_000;
    assert.deepEqual([stage.hasNews(), stage.status().caughtUp], [false, false]);
    lag = 0;
    assert.equal(await stage.step(), 2);
  });
});

test('the monitor tells how many dead letters there are, each once, also after a restart', async () => {
  await withTopics(async (log) => {
    const stage = await partition(log);
    const monitor = await monitorOn(log);
    const lettersOf = async (one: typeof monitor): Promise<number> => {
      while ((await one.step()) > 0);
      return (await one.commit()).deadLetters;
    };
    const bringBroken = async (...texts: string[]): Promise<void> => {
      await log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(texts) }] });
      await stage.step();
      await stage.commit();
    };
    await bringBroken('no json', 'none either');
    assert.deepEqual([await lettersOf(monitor), await lettersOf(monitor)], [2, 0]);
    await bringBroken('nor this');
    assert.equal(await lettersOf(monitor), 1);
    assert.equal(await lettersOf(await monitorOn(log)), 0, 'the next one begins where this one has noted');
  });
});

test('the monitor tells provisional rows once, final ones when told to the end, and counts as the partition has told', async () => {
  await withTopics(async (log) => {
    const stage = await partition(log);
    const monitor = await monitorOn(log);
    await send(log, 1, 2);
    await stage.step();
    await stage.commit();
    while ((await monitor.step()) > 0);
    const shown = await monitor.commit();
    assert.deepEqual([shown.records, shown.provisional.map(({ events }) => events)], [[], [2]]);
    await send(log, 11);
    await stage.step();
    await stage.commit();
    while ((await monitor.step()) > 0);
    const { records } = await monitor.commit();
    assert.deepEqual(
      records.map((record) => (record.kind === 'row' ? record.events : 'closed')),
      [2, 'closed'],
    );
    const [status] = monitor.partitions();
    assert.deepEqual([status!.offset, status!.totals.accepted, monitor.frontier], [3, 3, 11_000]);
  });
});

test('partials that retention took before they were read are an error, not a loss', async () => {
  await withTopics(async (log) => {
    await partition(log);
    const gone: Log = {
      ...log,
      read: async (...args) => {
        const batch = await log.read(...args);
        return batch && { ...batch, firstOffset: batch.firstOffset + 5 };
      },
      bounds: async () => ({ start: 5, end: 9, storedBytes: 0 }),
      committed: async () => 0,
    };
    const late = await monitorOn(gone);
    await assert.rejects(late.step(), { code: 'log_unreadable' });
  });
});

test('partials of an older revision are passed over, those of a newer one end a monitor that is out of date', async () => {
  await withTopics(async (log) => {
    const tell = (revision: number): Promise<number[]> => {
      const partials = {
        partition: 't/0',
        live: [{ start: 0, cells: [[{ labels: [], events: 1, offsets: 1, values: [1] }]] }],
        replayed: [],
        finals: [],
      };
      return log.commit({ appends: [{ topic: partialsTopic('p'), partition: 0, ...packRecords(encodePartials({ partials, revision })) }] });
    };
    await tell(1);
    const monitor = await monitorOn(log, { revision: 2 });
    assert.equal(await monitor.step(), 1);
    assert.deepEqual((await monitor.commit()).provisional, []);
    await tell(3);
    await assert.rejects(monitor.step(), { code: 'revision_changed' });
  });
});

test('partials of a partition that was added while the monitor ran end it, and are not passed over; those of a topic that is not read are', async () => {
  await withTopics(async (log) => {
    const tell = (name: string): Promise<number[]> => {
      const partials = { partition: name, live: [], replayed: [], finals: [] };
      const packed = packRecords(encodePartials({ partials, revision: 1 }));
      return log.commit({ appends: [{ topic: partialsTopic('p'), partition: 0, ...packed }] });
    };
    const monitor = await monitorOn(log);
    await tell('other/0');
    assert.equal(await monitor.step(), 1);
    await tell('t/1');
    await assert.rejects(monitor.step(), { code: 'topic_conflict', message: /t\/1 .* had 1\. .*start them again/ });
  });
});

test('a new revision is settled once, and each partition follows it when it is opened', async () => {
  await withTopics(async (log) => {
    const settle = (windows: string, choice: Parameters<typeof settleStageRevision>[3], startedAt = 10) =>
      settleStageRevision('p', { windows, parts: {}, detect: 'd' }, [input], choice, {
        log,
        readPartition: async () => ({ ...log, close: async () => {} }),
        startedAt,
        now: 20,
      });
    const begun = await settle('one', { kind: 'same' });
    await followRevision(log, 'p', input, begun);
    const stage = await partition(log);
    await send(log, 1, 2);
    await stage.step();
    await stage.commit();
    await assert.rejects(settle('two', { kind: 'same' }), { code: 'revision_changed' });
    const second = await settle('two', { kind: 'from', from: 'earliest' }, 30);
    assert.deepEqual([second.windows.counter, second.offsets], [2, { 't/0': 0 }]);
    // Another process that was started with the same choice before it was settled.
    assert.deepEqual(await settle('two', { kind: 'from', from: 'earliest' }, 15), second);
    await followRevision(log, 'p', input, second);
    assert.equal(await log.committed('p', 't', 0), 0);
    const again = await partition(log, { revision: 2 });
    assert.deepEqual([again.status().totals.accepted, await again.step(), again.status().totals.accepted], [0, 2, 2]);
    await again.commit();
    await followRevision(log, 'p', input, second);
    assert.equal(await log.committed('p', 't', 0), 2, 'it is followed once');
  });
});

test('what stands at the end of a topic already is left out, as often as it stands there', async () => {
  await withTopics(async (log) => {
    const texts = (...values: string[]) => values.map((text) => ({ key: 'k', text }));
    await log.commit({ appends: [{ topic: topics.windows, partition: 0, ...packRecords(['old', 'a', 'b', 'a']) }] });
    const tail = await readAppendedTail(log, topics.windows, 1);
    assert.equal(tail.isSettled, false);
    assert.deepEqual(tail.missing(texts('old', 'a', 'b')), texts('old'));
    assert.deepEqual(tail.missing(texts('a', 'a', 'c')), texts('a', 'c'));
    assert.equal(tail.isSettled, true);
    assert.equal((await readAppendedTail(log, topics.windows, undefined)).next, 4);
  });
});

async function alertsOn(log: Log): Promise<string[]> {
  const batch = await log.read(topics.alerts, 0, 0, { maxBytes: 1 << 20 });
  const events = Array.from({ length: batch?.count ?? 0 }, (_, i) => JSON.parse(Buffer.from(recordAt(batch!, i)).toString()) as AlertEvent);
  return events.map(
    ({ window_start: start, status, look }) => `${start.slice(17, 19)} ${status}${look ? ` look ${look.number}: ${look.value}` : ''}`,
  );
}

for (const dies of ['between its append and its note', 'behind its note']) {
  test(`a look that rang rings once, and its window goes on from it, where the monitor dies ${dies}`, async () => {
    await withTopics(async (log) => {
      const stage = await partition(log);
      const bring = async (...seconds: number[]): Promise<void> => {
        await send(log, ...seconds);
        while ((await stage.step()) > 0);
        await stage.commit();
      };
      const isCutShort = dies.startsWith('between');
      const mortal: Log = {
        ...log,
        async commit(unit) {
          if (!isCutShort || !unit.appends?.some(({ topic }) => topic === topics.alerts)) return log.commit(unit);
          await log.commit({ appends: unit.appends });
          throw new Error('killed');
        },
      };
      const monitor = await monitorOn(mortal, { looks: true });
      await bring(1, 2, 11, 12, 13, 14);
      while ((await monitor.step()) > 0);
      if (isCutShort) await assert.rejects(monitor.commit(), /killed/);
      else await monitor.commit();
      assert.deepEqual(await alertsOn(log), ['10 firing look 0: 4']);

      const next = await monitorOn(log, { looks: true });
      await bring(15, 16);
      while ((await next.step()) > 0);
      assert.deepEqual((await next.commit()).alerts, []);
      await bring(21, 22);
      while ((await next.step()) > 0);
      await next.commit();
      await bring(31);
      while ((await next.step()) > 0);
      await next.commit();
      assert.deepEqual(await alertsOn(log), ['10 firing look 0: 4', '20 resolved']);
    });
  });
}

test('what is no alert among the alerts stops no monitor', async () => {
  await withTopics(async (log) => {
    await monitorOn(log);
    await log.commit({ appends: [{ topic: topics.alerts, partition: 0, ...packRecords(['', 'null', 'no alert']) }] });
    await monitorOn(log);
  });
});

test('what the monitor reads is news until it is in the log: while it is taken in, and while it is being written', async () => {
  await withTopics(async (log) => {
    const stage = await partition(log);
    const opened: MonitorStage[] = [];
    const hadNews: boolean[] = [];
    const ask = (): void => void hadNews.push(...opened.map((each) => each.hasNews()));
    const asking: Log = {
      ...log,
      async commit(unit) {
        ask();
        const firsts = await log.commit(unit);
        ask();
        return firsts;
      },
    };
    const slices = async <T>(work: Sliced<T>): Promise<T> => {
      ask();
      return atOnce(work);
    };
    const monitor = await monitorOn(asking, { slices });
    opened.push(monitor);
    await send(log, 1, 12);
    await stage.step();
    await stage.commit();
    assert.equal(monitor.hasNews(), false);
    while ((await monitor.step()) > 0);
    assert.deepEqual(new Set(hadNews.splice(0)), new Set([true]));
    await monitor.commit();
    assert.deepEqual([new Set(hadNews), monitor.hasNews()], [new Set([true]), false]);
  });
});
