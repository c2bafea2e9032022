/**
 * One pass over the bytes of a record: what stands at each field that somebody wants, and where. All else is checked and passed over.
 * It guesses that a field is followed by the same bytes up to the next value (`,"country":`) as in the record before, and compares
 * eight bytes at a time; only where they differ is the name looked up.
 */
import { createByteDictionary } from './byte-dictionary.ts';
import { beginsNumber, CLOSE, COLON, COMMA, endOfPlainText, endOfText, endOfValue, isSpace, OPEN, QUOTE, skipSpace } from './json-bytes.ts';
import { ABSENT, ARRAY, ESCAPED, FALSE, NULL, NUMBER, OBJECT, TEXT, TRUE } from './json-kinds.ts';
import { readNumber } from './number-bytes.ts';

/** A record as the scanner leaves it; good until the next one. */
export interface Scanned {
  /** Per field: its kind (json-kinds.ts). */
  readonly kinds: Uint8Array;
  /** Of a text without its quotes, of a number: its bytes. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Of a number: its value, finite. */
  readonly numbers: Float64Array;
}

export interface Scanner extends Scanned {
  /** Which bytes the next records stand in; valid UTF-8. */
  load(bytes: Uint8Array, view: DataView): void;
  /** Scans the record at [from, to): KNOWN_FIELDS, OTHER_FIELDS, or NOT_SURE for those that are no JSON object, or that it leaves to others. */
  scan(from: number, to: number): number;
}

export const NOT_SURE = 0;
export const KNOWN_FIELDS = 1;
/** It has fields besides those asked for. */
export const OTHER_FIELDS = 2;

/** Other fields whose names are learnt too, so that the guess holds behind them. */
const OTHERS_MAX = 256;
/** Bytes between two values that are guessed, at most; a multiple of eight. */
const GUESS_BYTES_MAX = 128;
const GUESS_WORDS = GUESS_BYTES_MAX / 8;
const NO_FIELD = -1;

