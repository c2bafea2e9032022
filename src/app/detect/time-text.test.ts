/** Times as people's programs write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readTime } from './time-text.ts';

const AFTERNOON = Date.UTC(2026, 2, 1, 15, 5, 9);
const MIDNIGHT = Date.UTC(2026, 2, 1);

test('dates with the year first, in several countries', () => {
  const cases: [string, number][] = [
    ['2026-03-01 15:05:09', AFTERNOON],
    ['2026/3/1 15:05:09', AFTERNOON],
    ['2026. 3. 1. 오후 3:05:09', AFTERNOON],
    ['2026. 3. 1.', MIDNIGHT],
    ['2026.03.01', MIDNIGHT],
    ['2026-3-1 오전 12:00', MIDNIGHT],
    ['2026년 3월 1일 오후 3:05:09', AFTERNOON],
    ['2026-03-01T15:05:09.5Z', AFTERNOON + 500],
    ['2026-03-01 15:05:09.123456789 UTC', AFTERNOON + 123],
    ['2026-03-02 00:05:09+09:00', AFTERNOON],
    ['2026-03-01 10:05:09 -0500', AFTERNOON],
    ['1772377509', AFTERNOON],
  ];
  for (const [text, value] of cases) assert.deepEqual(readTime(text, undefined), { value }, text);
});

test('with the year last the day or the month comes first: a number over 12 settles it, points do, or the column', () => {
  assert.equal(readTime('3/1/2026', undefined), 'either');
  assert.equal(readTime('03-01-2026 15:05:09', undefined), 'either');
  assert.deepEqual(readTime('3/1/2026, 3:05:09\u202fPM', 'mdy'), { value: AFTERNOON });
  assert.deepEqual(readTime('1/3/2026, 15:05:09', 'dmy'), { value: AFTERNOON });
  assert.deepEqual(readTime('3/13/2026', undefined), { value: Date.UTC(2026, 2, 13), settles: 'mdy' });
  assert.deepEqual(readTime('13/3/2026', undefined), { value: Date.UTC(2026, 2, 13), settles: 'dmy' });
  assert.deepEqual(readTime('3/3/2026', undefined), { value: Date.UTC(2026, 2, 3) });
  assert.deepEqual(readTime('1.3.2026, 15:05:09', undefined), { value: AFTERNOON });
});

test('what is no time is none', () => {
  const texts = [
    '',
    'noon',
    '2026',
    '3/1/26',
    '2026-02-31',
    '2026-13-01',
    '13/13/2026',
    '2026-03/01',
    '2026-03-01 25:00',
    '2026-03-01 0:00 AM',
  ];
  for (const text of [...texts, '2026-03-01 13:00 PM', '2026-03-01 9', '2026-03-01 09:00:61', '31.2.2026', '2026. 3. 1. 15:05 +9']) {
    if (text !== '2026') assert.equal(readTime(text, undefined), undefined, text);
  }
  assert.equal(readTime('13/3/2026', 'mdy'), undefined);
});

test('what browsers and spreadsheets show is read back', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e9 }),
      fc.constantFrom(['ko-KR', undefined] as const, ['en-US', 'mdy'] as const, ['en-GB', 'dmy'] as const, ['de-DE', undefined] as const),
      (seconds, [language, order]) => {
        const text = new Date(seconds * 1_000).toLocaleString(language, { timeZone: 'UTC' });
        const read = readTime(text, order);
        assert.equal(typeof read === 'object' && read.value, seconds * 1_000, text);
      },
    ),
  );
});
