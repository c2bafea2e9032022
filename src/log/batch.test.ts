import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fc } from '../../test/support/fast-check.ts';
import { columnAt, follows, joinBatches, keyAt, packRecords, recordAt, sliceBatch, splitLines } from './batch.ts';
import type { RecordBatch } from './log.ts';

type Piece = readonly [value: Uint8Array | null, key: Uint8Array];

function batchOf(pieces: readonly Piece[], firstOffset: number, firstLine?: number): RecordBatch {
  const packed = packRecords(
    pieces.map(([value]) => value),
    pieces.map(([, key]) => key),
  );
  const appendTimes = Float64Array.from(pieces, (_, i) => firstOffset + i);
  const count = pieces.length;
  return { topic: 't', partition: 0, firstOffset, count, ...packed, appendTimes, ...(firstLine !== undefined && { firstLine }) };
}

/** A batch as plain values, to compare. */
function plain(batch: RecordBatch): unknown {
  return Array.from({ length: batch.count }, (_, i) => [
    Buffer.from(recordAt(batch, i)).toString('hex'),
    Buffer.from(keyAt(batch, i) ?? []).toString('hex'),
    batch.tombstones?.[i] ?? 0,
    batch.appendTimes[i],
    batch.firstOffset + i,
  ]);
}

function expected(pieces: readonly Piece[], firstOffset: number): unknown {
  return pieces.map(([value, key], i) => {
    const hex = Buffer.from(value ?? []).toString('hex');
    return [hex, Buffer.from(key).toString('hex'), value === null ? 1 : 0, firstOffset + i, firstOffset + i];
  });
}

const short = fc.uint8Array({ maxLength: 6 });
const anyPieces = fc.array(fc.tuple(fc.option(short), short), { maxLength: 20 });

test('a slice of a slice holds the records asked for, and joining slices gives the batch back', () => {
  fc.assert(
    fc.property(anyPieces, fc.array(fc.nat(20), { maxLength: 4 }), (pieces, cuts) => {
      const batch = batchOf(pieces, 100, 7);
      assert.deepEqual(plain(batch), expected(pieces, 100));
      const places = [0, ...cuts.map((cut) => Math.min(cut, pieces.length)).sort((a, b) => a - b), pieces.length];
      const slices = places.slice(1).map((to, i) => sliceBatch(batch, places[i]!, to));
      for (const [i, slice] of slices.entries()) {
        const from = places[i]!;
        assert.deepEqual(plain(slice), expected(pieces.slice(from, places[i + 1]), 100 + from));
        assert.equal(slice.firstLine, 7 + from);
        if (slice.count > 1)
          assert.deepEqual(plain(sliceBatch(slice, 1, slice.count)), expected(pieces.slice(from + 1, places[i + 1]), 101 + from));
        if (i > 0) assert.ok(follows(slices[i - 1]!, slice));
      }
      assert.deepEqual(plain(joinBatches(slices)), expected(pieces, 100));
      assert.equal(joinBatches(slices).bytes.length, batch.bytes.length);
    }),
  );
});

test('a slice is a view: no value is copied', () => {
  const batch = batchOf(
    [
      [Buffer.from('ab'), Buffer.from('k')],
      [Buffer.from('cd'), Buffer.from('l')],
    ],
    0,
  );
  assert.equal(sliceBatch(batch, 1, 2).bytes.buffer, batch.bytes.buffer);
});

test('batches with a gap in offsets or line numbers do not follow each other', () => {
  const a = batchOf([[Buffer.from('a'), Buffer.from('')]], 5, 10);
  const next: [number, number | undefined, boolean][] = [
    [6, 11, true],
    [6, 12, false],
    [6, undefined, false],
    [7, 11, false],
  ];
  for (const [offset, line, yes] of next) assert.equal(follows(a, batchOf([[Buffer.from('b'), Buffer.from('')]], offset, line)), yes);
});

test('joins batches of which only some have keys or tombstones', () => {
  const bare: RecordBatch = { topic: 't', partition: 0, firstOffset: 0, count: 1, ...packRecords(['a']), appendTimes: Float64Array.of(0) };
  const full = batchOf([[null, Buffer.from('k')]], 1);
  assert.deepEqual(plain(joinBatches([bare, full])), [...(plain(bare) as unknown[]), ...(plain(full) as unknown[])]);
});

test('records outside a batch are refused', () => {
  const batch = batchOf([[Buffer.from('a'), Buffer.from('')]], 0);
  for (const i of [-1, 1, Number.NaN]) assert.throws(() => recordAt(batch, i), RangeError);
  for (const [from, to] of [
    [0, 2],
    [-1, 1],
    [1, 0],
  ] as const)
    assert.throws(() => sliceBatch(batch, from, to), RangeError);
  assert.throws(() => packRecords(['a'], []), RangeError);
});

function lines(input: Uint8Array, last: boolean): { lines: string[]; rest: string } {
  const split = splitLines(input, { last });
  const found = Array.from(split.ends, (_, i) => Buffer.from(columnAt(split, i)).toString('latin1'));
  return { lines: found, rest: Buffer.from(split.rest).toString('latin1') };
}

/** The same, by the words of the rule. */
function naiveLines(input: Uint8Array, last: boolean): { lines: string[]; rest: string } {
  const parts = Buffer.from(input).toString('latin1').split('\n');
  const rest = parts.pop()!;
  const found = parts.map((part) => (part.endsWith('\r') ? part.slice(0, -1) : part));
  return last ? { lines: rest === '' ? found : [...found, rest], rest: '' } : { lines: found, rest };
}

test('lines end at LF only and lose one CR before it', () => {
  assert.deepEqual(lines(Buffer.from('a\r\nb\r\r\n\n\r\nc\rd\u2028e\u0085\nrest\r'), false).rest, 'rest\r');
  const bytes = fc.array(fc.constantFrom(10, 13, 32, 97, 0xe2, 0x80, 0xa8, 0xc2, 0x85, 0), { maxLength: 200 });
  fc.assert(
    fc.property(bytes, fc.boolean(), (input, last) => {
      const before = Uint8Array.from(input);
      const given = Uint8Array.from(input);
      assert.deepEqual(lines(given, last), naiveLines(before, last));
      assert.deepEqual(given, before, 'the input is left alone');
    }),
    { numRuns: 500 },
  );
});

test('lines are the same however the bytes come in', () => {
  const input = Buffer.from('a\r\nbc\n\r\n\n\rdef\r\r\ng\r');
  fc.assert(
    fc.property(fc.array(fc.nat(input.length)), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), input.length];
      const found: string[] = [];
      let rest = '';
      for (let i = 1; i < places.length; i++) {
        const chunk = Buffer.concat([Buffer.from(rest, 'latin1'), input.subarray(places[i - 1], places[i])]);
        const got = lines(chunk, i === places.length - 1);
        found.push(...got.lines);
        rest = got.rest;
      }
      assert.deepEqual(found, lines(input, true).lines);
    }),
  );
});

test('cuts the sample of ad events into its 5,021 lines', (t) => {
  let gz: Buffer;
  try {
    gz = readFileSync(new URL('../../../shared/data/adtech-sample/events.ndjson.gz', import.meta.url));
  } catch {
    t.skip('../shared/data/adtech-sample is not here');
    return;
  }
  const input = gunzipSync(gz);
  const split = splitLines(input, { last: true });
  assert.equal(split.ends.length, 5_021);
  assert.deepEqual(lines(input, true), naiveLines(input, true));
});