export function createScanner(fields: readonly string[], seed: number): Scanner {
  const count = fields.length;
  const kinds = new Uint8Array(count);
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  const numbers = new Float64Array(count);
  const names = createByteDictionary(seed);
  for (const field of fields) addText(field);
  /**
   * By the field before (0: none, the record begins; else its code in `names` + 1): the bytes up to the next value, and its field.
   * Eight bytes are compared as one double: of different bytes none are equal, except zeros, and no such byte stands in a name.
   */
  const guessLengths = new Int32Array(count + OTHERS_MAX + 2);
  const guessWords = new Float64Array(guessLengths.length * GUESS_WORDS);
  const guessLasts = new Float64Array(guessLengths.length);
  /** Of those with less than eight bytes: the first four and the last four. */
  const guessHeads = new Int32Array(guessLengths.length);
  const guessTails = new Int32Array(guessLengths.length);
  const guessFields = new Int32Array(guessLengths.length);
  /** Others, beyond those that are learnt. */
  const unlearnt = count + OTHERS_MAX;
  let bytes: Uint8Array = new Uint8Array(0);
  let view: DataView = new DataView(bytes.buffer);
  /** What `nameAt` found; NO_FIELD at the object's end. */
  let found = NO_FIELD;

  function addText(text: string): void {
    const encoded = new TextEncoder().encode(text);
    names.add(new DataView(encoded.buffer), 0, encoded.length);
  }

  /** The field that follows at `at` (behind a value, or at the record's first byte), in `found`; returns where its value begins, or the object ends. -1: not sure. */
  function nameAt(begin: number, to: number, before: number): number {
    let at = skipSpace(bytes, begin, to);
    if (at >= to) return -1;
    if (before === 0) {
      if (bytes[at] !== OPEN) return -1;
      at = skipSpace(bytes, at + 1, to);
    } else if (bytes[at] !== CLOSE) {
      if (bytes[at] !== COMMA) return -1;
      at = skipSpace(bytes, at + 1, to);
      if (bytes[at] === CLOSE) return -1;
    }
    if (at >= to) return -1;
    if (bytes[at] === CLOSE) {
      found = NO_FIELD;
      return at + 1;
    }
    if (bytes[at] !== QUOTE) return -1;
    const start = at + 1;
    const end = endOfPlainText(view, start);
    if (end >= to || bytes[end] !== QUOTE) return -1;
    at = skipSpace(bytes, end + 1, to);
    if (at >= to || bytes[at] !== COLON) return -1;
    at = skipSpace(bytes, at + 1, to);
    if (at >= to) return -1;
    found = fieldOf(start, end);
    if (found === NO_FIELD) return -1;
    learn(before, begin, at, found);
    return at;
  }

  /** Code of the name at [start, end); NO_FIELD for one that means something to objects. */
  function fieldOf(start: number, end: number): number {
    const known = names.find(view, start, end);
    if (known >= 0) return known;
    if (end - start === 9 && Buffer.from(bytes.buffer, bytes.byteOffset + start, 9).toString('latin1') === '__proto__') return NO_FIELD;
    return names.size < unlearnt && end - start <= GUESS_BYTES_MAX ? names.add(view, start, end) : unlearnt;
  }

  function learn(before: number, from: number, to: number, field: number): void {
    const length = to - from;
    if (length > GUESS_BYTES_MAX || length < 4 || before > unlearnt || field === unlearnt) return;
    guessLengths[before] = length;
    guessFields[before] = field;
    guessHeads[before] = view.getInt32(from, true);
    guessTails[before] = view.getInt32(to - 4, true);
    if (length >= 8) guessLasts[before] = view.getFloat64(to - 8, true);
    for (let word = 0; word * 8 + 8 <= length; word++) guessWords[before * GUESS_WORDS + word] = view.getFloat64(from + word * 8, true);
  }

  return {
    kinds,
    starts,
    ends,
    numbers,
    load(next, nextView) {
      bytes = next;
      view = nextView;
    },
    scan(from, to) {
      const b = bytes;
      const v = view;
      const fieldCount = count;
      for (let field = 0; field < fieldCount; field++) kinds[field] = ABSENT;
      let result = KNOWN_FIELDS;
      let at = from;
      let before = 0;
      while (to > from && isSpace(b[to - 1]!)) to--;
      // The record's last byte ends every number and literal within it.
      if (to - from < 2 || b[to - 1] !== CLOSE) return NOT_SURE;
      for (;;) {
        const length = guessLengths[before]!;
        let guessed = false;
        if (length !== 0 && at + length < to) {
          if (length < 8) {
            guessed = v.getInt32(at, true) === guessHeads[before] && v.getInt32(at + length - 4, true) === guessTails[before];
          } else {
            const last = at + length - 8;
            let word = before * GUESS_WORDS;
            let q = at;
            while (q < last && v.getFloat64(q, true) === guessWords[word]) {
              q += 8;
              word++;
            }
            guessed = q >= last && v.getFloat64(last, true) === guessLasts[before];
          }
        }
        let field: number;
        if (guessed) {
          at += length;
          field = guessFields[before]!;
        } else {
          at = nameAt(at, to, before);
          if (at < 0) return NOT_SURE;
          if (found === NO_FIELD) break;
          field = found;
        }
        before = field + 1;
        if (field >= fieldCount) {
          result = OTHER_FIELDS;
          at = endOfValue(b, v, at, to, 0);
          if (at < 0) return NOT_SURE;
          continue;
        }
        // Of two fields of one name the last counts: it overwrites the first.
        const byte = b[at]!;
        if (byte === QUOTE) {
          let end = endOfPlainText(v, at + 1);
          let kind = TEXT;
          if (end >= to) return NOT_SURE;
          if (b[end] !== QUOTE) {
            kind = ESCAPED;
            end = endOfText(b, v, end, to);
            if (end < 0) return NOT_SURE;
          }
          kinds[field] = kind;
          starts[field] = at + 1;
          ends[field] = end;
          at = end + 1;
        } else if (beginsNumber(byte)) {
          const end = readNumber(b, at, numbers, field);
          // 1e400 is a number to the grammar alone.
          if (end < 0 || !Number.isFinite(numbers[field]!)) return NOT_SURE;
          kinds[field] = NUMBER;
          starts[field] = at;
          ends[field] = end;
          at = end;
        } else {
          kinds[field] = byte === 0x74 ? TRUE : byte === 0x66 ? FALSE : byte === 0x6e ? NULL : byte === OPEN ? OBJECT : ARRAY;
          at = endOfValue(b, v, at, to, 0);
          if (at < 0) return NOT_SURE;
        }
      }
      return at === to ? result : NOT_SURE;
    },
  };
}
