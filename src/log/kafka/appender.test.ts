/** What goes together into a batch, without a broker: a producer that takes so much at a time. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { packRecords, recordAt } from '../batch.ts';
import type { RecordsToAppend } from '../log.ts';
import { createAppender } from './appender.ts';
import type { Offsets } from './offsets.ts';
import type { Producer } from './producer.ts';
import { decodeBatches } from './record-batch.ts';
import { createUnpacker } from './unpack/unpacker.ts';

const unpacker = createUnpacker();
const NO_OFFSETS = { largestTime: async () => undefined, end: async () => 0 } as unknown as Offsets;

/** A topic that takes batches of at most `maxBytes`; `lost`: from this request on it is away. */
function topicTaking(maxBytes: number, lost = Infinity) {
  const values: string[] = [];
  let refused = 0;
  let asked = 0;
  const producer: Producer = {
    async send(topic, partition, batch) {
      if (++asked >= lost) throw new AppError('log_unavailable', 'away', { retryable: true });
      if (batch.length > maxBytes) {
        refused++;
        throw new AppError('record_too_large', 'larger than the broker takes');
      }
      const base = values.length;
      const { batches } = decodeBatches({ topic, partition, pieces: [batch], aborted: [] }, 0, unpacker);
      for (const each of batches) for (let i = 0; i < each.count; i++) values.push(Buffer.from(recordAt(each, i)).toString());
      return base;
    },
  };
  const appender = createAppender({ producer, offsets: NO_OFFSETS, clock: systemClock });
  return { appender, values, refused: () => refused };
}

const one = (values: readonly string[]): RecordsToAppend => ({ topic: 't', partition: 0, ...packRecords(values) });
const noise = (bytes: number): string => randomBytes(bytes / 2).toString('hex');
const codes = (outcomes: readonly { failed?: unknown }[]) => outcomes.map(({ failed }) => (failed as AppError | undefined)?.code);

test('small records that a topic does not take together go as smaller batches, in order', async () => {
  const { appender, values, refused } = topicTaking(8_192);
  const units = Array.from({ length: 10 }, (_, u) => Array.from({ length: 50 }, (__, i) => `${u}/${i} ${noise(400)}`));
  const outcomes = await appender.append(units.map((records) => [one(records)]));
  assert.deepEqual(codes(outcomes), Array(10).fill(undefined));
  assert.deepEqual(values, units.flat());
  assert.deepEqual(
    outcomes.map(({ firstOffsets }) => firstOffsets),
    units.map((_, u) => [50 * u]),
  );
  const before = refused();
  await appender.append(units.map((records) => [one(records)]));
  assert.deepEqual([values.length, refused() - before], [1_000, 0], 'what the topic takes is known by then');
});

test('of records in one batch the one that is too large alone is refused, and the rest of its unit with it', async () => {
  const { appender, values } = topicTaking(8_192);
  const mixed = ['b0', noise(40_000), 'b2'];
  const outcomes = await appender.append([[one(['a0', 'a1'])], [one(mixed)], [one(['c0']), one(['c1'])]]);
  assert.deepEqual(codes(outcomes), [undefined, 'record_too_large', undefined]);
  assert.deepEqual(
    values.filter((value) => !value.startsWith('b')),
    ['a0', 'a1', 'c0', 'c1'],
  );
  assert.ok(!values.includes('b2'));
  const [a, , c] = outcomes.map(({ firstOffsets }) => firstOffsets);
  assert.deepEqual([a, c], [[0], ['c0', 'c1'].map((value) => values.indexOf(value))]);
});

test('where the log goes away between the halves only those are acknowledged that stand there', async () => {
  const { appender, values } = topicTaking(8_192, 3);
  const outcomes = await appender.append([[one([noise(6_000)])], [one([noise(6_000)])], [one(['c'])]]);
  assert.deepEqual(codes(outcomes), [undefined, 'log_unavailable', 'log_unavailable']);
  assert.equal(values.length, 1);
});
