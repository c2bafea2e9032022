import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRowBinary } from './row-binary.ts';

/** As ClickHouse writes it. */
function written(...values: (string | readonly number[])[]): Uint8Array {
  const parts = values.map((value) => {
    const body = typeof value === 'string' ? Buffer.from(value) : Buffer.from(new Float64Array(value).buffer);
    const length: number[] = [];
    for (let rest = value.length === 0 ? 0 : typeof value === 'string' ? body.length : value.length; ; rest = Math.floor(rest / 128)) {
      length.push(rest < 128 ? rest : (rest % 128) + 128);
      if (rest < 128) break;
    }
    return Buffer.concat([Buffer.from(length), body]);
  });
  return Buffer.concat(parts);
}

test('texts and numbers come back as they were written, whatever their lengths', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => i / 3);
  const from = readRowBinary(written('서울', [0.1 + 0.2, Number.NaN, -0, 2 ** 53 + 2], '', [], 'x'.repeat(300), many));
  assert.equal(from.text(), '서울');
  assert.deepEqual([...from.numbers()], [0.1 + 0.2, Number.NaN, -0, 2 ** 53 + 2]);
  assert.equal(from.text(), '');
  assert.equal(from.numbers().length, 0);
  assert.equal(from.text().length, 300);
  assert.equal(from.isAtEnd, false);
  assert.deepEqual([...from.numbers()], many);
  assert.equal(from.isAtEnd, true);
});

test('what was cut off is told, not taken for less', () => {
  const whole = written('DE', [1, 2, 3]);
  for (let length = 1; length < whole.length; length++) {
    const from = readRowBinary(whole.subarray(0, length));
    assert.throws(() => [from.text(), from.numbers()], RangeError, `${length} bytes`);
  }
});
