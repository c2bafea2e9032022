import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnAt, splitLines, type Column } from '../../../log/batch.ts';
import { createLineCutter } from './line-cutter.ts';

const cutLines = createLineCutter();
const MOST = 1_000_000;

const texts = (column: Column): string[] => Array.from(column.ends, (_, i) => Buffer.from(columnAt(column, i)).toString('latin1'));

function assertSame(body: Uint8Array): void {
  assert.deepEqual(texts(cutLines(Uint8Array.from(body), MOST)), texts(splitLines(body, { last: true })));
}

test('it cuts as the plain way does, in place', () => {
  const byte = fc.constantFrom(10, 10, 13, 97, 0, 255);
  const line = fc.oneof(
    fc.array(byte, { maxLength: 40 }),
    fc.nat(200).map((length) => [...Buffer.alloc(length, 'x')]),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => assertSame(Uint8Array.from(lines.flatMap((bytes) => [...bytes, 10])))),
    { numRuns: 500 },
  );
  const body = Buffer.from('a\r\n\nb\r\rc');
  const { bytes } = cutLines(body, MOST);
  assert.equal(bytes.buffer, body.buffer);
  assert.equal(Buffer.from(bytes).toString(), 'ab\r\rc');
});

test('wherever its stretches end, also between CR and LF', () => {
  for (const end of ['\n', '\r\n', '\r\r\n', 'x', '\r', '\n\r']) {
    for (let before = (32 << 10) - 4; before <= (32 << 10) + 2; before++) {
      assertSame(Buffer.from(`${'y'.repeat(before)}${end}${'z'.repeat(40_000)}${end}`));
    }
  }
  for (const all of ['\n', '\r', '\r\n']) assertSame(Buffer.from(all.repeat(50_000)));
});

test('more lines than allowed are refused, with or without a line feed at the end', () => {
  for (const body of ['a\nb\nc', 'a\nb\nc\n', '\n\n\n']) {
    assert.equal(cutLines(Buffer.from(body), 3).ends.length, 3);
    assert.throws(() => cutLines(Buffer.from(body), 2), RangeError);
  }
});
