import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { closedAt, rowAt } from '../../test/support/window-row.ts';
import { AppError } from '../core/errors.ts';
import { packRecords } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { OlapStore, PipelineToStore } from '../olap-store/olap-store.ts';
import { rowVersion } from '../windows/row-version.ts';
import { createOlapWriter } from './olap-writer.ts';
import { topicsOf } from './topics.ts';

const topics = topicsOf('p');

async function filled(log: Log): Promise<void> {
  for (const name of [...Object.values(topics), 'raw']) await log.ensureTopic(name, { partitions: 1 });
  const row = (events: number): string => JSON.stringify(rowAt(0, { events, version: rowVersion(1, 'final', 0) }));
  const alert = (alert_id: string) => JSON.stringify({ ...sampleAlert, alert_id });
  const letter = { topic: 'raw', partition: 0, offset: 0, outcome: 'late', reason: 'late', revision: 1 };
  await log.commit({
    appends: [
      { topic: topics.windows, partition: 0, ...packRecords([row(1), JSON.stringify(closedAt(0)), row(2)]) },
      // Somebody else's lines among them.
      { topic: topics.alerts, partition: 0, ...packRecords([alert('a'), '', 'a test line']) },
      { topic: topics.alerts, partition: 0, ...packRecords([alert('b')]) },
      { topic: topics.deadLetters, partition: 0, ...packRecords(['{}', JSON.stringify(letter)]) },
      { topic: 'raw', partition: 0, ...packRecords(['{"x":1}', null]) },
    ],
  });
}

/** A store that fails so many times before it takes anything. */
function storeThatFails(times: number) {
  const taken: unknown[] = [];
  let failures = times;
  const take = async (...values: unknown[]): Promise<void> => {
    if (failures-- > 0) throw new Error('connection refused');
    taken.push(...values);
  };
  const olap = {
    putPipeline: ({ pipeline }: { pipeline: string }) => take(`pipeline ${pipeline}`),
    putWindows: (rows: readonly { events: number }[]) => take(...rows.map(({ events }) => `row ${events}`)),
    putAlerts: (_: string, alerts: readonly { record: { alert_id: string }; version: number }[]) =>
      take(...alerts.map(({ record, version }) => `alert ${record.alert_id} ${version}`)),
    putDeadLetters: (_: string, letters: readonly { reason: string }[]) => take(...letters.map(({ reason }) => `letter ${reason}`)),
    putRawEvents: (_: string, events: readonly { offset: number; payload: Uint8Array }[]) =>
      take(...events.map(({ offset, payload }) => `raw ${offset} ${Buffer.from(payload).toString()}`)),
  };
  return { taken, olap: olap as unknown as OlapStore };
}

const everything = ['pipeline p', 'row 1', 'row 2', 'alert a 0', 'alert b 3', 'letter late', 'raw 0 {"x":1}', 'raw 1 '];

const spec: PipelineToStore = { pipeline: 'p', measures: [], windows: [] };

/** A clock that stands still, but for what the writer sleeps. */
function machine(onSleep: (ms: number) => void = () => {}) {
  let now = 0;
  const waits: number[] = [];
  const said: string[] = [];
  return {
    waits,
    said,
    clock: { elapsed: () => now },
    unit: () => 0,
    logger: { info: (text: string) => void said.push(text), warn: (text: string) => void said.push(text) },
    sleep: async (ms: number): Promise<void> => {
      waits.push(ms);
      now += ms;
      onSleep(ms);
    },
  };
}

test('a store that is away is waited for, longer each time, said once; then it has everything, and the offsets stand', async () => {
  await withTempLog(async (temp) => {
    await filled(temp.log);
    const { taken, olap } = storeThatFails(8);
    const rawEvents = { keepMs: 1_000, partitions: [{ topic: 'raw', partition: 0 }] };
    const config = { pipeline: spec, topics, rawEvents };
    const stopping = new AbortController();
    const beside = machine(() => {
      if (taken.length === everything.length) stopping.abort();
    });
    const writer = createOlapWriter(config, { log: temp.log, olap, ...beside });
    assert.equal(await writer.lag(), 11);
    writer.hurry();
    await writer.run(stopping.signal);
    assert.deepEqual(taken, everything);
    assert.deepEqual(beside.waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 250]);
    assert.equal(beside.said.length, 2);
    assert.match(beside.said[0]!, /connection refused/);
    assert.equal(await writer.lag(), 0);

    await temp.reopen();
    const again = storeThatFails(0);
    const stopped = new AbortController();
    const second = createOlapWriter(config, { log: temp.log, olap: again.olap, ...machine(() => stopped.abort()) });
    second.hurry();
    await second.run(stopped.signal);
    assert.deepEqual(again.taken, ['pipeline p'], 'what the store has is not sent again');
  });
});

test('marks of transactions behind the raw events are nothing that the store lacks', async () => {
  await withTempLog(async (temp) => {
    await filled(temp.log);
    // Two marks stand behind the records of the raw topic.
    const log: Log = {
      ...temp.log,
      async bounds(topic, partition) {
        const bounds = await temp.log.bounds(topic, partition);
        return topic === 'raw' ? { ...bounds, end: bounds.end + 2 } : bounds;
      },
    };
    const rawEvents = { keepMs: 1_000, partitions: [{ topic: 'raw', partition: 0 }] };
    const stopping = new AbortController();
    const { taken, olap } = storeThatFails(0);
    const beside = machine(() => taken.length === everything.length && stopping.abort());
    const writer = createOlapWriter({ pipeline: spec, topics, rawEvents }, { log, olap, ...beside });
    assert.equal(await writer.lag(), 13, 'before it was looked');
    writer.hurry();
    await writer.run(stopping.signal);
    assert.equal(await writer.lag(), 0);
    await temp.log.commit({ appends: [{ topic: 'raw', partition: 0, ...packRecords(['{"x":2}']) }] });
    assert.equal(await writer.lag(), 3);
  });
});

