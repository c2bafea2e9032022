import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { amountRatioRange, ratioRange } from './ranges.ts';

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

test('a range of amounts holds their ratio, and is the same in every unit', () => {
  const size = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: -1e8, max: 1e8 }).map((cents) => cents / 100),
      size,
      fc.double({ min: 0, max: 1, noNaN: true }),
      size,
      fc.integer({ min: -30, max: 30 }),
      (seen, expected, variance, piece, power) => {
        const unit = 2 ** power;
        const [low, high] = amountRatioRange(seen, expected, variance, piece);
        assert.ok(low <= seen / expected && seen / expected <= high, `${low} to ${high}`);
        assert.ok((seen < 0 || low >= 0) && high > 0);
        assert.deepEqual(amountRatioRange(seen * unit, expected * unit, variance, piece * unit), [low, high]);
      },
    ),
  );
  // Of ten pieces none came: as sure as of ten events.
  assert.deepEqual(amountRatioRange(0, 500, 0, 50), ratioRange(0, 10, 0));
});
