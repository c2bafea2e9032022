/** Holds a scanned record against a schema's rules. True only where they surely hold; the reason of a fault is for others to find. */
import type { EventDemand, FieldDemand } from './projection.ts';
import { ABSENT, ARRAY, ESCAPED, FALSE, NULL, NUMBER, OBJECT, TEXT, TRUE } from './json-kinds.ts';
import { createBytePattern, NO_MATCH, NOT_ASCII, type BytePattern } from './pattern-bytes.ts';
import { OTHER_FIELDS, type Scanned } from './scanner.ts';
import { createTimeReader, type TimeReader } from './time-bytes.ts';

export interface Bytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Each byte is a character. */
  readonly ascii: boolean;
}

export interface DemandCheck {
  /** `scan`: what the scanner returned; `bits`: per field (coded-field.ts). */
  holds(scanned: Scanned, scan: number, bits: Int32Array, at: Bytes): boolean;
}

/**
 * @param fieldCount of the projection's fields
 * @param timeField whose time is read anyway, as RFC 3339; undefined: none
 */
export function createDemandCheck(demand: EventDemand, fieldCount: number, timeField: number | undefined): DemandCheck {
  const checks = demand.fields.map((field) => compile(field, timeField));
  const { closed } = demand;
  const described = new Set(demand.fields.map(({ field }) => field));
  const further = Array.from({ length: closed ? fieldCount : 0 }, (_, field) => field).filter((field) => !described.has(field));
  const times = createTimeReader();
  return {
    holds({ kinds, starts, ends, numbers }, scan, bits, at) {
      if (closed && scan === OTHER_FIELDS) return false;
      for (let f = 0; f < further.length; f++) if (kinds[further[f]!] !== ABSENT) return false;
      for (let c = 0; c < checks.length; c++) {
        const check = checks[c]!;
        const kind = kinds[check.field]!;
        if (((check.kinds >>> kind) & 1) === 0) return false;
        if (check.oneOf !== 0 && kind !== ABSENT && (bits[check.field]! & check.oneOf) === 0) return false;
        if (kind === TEXT) {
          if (check.readsText && !textHolds(check, at, starts[check.field]!, ends[check.field]!, times)) return false;
        } else if (kind === NUMBER && check.readsNumber && !numberHolds(check, numbers[check.field]!)) return false;
      }
      return true;
    },
  };
}

/** No record is longer. */
const LENGTH_MAX = 0x3fffffff;

interface FieldCheck {
  readonly field: number;
  /** A bit per kind that is allowed. */
  readonly kinds: number;
  /** Mask of the bit that says that the value is allowed; 0: any is. */
  readonly oneOf: number;
  readonly readsText: boolean;
  readonly readsLength: boolean;
  readonly minLength: number;
  readonly maxLength: number;
  readonly uuid: boolean;
  readonly dateTime: boolean;
  readonly patterns: readonly BytePattern[];
  readonly texts: readonly ((text: string) => boolean)[];
  /** Those whose pattern is run over bytes, for texts where it cannot be. */
  readonly patternTexts: readonly ((text: string) => boolean)[];
  readonly readsNumber: boolean;
  readonly whole: boolean;
  /** Least, most; what it must be above, and below; what it must be a multiple of, or NaN. */
  readonly bounds: Float64Array;
  /** There is more than least and most. */
  readonly moreOfNumbers: boolean;
}

