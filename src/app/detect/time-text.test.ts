/** Times as people's programs write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import type { DigitsForm } from './digits-time.ts';
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
    ['2026-03-02 00:05:09+09', AFTERNOON],
    ['2026-03-01 15:05:09.25+00', AFTERNOON + 250],
    ['2026-03-01 10:05:09 -05', AFTERNOON],
  ];
  for (const [text, value] of cases) assert.deepEqual(readTime(text, {}), { value }, text);
});

test('with the year last the day or the month comes first: a number over 12 settles it, points do, or the column', () => {
  assert.equal(readTime('3/1/2026', {}), 'either');
  assert.equal(readTime('03-01-2026 15:05:09', {}), 'either');
  assert.deepEqual(readTime('3/1/2026, 3:05:09\u202fPM', { order: 'mdy' }), { value: AFTERNOON });
  assert.deepEqual(readTime('1/3/2026, 15:05:09', { order: 'dmy' }), { value: AFTERNOON });
  assert.deepEqual(readTime('3/13/2026', {}), { value: Date.UTC(2026, 2, 13), settles: { order: 'mdy' } });
  assert.deepEqual(readTime('13/3/2026', {}), { value: Date.UTC(2026, 2, 13), settles: { order: 'dmy' } });
  assert.deepEqual(readTime('3/3/2026', {}), { value: Date.UTC(2026, 2, 3) });
  assert.deepEqual(readTime('1.3.2026, 15:05:09', {}), { value: AFTERNOON, settles: { order: 'dmy' } });
  assert.deepEqual(readTime('03.13.2026', {}), { value: Date.UTC(2026, 2, 13), settles: { order: 'mdy' } });
  assert.deepEqual(readTime('3.3.2026', {}), { value: Date.UTC(2026, 2, 3) });
});

test('digits are a date where they can be one of these years, else a number since 1970; the column agrees', () => {
  const cases: [string, DigitsForm | undefined, number | undefined, DigitsForm?][] = [
    ['20260301', undefined, MIDNIGHT, 'date'],
    ['202603011505', undefined, AFTERNOON - 9_000, 'date'],
    ['2026030115', undefined, AFTERNOON - 309_000, 'date'],
    // The hour 24, of those who number hours by their end: no number of seconds, unless that is said, or the column has settled it.
    ['2026030124', undefined, undefined],
    ['2026022824', undefined, undefined],
    ['2026030124', 'date', undefined],
    ['2026030124', 'unix', 2_026_030_124_000, 'unix'],
    ['2026030124', 's', 2_026_030_124_000],
    ['202603012400', undefined, undefined],
    // Neither a day of February, nor a year that is measured, nor an hour of any clock.
    ['2026023024', undefined, 2_026_023_024_000, 'unix'],
    ['1989123124', undefined, 1_989_123_124_000, 'unix'],
    ['2026030125', undefined, 2_026_030_125_000, 'unix'],
    ['1989123123', undefined, 1_989_123_123_000, 'unix'],
    ['2026030115', 'unix', 2_026_030_115_000, 'unix'],
    ['2026030115', 's', 2_026_030_115_000],
    ['20260301150509', undefined, AFTERNOON, 'date'],
    ['20260301150509', 'unix', 20_260_301_150_509, 'unix'],
    ['1772377509', undefined, AFTERNOON, 'unix'],
    ['1772377509.25', undefined, AFTERNOON + 250, 'unix'],
    ['1772377509000000000', undefined, AFTERNOON, 'unix'],
    ['100000000', undefined, 1e11, 'unix'],
    ['99999999', undefined, undefined],
    // Neither 31 February, nor a year that nobody measured: of eight digits nothing is left.
    ['20260231', undefined, undefined],
    ['18990301', undefined, undefined],
    ['20260301240000', undefined, undefined],
    ['20260301240000', 'unix', 20_260_301_240_000, 'unix'],
    ['20260301240000', 'date', undefined],
    ['1772377509', 'date', undefined],
    // A year, a day of a spreadsheet, a count.
    ['2026', undefined, undefined],
    ['46082.375', undefined, undefined],
    ['0', undefined, undefined],
    ['-1772377509', undefined, undefined],
    ['0', 's', 0],
    ['-5', 's', -5_000],
    ['20260301', 's', 20_260_301_000],
    ['1500', 'ms', 1_500],
    ['1500', 'us', 1.5],
    ['8640000000001', 's', undefined],
  ];
  for (const [text, digits, value, settles] of cases) {
    const read = readTime(text, digits ? { digits } : {});
    assert.deepEqual(
      read,
      value === undefined ? undefined : { value, ...(settles && { settles: { digits: settles } }) },
      `${text} ${digits}`,
    );
  }
});

test('a text that is no time is read as none, never as another time', () => {
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
    assert.equal(readTime(text, {}), undefined, text);
  }
  assert.equal(readTime('13/3/2026', { order: 'mdy' }), undefined);
});

test('what browsers and spreadsheets show is read back', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e9 }),
      fc.constantFrom(['ko-KR', undefined] as const, ['en-US', 'mdy'] as const, ['en-GB', 'dmy'] as const, ['de-DE', undefined] as const),
      (seconds, [language, order]) => {
        const text = new Date(seconds * 1_000).toLocaleString(language, { timeZone: 'UTC' });
        const read = readTime(text, order ? { order } : {});
        assert.equal(typeof read === 'object' && read.value, seconds * 1_000, text);
      },
    ),
  );
});
