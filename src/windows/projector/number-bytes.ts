/** The number that a JSON number's bytes stand for, to the last bit as `JSON.parse` has it. */
const DIGITS_EXACT_MAX = 15;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** @param from begins a JSON number that ends before `to` */
export function numberAt(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  const negative = bytes[at] === 0x2d;
  if (negative) at++;
  const first = at;
  let digits = 0;
  let fraction = 0;
  // Up to 15 digits are a whole number below 2^53, and a power of ten up to 22 is exact too: one division then rounds once, as it should.
  for (; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (digit === -2) fraction = to - at - 1;
    else return slowNumber(bytes, from, to);
  }
  if (to - first > DIGITS_EXACT_MAX) return slowNumber(bytes, from, to);
  const value = fraction === 0 ? digits : digits / POWERS_OF_TEN[fraction]!;
  return negative ? -value : value;
}

/** Exponents and many digits. */
function slowNumber(bytes: Uint8Array, from: number, to: number): number {
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1'));
}
