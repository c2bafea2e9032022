/** Reading a ledger, without a broker: what a leader answers is made here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { AT } from './batch-header.ts';
import { buildBatch, stampBatch } from './batch-builder.ts';
import type { Cluster } from './cluster.ts';
import { mayPass } from './errors.ts';
import type { FetchAnswer, FetchOptions } from './fetch-api.ts';
import { createLedger, epochRecord } from './ledger.ts';
import { openLedger } from './ledger-store.ts';
import { createUnpacker } from './unpack/unpacker.ts';

test('a new leader that does not know of the end yet is asked again: nothing of the ledger is passed over', async () => {
  const ledger = createLedger();
  ledger.take(0, epochRecord('owner'));
  const stored = [epochRecord('owner'), ...ledger.records(new Map([['name', Buffer.from('value')]]))].map(({ key, value }, offset) => {
    const builder = buildBatch();
    builder.add(Buffer.from(key), value, 1);
    const batch = builder.finish('none');
    batch.writeBigInt64BE(BigInt(offset), AT.baseOffset);
    stampBatch(batch, { id: -1n, epoch: 0 }, 0);
    return batch;
  });
  let asked = 0;
  const cluster = {
    config: { shown: 'kafka://b' },
    topics: async () => new Map([['l', {}]]),
    leader: async () => 1,
    forget: () => {},
    async call(_api: unknown, _node: unknown, [{ offset }]: [FetchOptions]): Promise<FetchAnswer> {
      // It has both, and learns from the others only a while later that the second one counts.
      const end = ++asked < 4 ? 1 : 2;
      return { highWatermark: end, lastStableOffset: end, aborted: [], pieces: stored.slice(offset, Math.min(offset + 1, end)) };
    },
    async persist(_doing: string, attempt: () => Promise<unknown>) {
      for (;;) {
        try {
          return await attempt();
        } catch (error) {
          if (!mayPass(error)) throw error;
        }
      }
    },
  } as unknown as Cluster;
  const deps = { cluster, offsets: { start: async () => 0, end: async () => 2 }, unpacker: createUnpacker(), clock: systemClock };
  const place = { topic: 'l', partition: 0, readOnly: true };
  const { state } = await openLedger(place, deps as unknown as Parameters<typeof openLedger>[1]);
  assert.deepEqual(
    (await state('')).map(([name, value]) => [name, Buffer.from(value).toString()]),
    [['name', 'value']],
  );
});
