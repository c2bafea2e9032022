/** Numbers as people's programs write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { DECIMAL_MARKS, readNumber } from './number-text.ts';

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
  ];
  for (const [text, value, settles] of cases) {
    assert.deepEqual(readNumber(text, undefined), { value, ...(settles && { settles }) }, text);
  }
});

test('a comma or a point before three digits needs its column', () => {
  assert.equal(readNumber('1,106', undefined), 'either');
  assert.equal(readNumber('-1.106', undefined), 'either');
  assert.deepEqual(readNumber('1.106', '.'), { value: 1.106 });
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

test('what settles nothing is the same number in both styles', () => {
  const part = fc.constantFrom('1', '106', '20', '0', '.', ',', ' ', "'", '-', 'e3');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const text = parts.join('');
      const read = readNumber(text, undefined);
      if (typeof read !== 'object') return;
      for (const mark of read.settles ? [read.settles] : DECIMAL_MARKS) assert.deepEqual(readNumber(text, mark), read, text);
    }),
    { numRuns: 2_000 },
  );
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
