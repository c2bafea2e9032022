/** JSON numbers, to the last bit as `JSON.parse` has them. */
import { endOfNumber } from './json-bytes.ts';

const DIGITS_EXACT_MAX = 15;
const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_EXACT_MAX + 1 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Writes the number that begins at `at` to element `i`; returns where it ends, -1 where it is none.
 * Something that is no digit must follow within the bytes.
 */
export function readNumber(bytes: Uint8Array, at: number, into: Float64Array, i: number): number {
  const negative = bytes[at] === 0x2d;
  const first = negative ? at + 1 : at;
  let end = first;
  let digits = 0;
  let digit = bytes[end]! - 0x30;
  if (digit === 0) {
    digit = bytes[++end]! - 0x30;
  } else {
    while (digit >= 0 && digit <= 9) {
      digits = digits * 10 + digit;
      digit = bytes[++end]! - 0x30;
    }
    if (end === first) return -1;
  }
  let fraction = 0;
  // A point.
  if (digit === -2) {
    const point = end;
    digit = bytes[++end]! - 0x30;
    while (digit >= 0 && digit <= 9) {
      digits = digits * 10 + digit;
      digit = bytes[++end]! - 0x30;
    }
    fraction = end - point - 1;
    if (fraction === 0) return -1;
  }
  // `E` and `e` have exponents. Up to 15 digits are a whole number below 2^53, and so is their power of ten: one division rounds once, as it should.
  if (digit === 0x15 || digit === 0x35 || end - first > DIGITS_EXACT_MAX) return readSlowly(bytes, at, into, i);
  const value = fraction === 0 ? digits : digits / POWERS_OF_TEN[fraction]!;
  into[i] = negative ? -value : value;
  return end;
}

function readSlowly(bytes: Uint8Array, at: number, into: Float64Array, i: number): number {
  const end = endOfNumber(bytes, at);
  if (end >= 0) into[i] = Number(Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1'));
  return end;
}

/** The number of a text that is 1 to 15 digits; -1 for any other. */
export function digitsAt(bytes: Uint8Array, from: number, to: number): number {
  if (from === to || to - from > DIGITS_EXACT_MAX) return -1;
  let digits = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    digits = digits * 10 + digit;
  }
  return digits;
}
