import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { timeTicks, valueTicks } from './chart-axes.ts';

const T = Date.UTC(2026, 2, 2);
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const every = (stepMs: number, count: number, from = T) => Array.from({ length: count }, (_, i) => ({ timeMs: from + i * stepMs }));
const labels = (ticks: readonly { label: string }[]): string[] => ticks.map(({ label }) => label);

test('values are marked where they are round', () => {
  assert.deepEqual(labels(valueTicks([0, 100], 5)), ['0', '20', '40', '60', '80', '100']);
  assert.deepEqual(labels(valueTicks([-3, 14], 5)), ['0', '5', '10']);
  assert.deepEqual(labels(valueTicks([1_900, 3_000_000], 5)), ['1M', '2M', '3M']);
  assert.deepEqual(labels(valueTicks([0.02, 0.11], 5)), ['0.02', '0.04', '0.06', '0.08', '0.1']);
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: -20, max: 140 }), fc.double({ min: 1e-3, max: 2, noNaN: true }), (digits, power, part) => {
      const low = digits * 10 ** power;
      const high = low + (Math.abs(low) || 1) * part;
      const ticks = valueTicks([low, high], 5);
      assert.ok(ticks.length >= 2 && ticks.length <= 7, `${ticks.length}`);
      assert.equal(new Set(labels(ticks)).size, ticks.length);
      for (const { at, label } of ticks)
        assert.ok(at >= low - part * 1e-9 * Math.abs(low) && at <= high * (1 + Math.sign(high) * 1e-9) && label !== '');
    }),
  );
});

test('times are marked at minutes, hours, days and weeks that people count by, each at its first point', () => {
  const hours = timeTicks(every(MINUTE, 1_440, T - 10 * MINUTE), 10);
  assert.deepEqual(labels(hours), ['03-02', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00']);
  assert.deepEqual(hours.map(({ at }) => at).slice(0, 3), [10, 190, 370]);
  assert.deepEqual(labels(timeTicks(every(DAY / 24, 24 * 50), 10)), [
    '2026-03-02',
    ...[9, 16, 23, 30].map((day) => `2026-03-${String(day).padStart(2, '0')}`),
    '2026-04-06',
    '2026-04-13',
    '2026-04-20',
  ]);
  assert.deepEqual(labels(timeTicks(every(1_000, 20), 4)), ['03-02', '00:00:05', '00:00:10', '00:00:15']);
});

test('a gap has no marks, and neither has what is one time', () => {
  const gap = [...every(MINUTE, 60), ...every(MINUTE, 60, T + 10 * DAY)];
  const ticks = timeTicks(gap, 10);
  assert.ok(ticks.length >= 2 && ticks.length <= 10);
  ticks.slice(1).forEach(({ at }, i) => assert.ok(at - ticks[i]!.at >= 8));
  assert.deepEqual(timeTicks([], 10), []);
  assert.ok(timeTicks(every(0, 9, T + 1), 10).length <= 1);
  assert.ok(timeTicks(every(-MINUTE, 90), 10).length <= 1);
});
