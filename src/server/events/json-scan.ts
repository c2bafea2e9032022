/** Where the elements of a JSON array begin and end, or a single object does: the text against the grammar (RFC 8259), byte by byte, in stretches. */

/** What is wrong with the text, and where. */
export class JsonFault extends Error {
  constructor(at: number, expected: string) {
    super(`expected ${expected} at byte ${at}`);
    this.name = 'JsonFault';
  }
}

export interface ElementScan {
  /** Begin and end of each element so far, one after the other. */
  readonly spans: readonly number[];
  /**
   * Goes on up to about this byte, only a number or an escape further; false at the end of the text.
   * @throws JsonFault where it is neither a JSON array nor an object; RangeError beyond `maxElements`
   */
  scan(until: number): boolean;
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
const LOWER_U = 0x75;
/** What may follow a backslash, beside u. */
const ESCAPES = [...Buffer.from('"\\/bfnrt')];
/** The words of JSON by their first byte: the bytes after it. */
const WORDS = new Map(['true', 'false', 'null'].map((word) => [word.charCodeAt(0), [...Buffer.from(word.slice(1))]]));

/** What has to come next, white space aside. */
const START = 0;
const VALUE = 1;
const VALUE_OR_CLOSE = 2;
const KEY = 3;
const KEY_OR_CLOSE = 4;
const AFTER_KEY = 5;
const AFTER_VALUE = 6;
const END = 7;
/** Within a string, where white space counts. */
const IN_VALUE = 8;
const IN_KEY = 9;

/** Containers stand on a stack of bytes of its own, so that depth costs no recursion, and nothing is allocated for a value. */
export function createElementScan(text: Uint8Array, maxElements: number): ElementScan {
  const spans: number[] = [];
  /** The closer of each open container; the outermost is the array itself, or the object that stands alone. */
  const closers = new Uint8Array(DEPTH_MAX + 1);
  let depth = 0;
  /** How deep elements stand; 0: the object that stands alone is the only one. */
  let level = 1;
  let next = START;
  let at = 0;

  function open(closer: number, then: number): void {
    if (depth > DEPTH_MAX) throw new JsonFault(at, `at most ${DEPTH_MAX} levels`);
    closers[depth++] = closer;
    next = then;
    at++;
  }

  /** `at` is the byte after a value. */
  function ended(): void {
    next = AFTER_VALUE;
    if (depth === level) spans.push(at);
  }

  function close(): void {
    depth--;
    at++;
    if (depth > 0) return ended();
    next = END;
    if (level === 0) spans.push(at);
  }

  function value(byte: number | undefined): void {
    if (depth === level) {
      if (spans.length / 2 >= maxElements) throw new RangeError(`more than ${maxElements} elements`);
      spans.push(at);
    }
    if (byte === QUOTE) {
      next = IN_VALUE;
      at++;
    } else if (byte === OPEN_OBJECT) open(CLOSE_OBJECT, KEY_OR_CLOSE);
    else if (byte === OPEN_ARRAY) open(CLOSE_ARRAY, VALUE_OR_CLOSE);
    else {
      at = byte === MINUS || isDigit(byte) ? numberEnd(text, at) : wordEnd(text, at);
      ended();
    }
  }

  /** Goes on within a string. */
  function string(until: number): void {
    while (at < until) {
      const byte = text[at]!;
      if (byte === QUOTE) {
        at++;
        if (next === IN_KEY) next = AFTER_KEY;
        else ended();
        return;
      }
      if (byte === BACKSLASH) at = escapeEnd(text, at);
      else if (byte < 0x20) throw new JsonFault(at, 'no control character in a string');
      else at++;
    }
  }

  function token(byte: number | undefined): void {
    switch (next) {
      case START:
        if (byte === OPEN_OBJECT) {
          level = 0;
          spans.push(at);
          return open(CLOSE_OBJECT, KEY_OR_CLOSE);
        }
        if (byte !== OPEN_ARRAY) throw new JsonFault(at, 'a JSON array, [, or an object, {');
        return open(CLOSE_ARRAY, VALUE_OR_CLOSE);
      case VALUE_OR_CLOSE:
        return byte === CLOSE_ARRAY ? close() : value(byte);
      case VALUE:
        return value(byte);
      case KEY_OR_CLOSE:
      case KEY:
        if (byte === CLOSE_OBJECT && next === KEY_OR_CLOSE) return close();
        if (byte !== QUOTE) throw new JsonFault(at, 'a key in quotes');
        next = IN_KEY;
        at++;
        return;
      case AFTER_KEY:
        if (byte !== COLON) throw new JsonFault(at, ':');
        next = VALUE;
        at++;
        return;
      case AFTER_VALUE: {
        const closer = closers[depth - 1]!;
        if (byte === closer) return close();
        if (byte !== COMMA) throw new JsonFault(at, `, or ${String.fromCharCode(closer)}`);
        next = closer === CLOSE_OBJECT ? KEY : VALUE;
        at++;
        return;
      }
      default:
        throw new JsonFault(at, 'nothing more');
    }
  }

  return {
    spans,
    scan(until) {
      const stop = Math.min(until, text.length);
      while (at < stop) {
        if (next >= IN_VALUE) string(stop);
        else {
          const byte = text[at]!;
          if (isSpace(byte)) at++;
          else token(byte);
        }
      }
      if (at < text.length) return true;
      if (next >= IN_VALUE) throw new JsonFault(at, 'the end of a string');
      if (next !== END) token(undefined);
      return false;
    },
  };
}

function wordEnd(text: Uint8Array, at: number): number {
  const rest = WORDS.get(text[at] ?? 0);
  if (rest === undefined) throw new JsonFault(at, 'a value');
  for (let i = 0; i < rest.length; i++) if (text[at + 1 + i] !== rest[i]) throw new JsonFault(at, 'a value');
  return at + 1 + rest.length;
}

/** Where what begins with a backslash ends. */
function escapeEnd(text: Uint8Array, at: number): number {
  const escaped = text[++at];
  if (escaped === LOWER_U) {
    for (let i = 0; i < 4; i++) if (!isHexDigit(text[++at])) throw new JsonFault(at, 'four hexadecimal digits');
  } else if (escaped === undefined || !ESCAPES.includes(escaped)) throw new JsonFault(at, 'an escape of JSON');
  return at + 1;
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

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