test('what others wrote among the windows keeps nothing from the store', async () => {
  await withTempLog(async ({ log }) => {
    await filled(log);
    const strangers = ['a test line', null, 'null', '{"kind":"row"}', JSON.stringify({ ...rowAt(0), version: 'x' })];
    await log.commit({
      appends: [{ topic: topics.windows, partition: 0, ...packRecords([...strangers, JSON.stringify(rowAt(0, { events: 3 }))]) }],
    });
    const { taken, olap } = storeThatFails(0);
    const stopping = new AbortController();
    const beside = machine(() => stopping.abort());
    const writer = createOlapWriter({ pipeline: spec, topics }, { log, olap, ...beside });
    writer.hurry();
    await writer.run(stopping.signal);
    assert.deepEqual(taken, ['pipeline p', 'row 1', 'row 2', 'row 3', 'alert a 0', 'alert b 3', 'letter late']);
    assert.deepEqual([beside.said, await writer.lag()], [[], 0]);
  });
});

test('few records wait a second for more, many do not', async () => {
  await withTempLog(async (temp) => {
    for (const name of Object.values(topics)) await temp.log.ensureTopic(name, { partitions: 1 });
    const text = JSON.stringify(rowAt(0));
    const append = (count: number) =>
      temp.log.commit({
        appends: [
          {
            topic: topics.windows,
            partition: 0,
            ...packRecords(Array.from({ length: count }, () => text)),
          },
        ],
      });
    const puts: number[] = [];
    const olap = { putPipeline: async () => {}, putWindows: async (rows: readonly unknown[]) => void puts.push(rows.length) };
    const stopping = new AbortController();
    const steps = [() => append(3), () => append(5_000), async () => {}, async () => {}, async () => stopping.abort()];
    const counts: number[] = [];
    const beside = machine();
    const sleep = async (ms: number): Promise<void> => {
      counts.push(puts.reduce((sum, each) => sum + each, 0));
      await beside.sleep(ms);
      await steps[counts.length - 1]?.();
    };
    await append(2);
    const writer = createOlapWriter({ pipeline: spec, topics }, { log: temp.log, olap: olap as unknown as OlapStore, ...beside, sleep });
    await writer.run(stopping.signal);
    // 2 wait; 5 have waited half a second; more than 5,000 are put at once; then nothing is left.
    assert.deepEqual(counts, [0, 0, 5_005, 5_005, 5_005]);
  });
});

test('what somebody must mend is kept, tried again ever more rarely, and forgotten once it is mended', async () => {
  await withTempLog(async (temp) => {
    await filled(temp.log);
    let isMended = false;
    const stopping = new AbortController();
    const beside = machine(() => {
      if (beside.waits.length === 10) isMended = true;
      if (beside.waits.length === 12) stopping.abort();
      assert.equal(writer.refusal()?.code, beside.waits.length <= 10 ? 'olap_refused' : undefined);
    });
    const olap = {
      putPipeline: async () => {
        if (!isMended) throw new AppError('olap_refused', 'wrong password');
      },
      putWindows: async () => {},
      putAlerts: async () => {},
      putDeadLetters: async () => {},
    } as unknown as OlapStore;
    const writer = createOlapWriter({ pipeline: spec, topics }, { log: temp.log, olap, ...beside });
    await writer.run(stopping.signal);
    assert.deepEqual(beside.waits.slice(5, 10), [8_000, 16_000, 32_000, 60_000, 60_000]);
    assert.equal(beside.said.length, 2);
  });
});

test('of a revision that has begun meanwhile the store is told what it has read again', async () => {
  await withTempLog(async (temp) => {
    for (const name of Object.values(topics)) await temp.log.ensureTopic(name, { partitions: 1 });
    const append = async (revision: number): Promise<void> => {
      const row = JSON.stringify(rowAt(0, { version: rowVersion(revision, 'final', 0) }));
      await temp.log.commit({ appends: [{ topic: topics.windows, partition: 0, ...packRecords([row]) }] });
    };
    const told: unknown[] = [];
    const olap = { putPipeline: async (pipeline: unknown) => void told.push(pipeline), putWindows: async () => {} } as unknown as OlapStore;
    const stopping = new AbortController();
    const beside = machine();
    const sleep = async (ms: number): Promise<void> => {
      await beside.sleep(ms);
      if (beside.waits.length === 1) await append(1);
      else if (beside.waits.length === 2) await append(3);
      else if (beside.waits.length === 3) stopping.abort();
    };
    const readAnew = async (since: number) => (since < 3 ? [] : [{ revision: 3, from: { 'raw/0': 7 } }]);
    const writer = createOlapWriter({ pipeline: spec, topics }, { log: temp.log, olap, ...beside, sleep, readAnew });
    writer.hurry();
    await writer.run(stopping.signal);
    assert.deepEqual(told, [
      { ...spec, readAnew: [] },
      { ...spec, readAnew: [{ revision: 3, from: { 'raw/0': 7 } }] },
    ]);
  });
});
