import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INVALID } from '../core/outcome.ts';
import { packRecords } from '../log/batch.ts';
import { deadLettersOf } from './letter-box.ts';

test('a record whose fault cannot be told in words is a dead letter all the same', () => {
  const batch = { topic: 't', partition: 0, firstOffset: 7, count: 2, ...packRecords(['[1]', '[2]']), appendTimes: new Float64Array(2) };
  const reasons = new Map([
    [0, 'not_object'],
    [1, 'not_object'],
  ]);
  const letters = deadLettersOf(
    batch,
    { outcomes: Uint8Array.of(INVALID, INVALID), reasons, times: new Float64Array(2), lateBy: new Map() },
    {
      revision: 1,
      withAppendTime: false,
      windowStart: () => 0,
      maxRecordBytes: 100,
      explain(reason, text) {
        if (text === '[1]') throw new RangeError('Maximum call stack size exceeded');
        return `${reason}: ${text}`;
      },
    },
  );
  const common = { topic: 't', partition: 0, outcome: 'invalid', reason: 'not_object', revision: 1 };
  assert.deepEqual(letters, [
    { key: 't/0/7', letter: { ...common, offset: 7, payload: '[1]' } },
    { key: 't/0/8', letter: { ...common, offset: 8, detail: 'not_object: [2]', payload: '[2]' } },
  ]);
});
