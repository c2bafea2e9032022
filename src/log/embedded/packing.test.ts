import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { columnAt, packRecords } from '../batch.ts';
import { rowsOf } from './packing.ts';
import { createCursor, type Piece } from './pieces.ts';
import { decodeRow, encodeRow } from './row-codec.ts';

/** 100 bytes that do not get smaller, or that do. */
function value(i: number, isNoise: boolean): Uint8Array {
  return isNoise ? createHash('shake256', { outputLength: 100 }).update(String(i)).digest() : Buffer.from(String(i).padEnd(100, 'ab'));
}

test('rows hold what was appended, wherever they are put', () => {
  for (const [isNoise, keys] of [
    [true, undefined],
    [false, Array.from({ length: 2_000 }, (_, i) => (i % 3 === 0 ? undefined : `k${i}`))],
  ] as const) {
    const appended = packRecords(
      Array.from({ length: 2_000 }, (_, i) => (i % 7 === 3 && !isNoise ? null : value(i, isNoise))),
      keys,
    );
    const rows = rowsOf({ topic: 'raw', partition: 0, ...appended }, 64 << 10);
    assert.ok(rows.length > 2 && rows.every(({ bytes }) => bytes < 90 << 10));
    let from = 0;
    for (const { to, flags, bytes, put } of rows) {
      const body = Buffer.alloc(7 + bytes + 7, 7);
      put(body.subarray(7, 7 + bytes));
      assert.ok(body.subarray(0, 7).equals(Buffer.alloc(7, 7)) && body.subarray(7 + bytes).equals(Buffer.alloc(7, 7)));
      const records = decodeRow(encodeRow({ flags, bodyBytes: bytes, body: body.subarray(7, 7 + bytes) }), to - from);
      for (let i = from; i < to; i++) {
        assert.deepEqual(Buffer.from(columnAt(records, i - from)), Buffer.from(columnAt(appended, i)));
        assert.equal(records.tombstones?.[i - from], appended.tombstones?.[i]);
        if (keys) assert.equal(Buffer.from(columnAt(records.keys!, i - from)).toString(), keys[i] ?? '');
      }
      from = to;
    }
    assert.equal(from, 2_000);
  }
});

test('bodies are found in pieces where they were put, from each of them on', () => {
  const sizes = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 })), { maxLength: 30 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 30 }), (lengths, least) => {
      const pieces: Piece[] = [];
      const put = createCursor(pieces, undefined, (bytes) => new Uint8Array(Math.max(bytes, least)));
      const places = lengths.map((bytes, i) => {
        const place = put.place();
        put.next(bytes).fill(i);
        return place;
      });
      for (const [first, place] of places.entries()) {
        const take = createCursor(pieces, place);
        for (let i = first; i < lengths.length; i++) assert.deepEqual(take.next(lengths[i]!), Buffer.alloc(lengths[i]!, i));
      }
    }),
  );
});
