import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSource } from '../../../test/support/small-spec.ts';
import { timeDoubts } from './time-doubts.ts';

const NOW_S = 1_763_800_000;

function doubts(timeUnit: 'iso' | 's' | 'ms', ...firstTimes: (number | undefined)[]): string[] {
  const source = smallSource({ event: { timeUnit } });
  return timeDoubts(
    [source, smallSource({ name: 'others', topic: 't/0' })],
    firstTimes.map((firstTime, partition) => ({ name: `t/${partition}`, firstTime })),
  );
}

test('times of seconds that were read as milliseconds are doubted, once for a source; the beginning of 1970 and no times at all are not', () => {
  assert.deepEqual(doubts('ms', undefined, NOW_S, NOW_S + 1), [
    'source events: event times begin at 1970-01-21T09:56:40.000Z; expected event.time_unit: s for such seconds, in the pipeline file',
  ]);
  assert.deepEqual(
    [doubts('ms', NOW_S * 1_000), doubts('ms', 0, 86_400_000), doubts('s', NOW_S * 1_000), doubts('iso', NOW_S)],
    [[], [], [], []],
  );
});
