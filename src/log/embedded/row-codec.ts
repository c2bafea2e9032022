/**
 * How a row holds its records. Body, little-endian: `count` lengths of values (UInt32), the values; then, where the flag says so,
 * `count` lengths of keys and the keys; then `count` tombstone bytes. The body may be compressed with zstd as a whole. Lengths, not
 * ends: they repeat, so they cost next to nothing when compressed.
 */
import { constants, zstdCompressSync, zstdDecompressSync, type ZstdOptions } from 'node:zlib';
import type { Column } from '../batch.ts';

export const ZSTD = 1;
const KEYS = 2;
const TOMBSTONES = 4;

/** Below this the saving is not worth the call. */
const COMPRESS_FROM_BYTES = 512;

export interface RowRecords extends Column {
  readonly keys?: Column;
  readonly tombstones?: Uint8Array;
}

export interface EncodedRow {
  readonly flags: number;
  /** Length of the body before compression. */
  readonly bodyBytes: number;
  readonly body: Uint8Array;
}

/** Returns where it ends. */
function putColumn(body: Buffer, at: number, { bytes, ends }: Column, from: number, to: number): number {
  const start = from === 0 ? 0 : ends[from - 1]!;
  const lengths = new DataView(body.buffer, body.byteOffset + at, 4 * (to - from));
  let before = start;
  for (let i = from; i < to; i++) {
    lengths.setUint32(4 * (i - from), ends[i]! - before, true);
    before = ends[i]!;
  }
  at += 4 * (to - from);
  body.set(bytes.subarray(start, before), at);
  return at + before - start;
}

function columnBytes(column: Column, from: number, to: number): number {
  if (to === from) return 0;
  return 4 * (to - from) + column.ends[to - 1]! - (from === 0 ? 0 : column.ends[from - 1]!);
}

/** Records `from` to before `to`, as the body of a row: how many bytes that takes. */
export function rowBytesOf(records: RowRecords, from: number, to: number): number {
  const { keys, tombstones } = records;
  return columnBytes(records, from, to) + (keys ? columnBytes(keys, from, to) : 0) + (tombstones ? to - from : 0);
}

/** Into `body`, which has so many bytes. */
export function putRow(body: Buffer, records: RowRecords, from: number, to: number): void {
  const { keys, tombstones } = records;
  let at = putColumn(body, 0, records, from, to);
  if (keys) at = putColumn(body, at, keys, from, to);
  if (tombstones) body.set(tombstones.subarray(from, to), at);
}

/** Of what is not compressed yet. */
export function flagsOf({ keys, tombstones }: RowRecords): number {
  return (keys ? KEYS : 0) | (tombstones ? TOMBSTONES : 0);
}

/**
 * Told the size, zstd takes tables that fit the row: a third less time here and where it is read, for the same bytes. What comes out goes into
 * chunks of a quarter, which is all that most rows need.
 */
function zstdOptions(bodyBytes: number): ZstdOptions {
  const params = { [constants.ZSTD_c_compressionLevel]: 1 };
  return { chunkSize: Math.max(1_024, bodyBytes >> 2), pledgedSrcSize: bodyBytes, params };
}

/** Compressed, where that is worth it. */
export function encodeRow(plain: EncodedRow): EncodedRow {
  const { flags, bodyBytes, body } = plain;
  if (bodyBytes < COMPRESS_FROM_BYTES) return plain;
  const packed = zstdCompressSync(body, zstdOptions(bodyBytes));
  return packed.length < bodyBytes * 0.9 ? { flags: flags | ZSTD, bodyBytes, body: packed } : plain;
}

function takeColumn(body: Uint8Array, at: number, count: number): { column: Column; at: number } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const ends = new Uint32Array(count);
  let end = 0;
  for (let i = 0; i < count; i++) {
    end += view.getUint32(at + 4 * i, true);
    ends[i] = end;
  }
  const start = at + 4 * count;
  if (start + end > body.length) throw new Error(`a row of the log ends early: ${start + end} bytes expected, ${body.length} found`);
  return { column: { bytes: body.subarray(start, start + end), ends }, at: start + end };
}

/** The records of a row; values and keys are views on one buffer. Throws where the row is damaged. */
export function decodeRow(row: EncodedRow, count: number): RowRecords {
  let body: Uint8Array = row.body;
  if (row.flags & ZSTD) {
    // One output chunk of the known size (and a little, which spares a second round): several times faster than growing.
    body = zstdDecompressSync(row.body, { chunkSize: row.bodyBytes + 64, maxOutputLength: row.bodyBytes + 64 });
  }
  if (body.length !== row.bodyBytes) throw new Error(`a row of the log has ${body.length} bytes, not ${row.bodyBytes}`);
  const values = takeColumn(body, 0, count);
  const keys = row.flags & KEYS ? takeColumn(body, values.at, count) : undefined;
  const at = keys?.at ?? values.at;
  return {
    ...values.column,
    ...(keys && { keys: keys.column }),
    ...(row.flags & TOMBSTONES && { tombstones: body.subarray(at, at + count) }),
  };
}

/** Where to cut records into rows: a row ends after the record that reaches `rowBytes` (values and keys). Returns the ends of the rows. */
export function cutRows(records: RowRecords, rowBytes: number): number[] {
  const cuts: number[] = [];
  const count = records.ends.length;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const size = records.ends[i]! + (records.keys?.ends[i] ?? 0);
    if (size - before < rowBytes && i < count - 1) continue;
    cuts.push(i + 1);
    before = size;
  }
  return cuts;
}
