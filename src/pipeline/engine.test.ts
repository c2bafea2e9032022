import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { createAlerts } from '../alerts/alerts.ts';
import { atOnce } from '../core/slices.ts';
import { AppError } from '../core/errors.ts';
import { packRecords } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import { parseJson } from '../windows/decode/decoder.ts';
import { compilePlan } from '../windows/plan.ts';
import { openEngine, type Engine } from './engine.ts';
import { createMonitor } from './monitor/monitor.ts';
import { topicsOf } from './topics.ts';

const spec = smallSpec({ sources: [smallSource({ partitions: 2 })] });
const topics = topicsOf('p');

function openOn(log: Log, elapsed: () => number = () => 0): Promise<Engine> {
  const { pipeline, dimensions, windows, rollups, measures } = spec;
  const watched = { pipeline, dimensions, windows, rollups, measures };
  const monitorSpec = { ...watched, detect: [], falseAlarmsPerDay: 1, repeatAfterMs: 1, locale: 'en' as const };
  return openEngine(
    {
      plan: compilePlan(spec),
      topics,
      revision: 1,
      completeFrom: -Infinity,
      start: (_, __, bounds) => bounds.start,
      provisional: true,
      clock: 'event',
      maxBatchBytes: 1 << 20,
    },
    {
      log,
      monitor: createMonitor(monitorSpec, { alerts: createAlerts(monitorSpec) }),
      parse: { json: parseJson, combined: parseJson },
      checks: new Map(),
      randomKey: () => [1, 2],
      elapsed,
    },
  );
}

let nextId = 0;
function send(log: Log, partition: number, ...seconds: number[]): Promise<number[]> {
  const values = seconds.map((second) => JSON.stringify({ id: `n${nextId++}`, at: second * 1_000 }));
  return log.commit({ appends: [{ topic: 't', partition, ...packRecords(values) }] });
}

async function stored(log: Log, topic: string): Promise<string[]> {
  const batch = await log.read(topic, 0, 0, { maxBytes: 1 << 20 });
  const text = Buffer.from(batch?.bytes ?? []).toString();
  return batch ? Array.from(batch.ends, (end, i) => text.slice(i === 0 ? 0 : batch.ends[i - 1], end)) : [];
}

test('a commit that the log refuses leaves nothing behind: the next life tells everything, once', async () => {
  await withTempLog(async ({ log }) => {
    const full: Log = { ...log, commit: () => Promise.reject(new AppError('disk_full', 'full')) };
    const refused = await openOn(full);
    await send(log, 0, 1, 2, 12);
    await send(log, 1, 3, 15);
    await log.commit({ appends: [{ topic: 't', partition: 1, ...packRecords(['x'.repeat(101)]) }] });
    assert.equal(await refused.step(), 6);
    assert.ok(refused.pendingBytes > 0);
    await assert.rejects(refused.commit(), { code: 'disk_full' });
    assert.deepEqual([await stored(log, topics.windows), await stored(log, topics.deadLetters)], [[], []]);

    const engine = await openOn(log);
    await engine.step();
    const { records, deadLetters } = await engine.commit();
    assert.deepEqual(
      records.map((record) => (record.kind === 'row' ? record.events : 'closed')),
      [3, 'closed'],
    );
    assert.deepEqual([deadLetters, engine.pendingBytes], [1, 0]);
    assert.equal((await stored(log, topics.deadLetters)).length, 1);
  });
});

test('there is news when something was read, and when a partition falls idle or awakes', async () => {
  await withTempLog(async ({ log }) => {
    let elapsed = 0;
    const engine = await openOn(log, () => elapsed);
    await send(log, 0, 1, 11);
    await engine.step();
    await engine.step();
    assert.equal(engine.hasNews(), true);
    const waiting = await engine.commit();
    assert.deepEqual([waiting.records, waiting.provisional.map(({ events }) => events)], [[], [1, 1]]);
    assert.equal(engine.hasNews(), false);
    elapsed = 30_000;
    assert.equal(engine.hasNews(), false, 'one that stood still since it last read cannot tell');
    await engine.step();
    assert.equal(engine.hasNews(), true);
    const idle = await engine.commit();
    assert.deepEqual(
      idle.records.map(({ kind, idle: named }) => [kind, named]),
      [
        ['row', ['t/1']],
        ['closed', ['t/1']],
      ],
    );
    assert.equal(engine.hasNews(), false);
    await send(log, 1, 2);
    await engine.step();
    const awake = await engine.commit();
    assert.deepEqual(
      awake.records.map((record) => record.kind === 'row' && [record.events, record.corrections, record.idle]),
      [[2, 1, ['t/1']]],
    );
  });
});

test('a flush shows what is open and changes nothing: what comes later is final and right', async () => {
  await withTempLog(async ({ log }) => {
    const engine = await openOn(log);
    await send(log, 0, 1, 11);
    await send(log, 1, 12);
    for (let i = 0; i < 2; i++) await engine.step();
    const flushed = await engine.flush();
    assert.deepEqual(
      flushed.provisional.map(({ window_start, events, final }) => [Date.parse(window_start), events, final]),
      [[10_000, 2, false]],
    );
    assert.deepEqual(atOnce(engine.counts()), { '10s': { results: 2, corrections: 0 } });
    const next = await openOn(log);
    await send(log, 0, 13, 25);
    await send(log, 1, 20);
    await next.step();
    const { records } = await next.commit();
    assert.deepEqual(
      records.map((record) => (record.kind === 'row' ? [record.events, record.final, record.corrections] : 'closed')),
      [[3, true, 0], 'closed'],
    );
    assert.deepEqual(atOnce(next.counts()), { '10s': { results: 3, corrections: 0 } });
  });
});

test('the frontier moves when what follows from it is in the log, and goes on from there after a restart', async () => {
  await withTempLog(async ({ log }) => {
    let before: number | undefined;
    const engine = await openOn({ ...log, commit: (unit) => ((before = engine.frontier), log.commit(unit)) });
    await send(log, 0, 1, 12);
    await send(log, 1, 3, 15);
    await engine.step();
    await engine.commit();
    assert.equal(before, -Infinity);
    const { frontier } = engine;
    assert.ok(frontier > 0);
    assert.equal((await openOn(log)).frontier, frontier);
  });
});

test('what was read is news until it is in the log, while the commit that holds it is being written too', async () => {
  await withTempLog(async ({ log }) => {
    const hadNews: boolean[] = [];
    const engine = await openOn({
      ...log,
      async commit(unit) {
        hadNews.push(engine.hasNews());
        const firsts = await log.commit(unit);
        hadNews.push(engine.hasNews());
        return firsts;
      },
    });
    await engine.commit();
    assert.equal(engine.hasNews(), false);
    hadNews.length = 0;
    await send(log, 0, 1, 12);
    await send(log, 1, 3, 15);
    const reading = engine.step();
    assert.equal(engine.hasNews(), true, 'nobody knows yet what a step under way brings');
    await reading;
    await engine.commit();
    assert.deepEqual([...hadNews, engine.hasNews()], [true, true, false]);
  });
});
