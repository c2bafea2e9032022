/** JSON numbers, to the last bit as `JSON.parse` has them. */
import { numberAt } from './host.ts';
import { endOfNumber } from './json.ts';

const DIGITS_EXACT_MAX: usize = 15;
const POWERS_OF_TEN = memory.data<f64>([1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]);

/** Writes the number that begins at `at` to `into`; behind it, or 0 where it is none. Something that is no digit must follow. */
export function readNumber(at: usize, into: usize): usize {
  const negative = load<u8>(at) === 0x2d;
  const first = at + (negative ? 1 : 0);
  let end = first;
  let digits: u64 = 0;
  let digit: u32 = (load<u8>(end) as u32) - 0x30;
  if (digit === 0) {
    digit = (load<u8>(++end) as u32) - 0x30;
  } else {
    while (digit < 10) {
      digits = digits * 10 + (digit as u64);
      digit = (load<u8>(++end) as u32) - 0x30;
    }
    if (end === first) return 0;
  }
  let fraction: usize = 0;
  // A point.
  if (digit === 0xfffffffe) {
    const point = end;
    digit = (load<u8>(++end) as u32) - 0x30;
    while (digit < 10) {
      digits = digits * 10 + (digit as u64);
      digit = (load<u8>(++end) as u32) - 0x30;
    }
    fraction = end - point - 1;
    if (fraction === 0) return 0;
  }
  // `E` and `e` have exponents. Up to 15 digits are a whole number below 2^53, and so is their power of ten: one division rounds once, as it should.
  if (digit === 0x15 || digit === 0x35 || end - first > DIGITS_EXACT_MAX) {
    end = endOfNumber(at);
    if (end !== 0) store<f64>(into, numberAt(at, end));
    return end;
  }
  let value = digits as i64 as f64;
  if (fraction !== 0) value /= load<f64>(POWERS_OF_TEN + (fraction << 3));
  store<f64>(into, negative ? -value : value);
  return end;
}

/** The number of a text that is 1 to 15 digits; -1 for any other. */
export function digitsAt(from: usize, to: usize): f64 {
  if (from === to || to - from > DIGITS_EXACT_MAX) return -1;
  let digits: u64 = 0;
  for (let at = from; at < to; at++) {
    const digit = (load<u8>(at) as u32) - 0x30;
    if (digit > 9) return -1;
    digits = digits * 10 + (digit as u64);
  }
  return digits as i64 as f64;
}

/** Whether JavaScript spells the number at [from, to) as it stands there: a whole one of at most 15 digits. */
export function isSpelledPlainly(from: usize, to: usize): bool {
  const first = from + (load<u8>(from) === 0x2d ? 1 : 0);
  if (to - first > DIGITS_EXACT_MAX) return false;
  // -0 is spelled 0.
  if (first !== from && load<u8>(first) === 0x30) return false;
  for (let at = first; at < to; at++) if ((load<u8>(at) as u32) - 0x30 > 9) return false;
  return true;
}
