import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import type { Tally } from './comparison.ts';
import { NO_PAIR, NO_TALLY, withWindow, type Pair, type Paired } from './pairs.ts';

const MINUTE = 60_000;
const tally = (attempts: number, successes = 0): Tally => ({ successes, attempts });

function play(windows: readonly Pair[], before: Paired = NO_PAIR, from = 0): Paired {
  let pair = before;
  windows.forEach((now, index) => {
    const startMs = (from + index) * MINUTE;
    pair = withWindow(pair, now, { startMs, endMs: startMs + MINUTE });
  });
  return pair;
}

test('what only one of the two has waits for the other, and counts with it', () => {
  const first = play([{ own: tally(3), control: NO_TALLY }]);
  assert.deepEqual([first.own, first.windows], [NO_TALLY, 0]);
  const late = play([{ own: NO_TALLY, control: tally(0, 1) }], first, 1);
  assert.equal(late.windows, 0);
  const both = play([{ own: tally(0, 2), control: tally(5) }], late, 2);
  assert.deepEqual(both, { own: tally(3, 2), control: tally(5, 1), windows: 1 });
  assert.equal(play([{ own: NO_TALLY, control: NO_TALLY }], both, 3), both);
});

test('of a night without one of the two at most an hour of the other counts, and its own late successes do', () => {
  const day = play([{ own: tally(1), control: tally(9) }]);
  const night = play(
    Array.from({ length: 480 }, (_, minute): Pair => ({ own: tally(0, minute < 5 ? 1 : 0), control: tally(9, 1) })),
    day,
    1,
  );
  const next = play([{ own: tally(1), control: tally(9) }], night, 481);
  assert.deepEqual(next.own, tally(2, 5));
  assert.ok(next.control.attempts <= 9 * 62 && next.control.successes <= 60, JSON.stringify(next.control));
});

test('whatever comes, nothing counts twice, and nothing that has both is left out', () => {
  const some = fc.record({ attempts: fc.integer({ min: 0, max: 3 }), successes: fc.integer({ min: 0, max: 2 }) });
  fc.assert(
    fc.property(fc.array(fc.record({ own: some, control: some }), { maxLength: 50 }), (windows) => {
      const pair = play(windows);
      for (const side of ['own', 'control'] as const) {
        for (const part of ['attempts', 'successes'] as const) {
          const all = windows.reduce((sum, window) => sum + window[side][part], 0);
          assert.equal(pair[side][part] + (pair.waiting?.[side][part] ?? 0), all);
        }
      }
      assert.ok(!pair.waiting || pair.waiting.own.attempts === 0 || pair.waiting.control.attempts === 0);
    }),
  );
});
