import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { columnAt, packRecords } from '../batch.ts';
import type { RecordsToAppend } from '../log.ts';
import { createPacking } from './packing.ts';
import { decodeRow, encodeRow } from './row-codec.ts';

/** 100 bytes that do not get smaller, or that do. */
function value(i: number, isNoise: boolean): Uint8Array {
  return isNoise ? createHash('shake256', { outputLength: 100 }).update(String(i)).digest() : Buffer.from(String(i).padEnd(100, 'ab'));
}

const appendOf = (first: number, isNoise: boolean): RecordsToAppend => ({
  topic: 'raw',
  partition: 0,
  ...packRecords(Array.from({ length: 2_000 }, (_, i) => value(first + i, isNoise))),
});

test('rows in buffers that are used again hold what was appended', () => {
  const pack = createPacking(64 << 10);
  for (let round = 0; round < 3; round++) {
    const appends = [false, true, false, true].map((isNoise, n) => appendOf(round * 10_000 + n * 2_000, isNoise));
    const packed = appends.map(pack);
    for (const [n, rows] of packed.entries()) {
      let from = 0;
      for (const { to, plain } of rows) {
        const records = decodeRow(encodeRow(plain), to - from);
        for (let i = from; i < to; i++) assert.deepEqual(Buffer.from(columnAt(records, i - from)), Buffer.from(columnAt(appends[n]!, i)));
        from = to;
        plain.letGo();
      }
      assert.equal(from, 2_000);
    }
  }
});
