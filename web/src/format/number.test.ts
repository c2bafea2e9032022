import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatChange, formatCount, formatOdds, formatShort, formatTimes, formatValue } from './number.ts';

test('odds have a short name as long as there is one, factors a sign', () => {
  assert.deepEqual(
    [formatOdds(7_400, 'en'), formatOdds(7.4e6, 'en'), formatOdds(7.4e6, 'ko'), formatOdds(2e21, 'en')],
    ['7,400', '7.4M', '740만', '10²¹'],
  );
  assert.deepEqual([formatTimes(0.5214, 'en'), formatTimes(12.34, 'en'), formatTimes(0, 'ko')], ['×0.52', '×12.3', '×0.00']);
});

test('values carry their unit', () => {
  const cases: [number | null, string | null, string][] = [
    [2.034, '%', '2.03%'],
    [0.0312, '%', '0.0312%'],
    [0, '%', '0.00%'],
    [1.237, 'USD', '$1.24'],
    [12_345.6, 'USD', '$12,346'],
    [2_345_678, 'USD', '$2.35M'],
    [12_345, null, '12,345'],
    [1_234_567, null, '1.23M'],
    [2.5, 'ms', '2.50 ms'],
    [1_500, 'RPM', '1,500 RPM'],
    [1_500, 'B', '1.5 kB'],
    [null, '%', '–'],
    [Number.NaN, null, '–'],
  ];
  for (const [value, unit, text] of cases) assert.equal(formatValue(value, { unit }, 'en'), text);
});

test('Korean counts by ten thousands', () => {
  assert.equal(formatValue(1_234_567, { unit: null }, 'ko'), '123만');
  assert.equal(formatShort(99_999, 'ko'), '99,999');
});

test('a change has a sign, and one digit where that says something', () => {
  assert.equal(formatChange(-0.754, 'en'), '−75%');
  assert.equal(formatChange(0.0213, 'en'), '+2.1%');
  assert.equal(formatChange(-0.00004, 'en'), '±0.0%');
  assert.equal(formatChange(null, 'en'), '–');
});

test('bytes and counts', () => {
  assert.equal(formatBytes(0, 'en'), '0 B');
  assert.equal(formatBytes(12_345_678, 'en'), '12.3 MB');
  assert.equal(formatCount(1_234.4, 'en'), '1,234');
});
