/** A broker that compacts at once: the ledger stays what it was, and a topic with holes is read around them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { startKafka } from '../../../scripts/services/kafka.ts';
import { connectTo } from '../../../test/support/kafka-log.ts';
import { service } from '../../../test/support/services.ts';
import { packRecords } from '../batch.ts';
import type { KafkaLog } from './kafka-log.ts';

const AT_ONCE = {
  'cleanup.policy': 'compact',
  'segment.ms': '200',
  'max.compaction.lag.ms': '200',
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '0',
};

describe('compaction', { skip: service('kafka').skip }, () => {
  it('takes nothing away that counts, whatever a former owner still writes', { timeout: 90_000 }, async () => {
    const broker = await startKafka({ properties: { 'log.cleaner.backoff.ms': '100', 'log.cleaner.dedupe.buffer.size': '20000000' } });
    try {
      await makeTopics(broker.address, ['ledger', 't']);
      const place = { topic: 'ledger', partition: 0 };
      const connection = await connectTo(broker.address);
      const expected = new Map<string, string>();
      let former: KafkaLog | undefined;
      for (let round = 0; round < 6; round++) {
        const log = await connection.log(place);
        // The zombie overwrites what the new owner has only inherited.
        const late = ['kept', 'gone'].map((key) => [key, Buffer.from('zombie')] as const);
        if (former) await assert.rejects(former.commit({ state: late }), { code: 'log_fenced' });
        if (round === 0) await change(log, expected, 'kept', 'for ever');
        await change(log, expected, 'gone', 'x');
        await change(log, expected, 'gone', null);
        for (let n = 0; n < 20; n++) await change(log, expected, `k${n % 7}`, `${round}/${n}`);
        await log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(['a', 'b', 'c'], ['same', `own ${round}`, 'same']) }] });
        await new Promise((resolve) => setTimeout(resolve, 500)); // longer than a segment stays open
        former = log;
      }
      const { end } = await former!.bounds('ledger', 0);
      const left = async (): Promise<number> => (await offsetsOf(former!, 'ledger')).length;
      const deadline = performance.now() + 40_000;
      while ((await left()) > end / 2 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 200));
      assert.ok((await left()) <= end / 2, `the broker has compacted: of ${end} records ${await left()} are left`);
      const again = await connection.log(place);
      const state = (await again.state('')).map(([key, value]) => [key, Buffer.from(value).toString()]);
      assert.deepEqual(
        state,
        [...expected].sort(([a], [b]) => (a < b ? -1 : 1)),
      );
      // Of `same` only some are left, of the others each: holes, and all records behind them are found.
      const offsets = await offsetsOf(again, 't');
      assert.ok(offsets.length < 18, `${offsets.length} records are left in t`);
      for (let round = 0; round < 6; round++) assert.ok(offsets.includes(3 * round + 1), offsets.join());
      await connection.close();
    } finally {
      await broker.stop();
    }
  });
});

async function change(log: KafkaLog, expected: Map<string, string>, key: string, value: string | null): Promise<void> {
  await log.commit({ state: [[key, value === null ? null : Buffer.from(value)]] });
  if (value === null) expected.delete(key);
  else expected.set(key, value);
}

/** Offsets of all records that are there. */
async function offsetsOf(log: KafkaLog, topic: string): Promise<number[]> {
  const found: number[] = [];
  for (let next = 0; ;) {
    const batch = await log.read(topic, 0, next, { maxBytes: 1 << 20 });
    if (!batch) return found;
    for (let i = 0; i < batch.count; i++) found.push(batch.firstOffset + i);
    next = batch.firstOffset + batch.count;
  }
}

async function makeTopics(address: string, topics: string[]): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [address] });
  const configs = Object.entries(AT_ONCE).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics, partitions: 1, replicas: 1, configs });
  await admin.close();
}
