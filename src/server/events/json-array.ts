/**
 * Cuts a JSON array into the texts of its elements, byte for byte as they came: a number such as 1e400 or a key given twice would not
 * survive being parsed and written again. Checks the whole text against the grammar (RFC 8259) and allocates nothing per value.
 */
import type { Column } from '../../log/batch.ts';

/** What is wrong with the text, and where. */
export class JsonFault extends Error {
  constructor(at: number, expected: string) {
    super(`expected ${expected} at byte ${at}`);
    this.name = 'JsonFault';
  }
}

const DEPTH_MAX = 1_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** What may follow a backslash, beside u. */
const ESCAPES = [...Buffer.from('"\\/bfnrt')];
const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/**
 * The elements one after the other. `text` must be UTF-8.
 * @throws JsonFault where it is not a JSON array; RangeError beyond `maxElements`
 */
export function splitJsonArray(text: Uint8Array, maxElements: number): Column {
  const spans: number[] = [];
  let at = skipSpace(text, 0);
  if (text[at] !== OPEN_ARRAY) throw new JsonFault(at, 'a JSON array: [');
  at = skipSpace(text, at + 1);
  if (text[at] === CLOSE_ARRAY) at++;
  else {
    for (;;) {
      if (spans.length / 2 >= maxElements) throw new RangeError(`more than ${maxElements} elements`);
      const end = valueEnd(text, at);
      spans.push(at, end);
      at = skipSpace(text, end);
      if (text[at] !== COMMA && text[at] !== CLOSE_ARRAY) throw new JsonFault(at, ', or ]');
      const last = text[at] === CLOSE_ARRAY;
      at = skipSpace(text, at + 1);
      if (last) break;
    }
  }
  at = skipSpace(text, at);
  if (at < text.length) throw new JsonFault(at, 'nothing more');
  return gather(text, spans);
}

function gather(text: Uint8Array, spans: readonly number[]): Column {
  const ends = new Uint32Array(spans.length / 2);
  let bytes = 0;
  for (let i = 0; i < ends.length; i++) ends[i] = bytes += spans[2 * i + 1]! - spans[2 * i]!;
  const gathered = new Uint8Array(bytes);
  for (let i = 0; i < ends.length; i++) gathered.set(text.subarray(spans[2 * i], spans[2 * i + 1]), i === 0 ? 0 : ends[i - 1]);
  return { bytes: gathered, ends };
}

/** Where the value that begins at `at` ends. Containers stand on a stack of their own, so that depth costs no recursion. */
function valueEnd(text: Uint8Array, at: number): number {
  const closers: number[] = [];
  for (;;) {
    const first = text[at];
    if (first === OPEN_ARRAY || first === OPEN_OBJECT) {
      const closer = first === OPEN_ARRAY ? CLOSE_ARRAY : CLOSE_OBJECT;
      if (closers.push(closer) > DEPTH_MAX) throw new JsonFault(at, `at most ${DEPTH_MAX} levels`);
      at = skipSpace(text, at + 1);
      if (text[at] !== closer) {
        if (closer === CLOSE_OBJECT) at = valueOfKey(text, at);
        continue;
      }
    } else at = scalarEnd(text, at) - 1;
    // Here `at` is the last byte of a value; no scalar ends like a container.
    for (;;) {
      if (text[at] === closers.at(-1)) closers.pop();
      const closer = closers.at(-1);
      if (closer === undefined) return at + 1;
      at = skipSpace(text, at + 1);
      if (text[at] === closer) continue;
      if (text[at] !== COMMA) throw new JsonFault(at, `, or ${String.fromCharCode(closer)}`);
      at = skipSpace(text, at + 1);
      if (closer === CLOSE_OBJECT) at = valueOfKey(text, at);
      break;
    }
  }
}

/** Where the value begins whose key begins at `at`. */
function valueOfKey(text: Uint8Array, at: number): number {
  if (text[at] !== QUOTE) throw new JsonFault(at, 'a key in quotes');
  at = skipSpace(text, stringEnd(text, at));
  if (text[at] !== COLON) throw new JsonFault(at, ':');
  return skipSpace(text, at + 1);
}

function scalarEnd(text: Uint8Array, at: number): number {
  const first = text[at];
  if (first === QUOTE) return stringEnd(text, at);
  if (first === MINUS || isDigit(first)) return numberEnd(text, at);
  for (const word of WORDS) {
    if (word.every((byte, i) => text[at + i] === byte)) return at + word.length;
  }
  throw new JsonFault(at, 'a value');
}

function stringEnd(text: Uint8Array, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const byte = text[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) throw new JsonFault(at, 'no control character in a string');
    if (byte !== BACKSLASH) continue;
    const escaped = text[++at];
    if (escaped === 0x75) {
      for (let i = 0; i < 4; i++) if (!isHexDigit(text[++at])) throw new JsonFault(at, 'four hexadecimal digits');
    } else if (escaped === undefined || !ESCAPES.includes(escaped)) throw new JsonFault(at, 'an escape of JSON');
  }
  throw new JsonFault(text.length, 'the end of a string');
}

function numberEnd(text: Uint8Array, at: number): number {
  if (text[at] === MINUS) at++;
  at = text[at] === ZERO ? at + 1 : digitsEnd(text, at);
  if (text[at] === POINT) at = digitsEnd(text, at + 1);
  if (text[at] === 0x65 || text[at] === 0x45) at = digitsEnd(text, text[at + 1] === PLUS || text[at + 1] === MINUS ? at + 2 : at + 1);
  return at;
}

function digitsEnd(text: Uint8Array, at: number): number {
  if (!isDigit(text[at])) throw new JsonFault(at, 'a digit');
  while (isDigit(text[at])) at++;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function skipSpace(text: Uint8Array, at: number): number {
  for (let byte = text[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = text[++at]);
  return at;
}
