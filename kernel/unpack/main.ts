/** What is done to every byte of a record batch of Kafka: LZ4 blocks, and records to columns. src/log/kafka/unpack/unpacker.ts calls it. */
import { copy } from './copy.ts';
import { lz4 } from './lz4.ts';

export { lz4 };

/** Of the last call of `records`: where values and keys end, and how many of the rows are tombstones. */
export let valuesEnd: usize = 0;
export let keysEnd: usize = 0;
export let buried: u32 = 0;

let at: usize = 0;

/** A zigzag number of up to 64 bits. */
function readNumber(): i64 {
  let value: u64 = 0;
  let byte: u64;
  let shift: u64 = 0;
  do {
    byte = load<u8>(at++);
    value |= (byte & 127) << shift;
    shift += 7;
  } while (byte > 127 && shift < 64);
  return <i64>(value >>> 1) ^ -(<i64>(value & 1));
}

/**
 * Reads `count` records at [from, end). Values go to `to` and on, at least 32 bytes before `from`; keys to `keys`. Columns go to `columns`, room
 * for `count` each: offsets and times (doubles), ends of values, counted from `base`, and of keys, counted from `keyBase` (32 bits), tombstones
 * (bytes). Records before offset `first` are left out. `deltas`: -1 where each record has a time of its own, else 0.
 * Returns the number of rows, or -1 - the number of the record that is none.
 */
export function records(
  from: usize,
  end: usize,
  count: u32,
  to: usize,
  base: usize,
  keys: usize,
  keyBase: usize,
  columns: usize,
  baseOffset: f64,
  baseTime: f64,
  deltas: i64,
  first: f64,
): i32 {
  const offsets = columns;
  const times = offsets + 8 * count;
  const ends = times + 8 * count;
  const keyEnds = ends + 4 * count;
  const tombstones = keyEnds + 4 * count;
  let rows: u32 = 0;
  buried = 0;
  at = from;
  for (let i: u32 = 0; i < count; i++) {
    const length = readNumber();
    if (length <= 0 || length > <i64>end - <i64>at) return -1 - i;
    const recordEnd = at + <usize>length;
    // Attributes, unused.
    at++;
    const time = baseTime + <f64>(readNumber() & deltas);
    const offset = baseOffset + <f64>readNumber();

    const keyLength = max<i64>(readNumber(), 0);
    const key = at;
    if (keyLength > 0 && keyLength > <i64>recordEnd - <i64>at) return -1 - i;
    at += <usize>keyLength;

    const valueLength = readNumber();
    if (max<i64>(valueLength, 0) > <i64>recordEnd - <i64>at) return -1 - i;

    if (offset >= first) {
      if (keyLength > 0) {
        copy(keys, key, <u32>keyLength);
        keys += <usize>keyLength;
      }
      const isTombstone = valueLength < 0;
      if (isTombstone) buried++;
      else {
        copy(to, at, <u32>valueLength);
        to += <usize>valueLength;
      }
      store<f64>(offsets + 8 * rows, offset);
      store<f64>(times + 8 * rows, time);
      store<u32>(ends + 4 * rows, <u32>(to - base));
      store<u32>(keyEnds + 4 * rows, <u32>(keys - keyBase));
      store<u8>(tombstones + rows, isTombstone ? 1 : 0);
      rows++;
    }
    // Over the headers.
    at = recordEnd;
  }
  valuesEnd = to;
  keysEnd = keys;
  return rows;
}
