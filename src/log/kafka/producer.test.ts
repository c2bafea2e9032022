/** Numbers of batches, against a broker that is made here: it takes a batch with the number of the last one for its repeat. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { AT } from './batch-header.ts';
import { buildBatch } from './batch-builder.ts';
import { ProtocolError, initProducerIdV4 } from './client.ts';
import type { Cluster } from './cluster.ts';
import { explainKafkaError, mayPass } from './errors.ts';
import { createProducer } from './producer.ts';

/** `faults`: what becomes of each request to write, in turn; `before` nothing is written, `after` it is, and the answer is lost. */
function brokerWith(faults: ({ before: Error } | { after: Error } | undefined)[]) {
  const written: string[] = [];
  const last = new Map<string, { sequence: number; offset: number }>();
  let producers = 0;

  function write(batch: Buffer): number {
    const by = `${batch.readBigInt64BE(AT.producerId)}`;
    const sequence = batch.readInt32BE(AT.baseSequence);
    const known = last.get(by);
    if (known?.sequence === sequence) return known.offset;
    if (sequence !== (known ? known.sequence + 1 : 0)) throw new ProtocolError('OUT_OF_ORDER_SEQUENCE_NUMBER');
    last.set(by, { sequence, offset: written.length });
    return written.push(`${by}/${sequence}`) - 1;
  }

  async function call(api: unknown, _node: unknown, args: unknown[]): Promise<unknown> {
    if (api === initProducerIdV4.api) return { producerId: BigInt(++producers), producerEpoch: 0 };
    const fault = faults.shift();
    if (fault && 'before' in fault) throw fault.before;
    const baseOffset = BigInt(write(args[2] as Buffer));
    if (fault) throw fault.after;
    return { responses: [{ partitionResponses: [{ baseOffset }] }] };
  }

  const cluster = {
    config: { shown: 'kafka://b' },
    call,
    leader: async () => 1,
    forget: () => {},
    async persist(doing: string, attempt: () => Promise<unknown>) {
      for (;;) {
        try {
          return await attempt();
        } catch (error) {
          if (!mayPass(error)) throw explainKafkaError(error, 'kafka://b', doing);
        }
      }
    },
  } as unknown as Cluster;
  return { producer: createProducer(cluster), written };
}

function batchOf(value: string): Buffer {
  const builder = buildBatch();
  builder.add(null, Buffer.from(value), 1);
  return builder.finish('none');
}

const lost = new AppError('log_unavailable', 'the answer is lost', { retryable: true });
const denied = new ProtocolError('TOPIC_AUTHORIZATION_FAILED');

test('a batch whose answer was lost is written once', async () => {
  const { producer, written } = brokerWith([{ after: lost }]);
  assert.equal(await producer.send('t', 0, batchOf('a')), 0);
  assert.equal(await producer.send('t', 0, batchOf('b')), 1);
  assert.deepEqual(written, ['1/0', '1/1']);
});

test('the batch after one that was given up, and may stand there, is not taken for its repeat', async () => {
  const { producer, written } = brokerWith([{ after: lost }, { before: denied }]);
  await assert.rejects(producer.send('t', 0, batchOf('a')), { code: 'log_refused' });
  assert.equal(await producer.send('t', 0, batchOf('b')), 1);
  assert.deepEqual(written, ['1/0', '2/0']);
});

test('after a batch that was plainly refused the numbers go on', async () => {
  const { producer, written } = brokerWith([undefined, { before: new ProtocolError('MESSAGE_TOO_LARGE') }]);
  await producer.send('t', 0, batchOf('a'));
  await assert.rejects(producer.send('t', 0, batchOf('b')), { code: 'record_too_large' });
  assert.equal(await producer.send('t', 0, batchOf('c')), 1);
  assert.deepEqual(written, ['1/0', '1/1']);
});
