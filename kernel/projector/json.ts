/**
 * JSON's grammar over bytes, to the letter of what `JSON.parse` takes. Addresses in, addresses out; 0 where the bytes are no JSON, or
 * none that is understood here. The bytes are valid UTF-8; the record's last one is `}`, which ends every run of digits within it, and
 * behind the last record of a batch stand zeros, which end every text.
 */
export const QUOTE: u32 = 0x22;
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const OPEN: u32 = 0x7b;
export const CLOSE: u32 = 0x7d;
const BACKSLASH: u32 = 0x5c;
const OPEN_LIST: u32 = 0x5b;
const CLOSE_LIST: u32 = 0x5d;
const MINUS: u32 = 0x2d;

/** Deeper ones are left to `JSON.parse`. */
const DEPTH_MAX: u32 = 64;

export function isSpace(byte: u32): bool {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

export function beginsNumber(byte: u32): bool {
  return isDigit(byte) || byte === MINUS;
}

/** The first address from `at` on that is no white space, `to` at most. */
export function skipSpace(at: usize, to: usize): usize {
  while (at < to && isSpace(load<u8>(at))) at++;
  return at;
}

/** The first quote, backslash or control character from `at` on, sixteen bytes at a time. */
export function endOfPlainText(at: usize): usize {
  while (true) {
    const bytes = v128.load(at);
    const ends = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    );
    const marks = i8x16.bitmask(ends);
    if (marks !== 0) return at + (ctz(marks) as usize);
    at += 16;
  }
}

/** The closing quote of a text, from an address within it on that is not within an escape. */
export function endOfText(at: usize, to: usize): usize {
  while (true) {
    at = endOfPlainText(at);
    if (at >= to) return 0;
    const byte: u32 = load<u8>(at);
    if (byte === QUOTE) return at;
    if (byte !== BACKSLASH || at + 1 >= to) return 0;
    at = endOfEscape(at + 1, to);
    if (at === 0) return 0;
  }
}

/** Behind the escape whose character behind the backslash is at `at`. */
function endOfEscape(at: usize, to: usize): usize {
  switch (load<u8>(at) as u32) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 1;
    case 0x75: {
      if (at + 5 > to) return 0;
      for (let k: usize = 1; k < 5; k++) {
        const byte: u32 = load<u8>(at + k);
        if (!isDigit(byte) && (byte | 0x20) - 0x61 > 5) return 0;
      }
      return at + 5;
    }
    default:
      return 0;
  }
}

/** Behind the number that begins at `at`. */
export function endOfNumber(at: usize): usize {
  if (load<u8>(at) === MINUS) at++;
  if (load<u8>(at) === 0x30) at++;
  else if ((at = endOfDigits(at)) === 0) return 0;
  if (load<u8>(at) === 0x2e && (at = endOfDigits(at + 1)) === 0) return 0;
  if ((load<u8>(at) | 0x20) === 0x65) {
    at++;
    const sign: u32 = load<u8>(at);
    if (sign === 0x2b || sign === MINUS) at++;
    at = endOfDigits(at);
  }
  return at;
}

/** Behind the digits from `at` on; 0 where there is none. */
function endOfDigits(at: usize): usize {
  const first = at;
  while (isDigit(load<u8>(at))) at++;
  return at === first ? 0 : at;
}

/** Behind `true`, `false` or `null`, whichever begins at `at`. */
function endOfLiteral(at: usize, to: usize): usize {
  if (at + 5 > to) return 0;
  const four = load<u32>(at);
  // true, null, fals.
  if (four === 0x65757274 || four === 0x6c6c756e) return at + 4;
  return four === 0x736c6166 && load<u8>(at + 4) === 0x65 ? at + 5 : 0;
}

/** Behind the value that begins at `at`. */
export function endOfValue(at: usize, to: usize, depth: u32): usize {
  if (at >= to) return 0;
  const byte: u32 = load<u8>(at);
  if (byte === QUOTE) {
    const end = endOfText(at + 1, to);
    return end === 0 ? 0 : end + 1;
  }
  if (beginsNumber(byte)) return endOfNumber(at);
  if (byte === OPEN || byte === OPEN_LIST) return depth < DEPTH_MAX ? endOfNested(at, to, depth + 1) : 0;
  return endOfLiteral(at, to);
}

function endOfNested(at: usize, to: usize, depth: u32): usize {
  const isObject = load<u8>(at) === OPEN;
  const close = isObject ? CLOSE : CLOSE_LIST;
  at = skipSpace(at + 1, to);
  if (at < to && load<u8>(at) === close) return at + 1;
  while (true) {
    if (isObject) {
      if (at >= to || load<u8>(at) !== QUOTE) return 0;
      const end = endOfText(at + 1, to);
      if (end === 0) return 0;
      at = skipSpace(end + 1, to);
      if (at >= to || load<u8>(at) !== COLON) return 0;
      at = skipSpace(at + 1, to);
    }
    at = endOfValue(at, to, depth);
    if (at === 0) return 0;
    at = skipSpace(at, to);
    if (at >= to) return 0;
    const byte: u32 = load<u8>(at);
    if (byte === close) return at + 1;
    if (byte !== COMMA) return 0;
    at = skipSpace(at + 1, to);
  }
}
