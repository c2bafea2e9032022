import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ratioRange } from './ranges.ts';

test('a range holds the ratio that it is told with, also where more was paid back than came in', () => {
  const amount = fc.integer({ min: -1e8, max: 1e8 }).map((cents) => cents / 100);
  fc.assert(
    fc.property(
      amount,
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (seen, expected, variance) => {
        const [low, high] = ratioRange(seen, expected, variance);
        assert.ok(low <= seen / expected && seen / expected <= high, `${low} to ${high}`);
        assert.ok(seen < 0 || low >= 0);
      },
    ),
  );
});
