/** Numbers as people's programs write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readNumber } from './number-text.ts';

test('a number is read where only one reading is possible, and settles how its column is written', () => {
  const cases: [string, number, ('.' | ',')?][] = [
    ['1106', 1106],
    ['-1e-7', -1e-7],
    ['12.5', 12.5, '.'],
    ['.5', 0.5, '.'],
    ['1,106,200', 1_106_200, '.'],
    ['1,106.5', 1106.5, '.'],
    ['1.106.200', 1_106_200, ','],
    ['-1.106,5', -1106.5, ','],
    ['1,5', 1.5, ','],
    ['0,125', 0.125, ','],
    ['1234,567', 1234.567, ','],
    ['1 106', 1106],
    ['1\u00a0106\u00a0200,25', 1_106_200.25, ','],
    ["1'106.5", 1106.5, '.'],
    ['1\u202f106', 1106],
    // As it always was.
    ['1.106', 1.106],
  ];
  for (const [text, value, settles] of cases) {
    assert.deepEqual(readNumber(text, undefined), { value, ...(settles && { settles }) }, text);
  }
});

test('a comma before three digits needs its column', () => {
  assert.equal(readNumber('1,106', undefined), 'either');
  assert.deepEqual(readNumber('1,106', '.'), { value: 1106 });
  assert.deepEqual(readNumber('1,106', ','), { value: 1.106 });
  assert.deepEqual(readNumber('1.106', ','), { value: 1106 });
});

test('what is no number, or not one of this column, is none', () => {
  for (const text of [
    '',
    '-',
    '12kB',
    '1,10,6',
    '1,1067,000',
    '1,106,5',
    '1.106.5',
    '01,106,200',
    '1,,106',
    ',',
    '1 10',
    '$1,106',
    '1,106,',
  ]) {
    assert.equal(readNumber(text, undefined), undefined, text);
  }
  assert.equal(readNumber('1,5', '.'), undefined);
  assert.equal(readNumber('12.5', ','), undefined);
  assert.equal(readNumber('1.106.200', '.'), undefined);
});

test('whatever is written in one style is read back in it', () => {
  const value = fc.integer({ min: -999_999_999, max: 999_999_999 });
  fc.assert(
    fc.property(
      value,
      fc.integer({ min: 0, max: 99 }),
      fc.constantFrom(['en-US', '.'] as const, ['de-DE', ','] as const),
      (whole, cents, [language, mark]) => {
        // As a sum it may be another one than what is written.
        const number = Number(`${whole}.${String(cents).padStart(2, '0')}`);
        const read = readNumber(number.toLocaleString(language, { maximumFractionDigits: 2 }), mark);
        assert.deepEqual(typeof read === 'object' && read.value, number);
      },
    ),
  );
});
