/**
 * JSON's grammar over bytes, to the letter of what `JSON.parse` takes. Positions in, positions out; -1 where the bytes are no JSON,
 * or none that is understood here. The bytes are valid UTF-8, and the record's last one is `}`: so no loop over digits leaves it.
 */
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Deeper ones are left to `JSON.parse`. */
const DEPTH_MAX = 64;

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

export function beginsNumber(byte: number): boolean {
  return byte === MINUS || (byte >= ZERO && byte <= NINE);
}

/** The first position from `at` on that is no white space, `to` at most. */
export function skipSpace(bytes: Uint8Array, at: number, to: number): number {
  while (at < to && isSpace(bytes[at]!)) at++;
  return at;
}

/** The first quote, backslash or control character from `at` on; the length of the bytes where there is none. */
export function endOfPlainText(view: DataView, at: number): number {
  const whole = view.byteLength - 8;
  // Eight bytes at a time, in two words: a byte of `hits` is marked where that of the word is one of the three. Wrong marks stand only above right ones.
  while (at <= whole) {
    const low = view.getInt32(at, true);
    const hits = hitsOf(low);
    if (hits !== 0) return at + ((31 - Math.clz32(hits & -hits)) >> 3);
    const high = view.getInt32(at + 4, true);
    const more = hitsOf(high);
    if (more !== 0) return at + 4 + ((31 - Math.clz32(more & -more)) >> 3);
    at += 8;
  }
  while (at < view.byteLength) {
    const byte = view.getUint8(at);
    if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) break;
    at++;
  }
  return at;
}

function hitsOf(word: number): number {
  return (((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101) | (word - 0x20202020)) & ~word & 0x80808080;
}

/** The closing quote of a text, from a position within it on that is not within an escape. */
export function endOfText(bytes: Uint8Array, view: DataView, at: number, to: number): number {
  for (;;) {
    at = endOfPlainText(view, at);
    if (at >= to) return -1;
    const byte = bytes[at]!;
    if (byte === QUOTE) return at;
    if (byte !== BACKSLASH || at + 1 >= to) return -1;
    at = endOfEscape(bytes, at + 1, to);
    if (at < 0) return -1;
  }
}

/** After the escape whose character behind the backslash is at `at`. */
function endOfEscape(bytes: Uint8Array, at: number, to: number): number {
  switch (bytes[at]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 1;
    case 0x75: {
      if (at + 5 > to) return -1;
      for (let k = at + 1; k < at + 5; k++) {
        const byte = bytes[k]!;
        const letter = byte | 0x20;
        if (!isDigit(byte) && !(letter >= 0x61 && letter <= 0x66)) return -1;
      }
      return at + 5;
    }
    default:
      return -1;
  }
}

/** After the number that begins at `at`. */
export function endOfNumber(bytes: Uint8Array, at: number): number {
  if (bytes[at] === MINUS) at++;
  if (bytes[at] === ZERO) at++;
  else if ((at = endOfDigits(bytes, at)) < 0) return -1;
  if (bytes[at] === 0x2e && (at = endOfDigits(bytes, at + 1)) < 0) return -1;
  if ((bytes[at]! | 0x20) === 0x65) {
    at++;
    if (bytes[at] === 0x2b || bytes[at] === MINUS) at++;
    at = endOfDigits(bytes, at);
  }
  return at;
}

/** After the digits from `at` on; -1 where there is none. */
function endOfDigits(bytes: Uint8Array, at: number): number {
  const first = at;
  while (isDigit(bytes[at]!)) at++;
  return at === first ? -1 : at;
}

/** After `true`, `false` or `null`, whichever begins at `at`. */
export function endOfLiteral(bytes: Uint8Array, at: number, to: number): number {
  if (at + 5 > to) return -1;
  const last = bytes[at + 3]!;
  switch (bytes[at]) {
    case 0x74:
      return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && last === 0x65 ? at + 4 : -1;
    case 0x6e:
      return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && last === 0x6c ? at + 4 : -1;
    case 0x66:
      return bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && last === 0x73 && bytes[at + 4] === 0x65 ? at + 5 : -1;
    default:
      return -1;
  }
}

/** After the value that begins at `at`. */
export function endOfValue(bytes: Uint8Array, view: DataView, at: number, to: number, depth: number): number {
  if (at >= to) return -1;
  const byte = bytes[at]!;
  if (byte === QUOTE) {
    const end = endOfText(bytes, view, at + 1, to);
    return end < 0 ? -1 : end + 1;
  }
  if (beginsNumber(byte)) return endOfNumber(bytes, at);
  if (byte === OPEN || byte === OPEN_LIST) return depth < DEPTH_MAX ? endOfNested(bytes, view, at, to, depth + 1) : -1;
  return endOfLiteral(bytes, at, to);
}

function endOfNested(bytes: Uint8Array, view: DataView, at: number, to: number, depth: number): number {
  const isObject = bytes[at] === OPEN;
  const close = isObject ? CLOSE : CLOSE_LIST;
  at = skipSpace(bytes, at + 1, to);
  if (at < to && bytes[at] === close) return at + 1;
  for (;;) {
    if (isObject) {
      if (at >= to || bytes[at] !== QUOTE) return -1;
      const end = endOfText(bytes, view, at + 1, to);
      if (end < 0) return -1;
      at = skipSpace(bytes, end + 1, to);
      if (at >= to || bytes[at] !== COLON) return -1;
      at = skipSpace(bytes, at + 1, to);
    }
    at = endOfValue(bytes, view, at, to, depth);
    if (at < 0) return -1;
    at = skipSpace(bytes, at, to);
    if (at >= to) return -1;
    if (bytes[at] === close) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = skipSpace(bytes, at + 1, to);
  }
}
