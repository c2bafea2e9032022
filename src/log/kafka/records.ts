/** Records of some batches of one answer, one after the other. Rows `count` and beyond are unused. */
export interface Columns {
  count: number;
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
  /** Where the next value goes in `bytes`. */
  end: number;
  keyBytes: Buffer;
  readonly keyEnds: Uint32Array;
  keyEnd: number;
  keyed: boolean;
  tombstones: Uint8Array | undefined;
  readonly times: Float64Array;
  readonly offsets: Float64Array;
}

const TWO_TO_THE_28 = 2 ** 28;

/** `bytes`: room for the records as they are stored. */
export function emptyColumns(rows: number, bytes: Buffer): Columns {
  return {
    count: 0,
    bytes,
    ends: new Uint32Array(rows),
    end: 0,
    keyBytes: Buffer.alloc(0),
    keyEnds: new Uint32Array(rows),
    keyEnd: 0,
    keyed: false,
    tombstones: undefined,
    times: new Float64Array(rows),
    offsets: new Float64Array(rows),
  };
}

/**
 * Adds the records of one batch, those from offset `from` on. `records` may be the columns' own bytes.
 * @throws RangeError where lengths lead out of the batch
 */
export function decodeRecords(
  columns: Columns,
  records: Buffer,
  batch: { count: number; baseOffset: number; baseTimestamp: number; appendTime?: number },
  from: number,
): void {
  // The values move left over what lies between them, in one place: no view and no allocation per record.
  const { bytes } = columns;
  const start = columns.end;
  if (records !== bytes) bytes.set(records, start);
  const end = start + records.length;
  let at = start;
  let to = start;
  let row = columns.count;

  /** A zigzag number of up to 64 bits; exact to 2^53. */
  function varint(): number {
    let byte = bytes[at++]!;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let low = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = bytes[at++]!;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let high = 0;
    let factor = 1;
    do {
      byte = bytes[at++]!;
      high += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80 && at < end);
    const whole = high * TWO_TO_THE_28 + low;
    return (low & 1) === 0 ? whole / 2 : -(whole + 1) / 2;
  }

  for (let i = 0; i < batch.count; i++) {
    const length = varint();
    const recordEnd = at + length;
    if (!(length > 0 && recordEnd <= end)) throw new RangeError(`record ${i} has a length of ${length}`);
    at++; // attributes, unused
    const time = batch.appendTime ?? batch.baseTimestamp + varint();
    if (batch.appendTime !== undefined) varint();
    const offset = batch.baseOffset + varint();
    const keyLength = varint();
    const keyAt = at;
    if (keyLength > 0) at += keyLength;
    const valueLength = varint();
    if (at + Math.max(0, valueLength) > recordEnd) throw new RangeError(`record ${i} has a value of ${valueLength} bytes`);
    if (offset >= from) {
      columns.offsets[row] = offset;
      columns.times[row] = time;
      if (keyLength > 0) addKey(columns, bytes, keyAt, keyLength);
      columns.keyEnds[row] = columns.keyEnd;
      if (valueLength > 0) {
        bytes.copyWithin(to, at, at + valueLength);
        to += valueLength;
      } else if (valueLength < 0) {
        (columns.tombstones ??= new Uint8Array(columns.ends.length))[row] = 1;
      }
      columns.ends[row++] = to;
    }
    at = recordEnd; // over the headers
  }
  columns.count = row;
  columns.end = to;
}

function addKey(columns: Columns, bytes: Buffer, at: number, length: number): void {
  const end = columns.keyEnd + length;
  if (end > columns.keyBytes.length) {
    const wider = Buffer.allocUnsafe(Math.max(2 * end, 4096));
    wider.set(columns.keyBytes.subarray(0, columns.keyEnd));
    columns.keyBytes = wider;
  }
  bytes.copy(columns.keyBytes, columns.keyEnd, at, at + length);
  columns.keyEnd = end;
  columns.keyed = true;
}