function compile({ field, rules, oneOf }: FieldDemand, timeField: number | undefined): FieldCheck {
  const { types, texts, minLength, maxLength, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rules;
  const hasLength = minLength > 0 || maxLength < Infinity;
  const uuid = texts.some(({ format }) => format === 'uuid');
  // A time that was read as the event's is one that the format takes.
  const dateTime = field !== timeField && texts.some(({ format }) => format === 'date-time');
  const patterned = texts.flatMap(({ pattern, test }) => {
    const overBytes = pattern === undefined ? undefined : createBytePattern(pattern);
    return overBytes ? [{ overBytes, test }] : [];
  });
  const others = texts.filter(
    ({ format, test }) => format !== 'uuid' && format !== 'date-time' && !patterned.some((one) => one.test === test),
  );
  const whole = types !== undefined && types.includes('integer') && !types.includes('number');
  const hasBounds = [minimum, maximum, exclusiveMinimum, exclusiveMaximum].some((bound) => Math.abs(bound) < Infinity);
  const allows = (...names: string[]): boolean => types === undefined || names.some((name) => types.includes(name));
  let kinds = rules.required ? 0 : 1 << ABSENT;
  if (allows('string')) kinds |= 1 << TEXT;
  if (allows('string') && !hasLength && texts.length === 0 && !oneOf) kinds |= 1 << ESCAPED;
  if (allows('number', 'integer')) kinds |= 1 << NUMBER;
  if (allows('boolean')) kinds |= (1 << TRUE) | (1 << FALSE);
  if (allows('null')) kinds |= 1 << NULL;
  if (allows('object') && !oneOf) kinds |= 1 << OBJECT;
  if (allows('array') && !oneOf) kinds |= 1 << ARRAY;
  return {
    field,
    kinds,
    oneOf: oneOf ? 1 << oneOf.bit : 0,
    readsText: hasLength || uuid || dateTime || texts.some(({ format }) => format === undefined) || others.length > 0,
    readsLength: hasLength,
    // Small integers, which cost nothing to read.
    minLength: Math.min(minLength, LENGTH_MAX),
    maxLength: Math.min(maxLength, LENGTH_MAX),
    uuid,
    dateTime,
    patterns: patterned.map(({ overBytes }) => overBytes),
    texts: others.map(({ test }) => test),
    patternTexts: patterned.map(({ test }) => test),
    readsNumber: whole || hasBounds || multipleOf !== undefined,
    whole,
    bounds: Float64Array.of(minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf ?? NaN),
    moreOfNumbers: whole || multipleOf !== undefined || exclusiveMinimum > -Infinity || exclusiveMaximum < Infinity,
  };
}

function textHolds(check: FieldCheck, at: Bytes, from: number, to: number, times: TimeReader): boolean {
  const { bytes, view } = at;
  if (check.uuid && !isUuid(bytes, view, from, to)) return false;
  if (check.readsLength) {
    const length = at.ascii ? to - from : codePoints(bytes, from, to);
    if (length < check.minLength || length > check.maxLength) return false;
  }
  if (check.dateTime) {
    const time = times.read(bytes, view, from, to);
    if (time !== time) return false;
  }
  let ascii = true;
  for (let p = 0; p < check.patterns.length; p++) {
    const matched = check.patterns[p]!(bytes, view, from, to);
    if (matched === NO_MATCH) return false;
    if (matched === NOT_ASCII) ascii = false;
  }
  if (check.texts.length === 0 && ascii) return true;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
  return check.texts.every((holds) => holds(text)) && (ascii || check.patternTexts.every((holds) => holds(text)));
}

function numberHolds(check: FieldCheck, value: number): boolean {
  const bounds = check.bounds;
  if (value < bounds[0]! || value > bounds[1]!) return false;
  if (!check.moreOfNumbers) return true;
  if (check.whole && value % 1 !== 0) return false;
  if (value <= bounds[2]! || value >= bounds[3]!) return false;
  const multipleOf = bounds[4]!;
  if (multipleOf !== multipleOf) return true;
  const times = value / multipleOf;
  // Beyond that ajv's own way of asking has its limits; it is left to it.
  return Number.isInteger(times) && Math.abs(times) < 1e15;
}

/** Of valid UTF-8: all bytes but those that continue a character. */
function codePoints(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if ((bytes[at]! & 0xc0) !== 0x80) count++;
  return count;
}

/** 8-4-4-4-12 hex digits, as the format `uuid` has it. */
function isUuid(bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
  if (to - from !== 36) return false;
  if (bytes[from + 8] !== 0x2d || bytes[from + 13] !== 0x2d || bytes[from + 18] !== 0x2d || bytes[from + 23] !== 0x2d) return false;
  // Four bytes at a time, each dash turned into the digit 0.
  const words =
    hexMarks(view.getInt32(from, true)) &
    hexMarks(view.getInt32(from + 4, true)) &
    hexMarks(view.getInt32(from + 8, true) ^ 0x0000001d) &
    hexMarks(view.getInt32(from + 12, true) ^ 0x00001d00) &
    hexMarks(view.getInt32(from + 16, true) ^ 0x001d0000) &
    hexMarks(view.getInt32(from + 20, true) ^ 0x1d000000) &
    hexMarks(view.getInt32(from + 24, true)) &
    hexMarks(view.getInt32(from + 28, true)) &
    hexMarks(view.getInt32(from + 32, true));
  return words === (0x80808080 | 0);
}

/** The highest bit of each byte of a word that is a hex digit; the others are 0. */
function hexMarks(word: number): number {
  const low = word & 0x7f7f7f7f;
  const letter = low | 0x20202020;
  // From 0x30 (0x61) on the sum reaches the highest bit, from 0x3a (0x67) on the second one does too.
  const digits = (low + 0x50505050) & ~(low + 0x46464646);
  const letters = (letter + 0x1f1f1f1f) & ~(letter + 0x19191919);
  return (digits | letters) & ~word & 0x80808080;
}
