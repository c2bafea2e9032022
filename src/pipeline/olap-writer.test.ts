import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { packRecords } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { OlapStore } from '../olap-store/olap-store.ts';
import { createOlapWriter } from './olap-writer.ts';
import { topicsOf } from './topics.ts';

const topics = topicsOf('p');

async function filled(log: Log): Promise<void> {
  for (const name of [...Object.values(topics), 'raw']) await log.ensureTopic(name, { partitions: 1 });
  const json = (values: object[]) => packRecords(values.map((value) => JSON.stringify(value)));
  await log.commit({
    appends: [
      { topic: topics.windows, partition: 0, ...json([{ kind: 'row', events: 1 }, { kind: 'closed' }, { kind: 'row', events: 2 }]) },
      { topic: topics.alerts, partition: 0, ...json([{ alert_id: 'a' }]) },
      { topic: topics.alerts, partition: 0, ...json([{ alert_id: 'b' }]) },
      { topic: topics.deadLetters, partition: 0, ...json([{ reason: 'late' }]) },
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
    putWindows: (rows: readonly { events: number }[]) => take(...rows.map(({ events }) => `row ${events}`)),
    putAlerts: (_: string, alerts: readonly { record: { alert_id: string }; version: number }[]) =>
      take(...alerts.map(({ record, version }) => `alert ${record.alert_id} ${version}`)),
    putDeadLetters: (_: string, letters: readonly { reason: string }[]) => take(...letters.map(({ reason }) => `letter ${reason}`)),
    putRawEvents: (_: string, events: readonly { offset: number; payload: Uint8Array }[]) =>
      take(...events.map(({ offset, payload }) => `raw ${offset} ${Buffer.from(payload).toString()}`)),
  };
  return { taken, olap: olap as unknown as OlapStore };
}

const everything = ['row 1', 'row 2', 'alert a 0', 'alert b 1', 'letter late', 'raw 0 {"x":1}', 'raw 1 '];

test('a store that is away is waited for, longer each time, said once; then it has everything, and the offsets stand', async () => {
  await withTempLog(async (temp) => {
    await filled(temp.log);
    const { taken, olap } = storeThatFails(8);
    const said: string[] = [];
    const waits: number[] = [];
    const logger = { info: (text: string) => void said.push(text), warn: (text: string) => void said.push(text) };
    const rawEvents = { keepMs: 1_000, partitions: [{ topic: 'raw', partition: 0 }] };
    const config = { pipeline: 'p', topics, rawEvents };
    const stopping = new AbortController();
    const sleep = async (ms: number): Promise<void> => {
      waits.push(ms);
      if (taken.length === everything.length) stopping.abort();
    };
    const writer = createOlapWriter(config, { log: temp.log, olap, logger, sleep });
    assert.equal(await writer.lag(), 8);
    await writer.run(stopping.signal);
    assert.deepEqual(taken, everything);
    assert.deepEqual(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 500]);
    assert.equal(said.length, 2);
    assert.match(said[0]!, /connection refused/);
    assert.equal(await writer.lag(), 0);

    await temp.reopen();
    const again = storeThatFails(0);
    const second = createOlapWriter(config, {
      log: temp.log,
      olap: again.olap,
      logger,
      sleep: async () => stopped.abort(),
    });
    const stopped = new AbortController();
    await second.run(stopped.signal);
    assert.deepEqual(again.taken, [], 'what the store has is not sent again');
  });
});
