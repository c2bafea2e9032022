import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { fc } from '../../../../test/support/fast-check.ts';
import { columnAt, splitLines, type Column } from '../../../log/batch.ts';
import { createLineCutter, type OpenLines } from './line-cutter.ts';

declare const WebAssembly: { validate(bytes: Uint8Array): boolean };

const byKernel = createLineCutter();
const plainly = createPlainly();
const MOST = 1_000_000;

const texts = (column: Column): string[] => Array.from(column.ends, (_, i) => Buffer.from(columnAt(column, i)).toString('latin1'));

/** As where there is no kernel. */
function createPlainly(): OpenLines {
  const validate = mock.method(WebAssembly, 'validate', () => false);
  try {
    return createLineCutter();
  } finally {
    assert.equal(validate.mock.callCount(), 1);
    validate.mock.restore();
  }
}

/** In pieces of so many bytes; the rest is the last one. */
function cutLines(body: Uint8Array, most: number, sizes: readonly number[] = [], openLines = byKernel): Column {
  const lines = openLines(most);
  // There is never more room than there are bytes.
  const bytes = new Uint8Array(body.length);
  let length = 0;
  let from = 0;
  for (const size of [...sizes, body.length]) {
    length += lines.cut(body.subarray(from, from + size), bytes.subarray(length, from + size));
    from += size;
  }
  length += lines.end(bytes.subarray(length));
  return { bytes: bytes.subarray(0, length), ends: lines.ends() };
}

function assertSame(body: Uint8Array, sizes?: readonly number[]): void {
  const expected = splitLines(body, { last: true });
  for (const openLines of [byKernel, plainly]) {
    const found = cutLines(body, MOST, sizes, openLines);
    assert.deepEqual(texts(found), texts(expected));
    assert.ok(Buffer.from(found.bytes).equals(expected.bytes));
  }
}

test('the kernel cuts lines as the plain way does, wherever the pieces end', () => {
  const byte = fc.constantFrom(10, 10, 13, 13, 97, 0, 255);
  const line = fc.oneof(
    fc.array(byte, { maxLength: 40 }),
    fc.nat(200).map((length) => [...Buffer.alloc(length, 'x')]),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.boolean(), fc.array(fc.nat(60), { maxLength: 60 }), (lines, isEnded, sizes) => {
      const bytes = lines.flatMap((one, i) => (isEnded || i < lines.length - 1 ? [...one, 10] : one));
      assertSame(Uint8Array.from(bytes), sizes);
    }),
    { numRuns: 1_000 },
  );
});

test('lines are the same wherever a stretch of the kernel ends, also between CR and LF', () => {
  for (const end of ['\n', '\r\n', '\r\r\n', 'x', '\r', '\n\r']) {
    for (let before = (32 << 10) - 4; before <= (32 << 10) + 2; before++) {
      assertSame(Buffer.from(`${'y'.repeat(before)}${end}${'z'.repeat(40_000)}${end}`));
    }
  }
  for (const all of ['\n', '\r', '\r\n']) {
    assertSame(Buffer.from(all.repeat(50_000)));
    assertSame(Buffer.from(all.repeat(500)), Array(1_000).fill(1));
  }
});

test('more lines than allowed are refused, with or without a line feed at the end', () => {
  for (const body of ['a\nb\nc', 'a\nb\nc\n', '\n\n\n']) {
    assert.equal(cutLines(Buffer.from(body), 3).ends.length, 3);
    assert.throws(() => cutLines(Buffer.from(body), 2), RangeError);
  }
});
