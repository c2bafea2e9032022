/**
 * One pass over the bytes of a record: what stands at each field that somebody wants, and where. All else is checked and passed over.
 * It guesses that a field is followed by the same bytes up to the next value (`,"country":`) as in the record before, and compares
 * sixteen bytes at a time; only where they differ is the name looked up.
 */
import { sameBytes } from './bytes.ts';
import { add, createDictionary, Dictionary, find } from './dictionary.ts';
import { Field, fieldAt, fieldCount } from './fields.ts';
import { beginsNumber, CLOSE, COLON, COMMA, endOfPlainText, endOfText, endOfValue, isSpace, OPEN, QUOTE, skipSpace } from './json.ts';
import { ABSENT, ARRAY, ESCAPED, FALSE, NULL, NUMBER, OBJECT, TEXT, TRUE } from './kinds.ts';
import { allocate } from './memory.ts';
import { readNumber } from './numbers.ts';

/** No JSON object, or one that is left to others. */
export const NOT_SURE: u32 = 0;
const KNOWN_FIELDS: u32 = 1;
/** It has fields besides those asked for. */
export const OTHER_FIELDS: u32 = 2;

/** Other fields whose names are learnt too, so that the guess holds behind them. */
const OTHERS_MAX: u32 = 256;
/** Bytes between two values that are guessed, at most; a multiple of sixteen. */
const GUESS_BYTES_MAX: u32 = 128;

/** By the field before: the bytes up to the next value, and its field. */
@unmanaged
class Guess {
  /** 0: none yet. */
  length: u32;
  /** A bit for each of the first sixteen bytes. */
  mask: u32;
  field: u32;
}
const GUESS_TEXT: usize = 16;
const GUESS_SIZE: usize = 160;
const NO_FIELD: u32 = 0xffffffff;

let names: Dictionary = changetype<Dictionary>(0);
let guesses: usize = 0;
/** Others, beyond those that are learnt. */
let unlearnt: u32 = 0;
/** What `nameAt` found; NO_FIELD at the object's end. */
let found: u32 = 0;

/** For so many fields, whose names follow by `addName`. */
export function createScanner(keys: usize): void {
  names = createDictionary(0, keys);
  unlearnt = fieldCount + OTHERS_MAX;
  guesses = allocate(((unlearnt + 2) as usize) * GUESS_SIZE);
}

export function addName(from: usize, to: usize): void {
  add(names, from, to);
}

/** 0: the record begins; else the field before + 1. */
function guessAt(before: u32): Guess {
  return changetype<Guess>(guesses + (before as usize) * GUESS_SIZE);
}

/** The field that follows at `begin` (behind a value, or at the record's first byte), in `found`; where its value begins, or behind the object's end. 0: not sure. */
function nameAt(begin: usize, to: usize, before: u32): usize {
  let at = skipSpace(begin, to);
  if (at >= to) return 0;
  if (before === 0) {
    if (load<u8>(at) !== OPEN) return 0;
    at = skipSpace(at + 1, to);
  } else if (load<u8>(at) !== CLOSE) {
    if (load<u8>(at) !== COMMA) return 0;
    at = skipSpace(at + 1, to);
    if (load<u8>(at) === CLOSE) return 0;
  }
  if (at >= to) return 0;
  if (load<u8>(at) === CLOSE) {
    found = NO_FIELD;
    return at + 1;
  }
  if (load<u8>(at) !== QUOTE) return 0;
  const start = at + 1;
  const end = endOfPlainText(start);
  if (end >= to || load<u8>(end) !== QUOTE) return 0;
  at = skipSpace(end + 1, to);
  if (at >= to || load<u8>(at) !== COLON) return 0;
  at = skipSpace(at + 1, to);
  if (at >= to) return 0;
  found = fieldOf(start, end);
  if (found === NO_FIELD) return 0;
  learn(before, begin, at, found);
  return at;
}

/** Code of the name at [start, end); NO_FIELD for one that means something to objects. */
function fieldOf(start: usize, end: usize): u32 {
  const known = find(names, start, end);
  if (known >= 0) return known;
  // __proto__
  if (end - start === 9 && load<u64>(start) === 0x5f6f746f72705f5f && load<u8>(start + 8) === 0x5f) return NO_FIELD;
  return names.size < unlearnt && end - start <= GUESS_BYTES_MAX ? add(names, start, end) : unlearnt;
}

function learn(before: u32, from: usize, to: usize, field: u32): void {
  const length = (to - from) as u32;
  if (length > GUESS_BYTES_MAX || before > unlearnt || field === unlearnt) return;
  const guess = guessAt(before);
  guess.length = length;
  guess.mask = length >= 16 ? 0xffff : (1 << length) - 1;
  guess.field = field;
  memory.copy(changetype<usize>(guess) + GUESS_TEXT, from, length);
}

/** Whether what was guessed stands at `at`; the guess is not empty. */
function holds(guess: Guess, at: usize): bool {
  const text = changetype<usize>(guess) + GUESS_TEXT;
  if ((i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(text))) & guess.mask) !== guess.mask) return false;
  return guess.length <= 16 || sameBytes(at, text, guess.length as usize);
}

/** Scans the record at [from, to) into the fields: KNOWN_FIELDS, OTHER_FIELDS or NOT_SURE. */
export function scan(from: usize, to: usize): u32 {
  for (let f: u32 = 0; f < fieldCount; f++) fieldAt(f).kind = ABSENT;
  let result = KNOWN_FIELDS;
  let at = from;
  let before: u32 = 0;
  while (to > from && isSpace(load<u8>(to - 1))) to--;
  // The record's last byte ends every number and literal within it.
  if (to - from < 2 || load<u8>(to - 1) !== CLOSE) return NOT_SURE;
  while (true) {
    const guess = guessAt(before);
    let index: u32;
    if (guess.length !== 0 && at + (guess.length as usize) < to && holds(guess, at)) {
      at += guess.length as usize;
      index = guess.field;
    } else {
      at = nameAt(at, to, before);
      if (at === 0) return NOT_SURE;
      if (found === NO_FIELD) break;
      index = found;
    }
    before = index + 1;
    if (index >= fieldCount) {
      result = OTHER_FIELDS;
      at = endOfValue(at, to, 0);
    } else {
      // Of two fields of one name the last counts: it overwrites the first.
      at = readValue(fieldAt(index), at, to);
    }
    if (at === 0) return NOT_SURE;
  }
  return at === to ? result : NOT_SURE;
}

/** The value that begins at `at`; behind it, or 0. */
function readValue(field: Field, at: usize, to: usize): usize {
  const byte: u32 = load<u8>(at);
  if (byte === QUOTE) {
    let end = endOfPlainText(at + 1);
    if (end >= to) return 0;
    let kind = TEXT;
    if (load<u8>(end) !== QUOTE) {
      kind = ESCAPED;
      end = endOfText(end, to);
      if (end === 0) return 0;
    }
    field.kind = kind;
    field.start = at + 1;
    field.end = end;
    return end + 1;
  }
  field.start = at;
  if (beginsNumber(byte)) {
    const end = readNumber(at, changetype<usize>(field) + offsetof<Field>('value'));
    // 1e400 is a number to the grammar alone.
    if (end === 0 || !isFinite(field.value)) return 0;
    field.kind = NUMBER;
    field.end = end;
    return end;
  }
  field.kind = byte === 0x74 ? TRUE : byte === 0x66 ? FALSE : byte === 0x6e ? NULL : byte === OPEN ? OBJECT : ARRAY;
  field.end = endOfValue(at, to, 0);
  return field.end;
}
