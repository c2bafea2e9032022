import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { AppError } from '../../core/errors.ts';
import { packRecords } from '../../log/batch.ts';
import type { RecordsToAppend, StateChange } from '../../log/log.ts';
import { decodeUnit, encodeUnit } from './frame.ts';

const value = fc.oneof(fc.string(), fc.uint8Array({ maxLength: 40 }), fc.constant(null));
const append = fc
  .record({
    topic: fc.string(),
    partition: fc.nat(),
    entries: fc.array(fc.tuple(value, fc.string())),
    keyed: fc.boolean(),
    firstLine: fc.nat(),
  })
  .map(({ topic, partition, entries, keyed, firstLine }): RecordsToAppend => {
    const keys = keyed ? entries.map(([, key]) => key) : undefined;
    return {
      topic,
      partition,
      ...packRecords(
        entries.map(([each]) => each),
        keys,
      ),
      firstLine,
    };
  });
const state = fc.tuple(fc.string(), fc.option(fc.uint8Array())).map((change): StateChange => change);

/** Buffers and arrays compare alike by their numbers. */
const plain = (unit: unknown): unknown =>
  JSON.parse(
    JSON.stringify(unit, (_, each) => (each?.type === 'Buffer' ? each.data : ArrayBuffer.isView(each) ? [...(each as Uint8Array)] : each)),
  );

test('a unit comes out of its frame as it went in', () => {
  fc.assert(
    fc.property(fc.array(append, { maxLength: 4 }), fc.array(state, { maxLength: 4 }), (appends, changes) => {
      assert.deepEqual(plain(decodeUnit(encodeUnit({ appends, state: changes }))), plain({ appends, state: changes }));
    }),
    { numRuns: 200 },
  );
});

test('bytes that are no frame are refused, whatever they are', () => {
  const whole = encodeUnit({
    appends: [{ topic: 't', partition: 0, ...packRecords(['one', 'two']) }],
    state: [['ingest/x', Buffer.from('y')]],
  });
  for (let length = 0; length < whole.length; length++) assert.throws(() => decodeUnit(whole.subarray(0, length)), AppError);
  assert.throws(() => decodeUnit(Buffer.concat([whole, Buffer.from('!')])), AppError);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 5, maxLength: 60 }), (bytes) => {
      assert.throws(() => decodeUnit(Buffer.from(bytes)), AppError);
    }),
  );
});
