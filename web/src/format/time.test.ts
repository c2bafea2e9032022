import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatClock, formatNear, formatSpan, formatTick } from './time.ts';

const UNITS = { d: 'd', h: 'h', m: 'm', s: 's' };

test('a span names two units at most, and no zeros', () => {
  const cases: [number, string][] = [
    [-5, '0s'],
    [45_000, '45s'],
    [200_000, '3m 20s'],
    [7_200_000, '2h'],
    [7_500_000, '2h 5m'],
    [86_400_000 * 4 + 3_600_000 * 3 + 5_000, '4d 3h'],
    [3_605_000, '1h'],
  ];
  for (const [ms, text] of cases) assert.equal(formatSpan(ms, UNITS), text);
});

test('midnight is 00, also where the language counts twelve hours', () => {
  const midnight = new Date(2026, 0, 1, 0, 5, 9);
  assert.equal(formatClock(midnight.getTime(), 'en'), '00:05:09');
  assert.equal(formatClock(midnight.getTime(), 'en', { seconds: false }), '00:05');
});

test('the day is said where it is another, and on an axis at midnight', () => {
  const at = (day: number, hour: number): number => new Date(2026, 4, day, hour, 0, 0).getTime();
  assert.equal(formatNear(at(20, 9), at(20, 23), 'en'), '09:00:00');
  assert.equal(formatNear(at(20, 9), at(21, 0), 'en'), 'May 20, 09:00');
  assert.equal(formatTick(at(20, 0), 'en'), 'May 20');
  assert.equal(formatTick(at(20, 9), 'en'), '09:00');
  assert.equal(formatTick(at(20, 9) + 10_000, 'en'), '09:00:10');
});
