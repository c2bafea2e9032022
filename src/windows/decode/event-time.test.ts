import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { parseEventTime } from './event-time.ts';

test('every instant from 1970 to 9999 is read as written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
      const text = new Date(ms).toISOString();
      assert.equal(parseEventTime(text, 'iso'), ms);
      assert.equal(parseEventTime(text.replace('Z', '+00:00'), 'iso'), ms);
      assert.equal(parseEventTime(ms, 'ms'), ms);
      assert.equal(parseEventTime(String(ms), 'ms'), ms);
      assert.equal(parseEventTime(ms / 1000, 's'), ms);
    }),
  );
});

test('zones, fractions and leap days', () => {
  assert.equal(parseEventTime('2026-03-02T18:48:17.25+09:00', 'iso'), Date.UTC(2026, 2, 2, 9, 48, 17, 250));
  assert.equal(parseEventTime('2026-03-02T09:48:17.123456789Z', 'iso'), Date.UTC(2026, 2, 2, 9, 48, 17, 123));
  assert.equal(parseEventTime('2024-02-29T00:00:00.000Z', 'iso'), Date.UTC(2024, 1, 29));
  assert.equal(parseEventTime('2000-02-29T23:59:59Z', 'iso'), Date.UTC(2000, 1, 29, 23, 59, 59));
});

test('what is no time is refused', () => {
  for (const text of [
    '2023-02-29T00:00:00.000Z',
    '2100-02-29T00:00:00.000Z',
    '2026-13-01T00:00:00.000Z',
    '2026-00-01T00:00:00.000Z',
    '2026-04-31T00:00:00.000Z',
    '2026-03-02T24:00:00.000Z',
    '2026-03-02T09:60:00.000Z',
    '2026-03-02T09:48:60.000Z',
    '1969-12-31T23:59:59.999Z',
    '2026-03-02T09:48:17.250',
    '2026-03-02',
    '',
    'now',
    '2026-03-02T09:48:17.25 Z',
    '２026-03-02T09:48:17.250Z',
    '2026-03-02T09:48:1x.250Z',
    '1970-01-01T00:00:00+01:00',
  ]) {
    assert.ok(Number.isNaN(parseEventTime(text, 'iso')), text);
  }
  for (const value of [-1, NaN, Infinity, null, undefined, {}, true, '12e3', '-5', ''])
    assert.ok(Number.isNaN(parseEventTime(value, 'ms')), String(value));
  assert.ok(Number.isNaN(parseEventTime(17, 'iso')));
});

test('a text without a zone is a time by the clock that is told, and by no other', () => {
  const kst = 9 * 3_600_000;
  const time = Date.UTC(2026, 2, 2, 9, 48, 17, 250);
  for (const text of ['2026-03-02T18:48:17.250', '2026-03-02 18:48:17.25', '2026-03-02T09:48:17.250Z', '2026-03-02T06:18:17.250-03:30']) {
    assert.equal(parseEventTime(text, 'iso', kst), time, text);
  }
  assert.equal(parseEventTime('1970-01-01 09:00:00', 'iso', kst), 0);
  for (const text of ['2026-03-02 18:48', '2026-03-02', '1970-01-01 08:59:59', '2026-03-02 18:48:17+24:00', '2026-03-02 18:48:17 KST']) {
    assert.ok(Number.isNaN(parseEventTime(text, 'iso', kst)), text);
  }
  assert.ok(Number.isNaN(parseEventTime('2026-03-02 18:48:17', 'iso')));
});
