/** Holds a scanned record against a schema's rules. True only where they surely hold; the reason of a fault is for others to find. */
import type { EventDemand, FieldDemand } from './projection.ts';
import { ABSENT, ARRAY, ESCAPED, FALSE, NULL, NUMBER, OBJECT, TEXT, TRUE } from './json-kinds.ts';
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

interface FieldCheck {
  readonly field: number;
  /** A bit per kind that is allowed. */
  readonly kinds: number;
  /** Mask of the bit that says that the value is allowed; 0: any is. */
  readonly oneOf: number;
  readonly readsText: boolean;
  readonly minLength: number;
  readonly maxLength: number;
  readonly uuid: boolean;
  readonly dateTime: boolean;
  readonly texts: readonly ((text: string) => boolean)[];
  readonly readsNumber: boolean;
  readonly whole: boolean;
  readonly minimum: number;
  readonly maximum: number;
  readonly exclusiveMinimum: number;
  readonly exclusiveMaximum: number;
  readonly multipleOf: number;
}

function compile({ field, rules, oneOf }: FieldDemand, timeField: number | undefined): FieldCheck {
  const { types, texts, minLength, maxLength, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rules;
  const hasLength = minLength > 0 || maxLength < Infinity;
  const uuid = texts.some(({ format }) => format === 'uuid');
  // A time that was read as the event's is one that the format takes.
  const dateTime = field !== timeField && texts.some(({ format }) => format === 'date-time');
  const others = texts.filter(({ format }) => format !== 'uuid' && format !== 'date-time');
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
    readsText: hasLength || uuid || dateTime || others.length > 0,
    minLength,
    maxLength,
    uuid,
    dateTime,
    texts: others.map(({ test }) => test),
    readsNumber: whole || hasBounds || multipleOf !== undefined,
    whole,
    minimum,
    maximum,
    exclusiveMinimum,
    exclusiveMaximum,
    multipleOf: multipleOf ?? NaN,
  };
}

function textHolds(check: FieldCheck, { bytes, view, ascii }: Bytes, from: number, to: number, times: TimeReader): boolean {
  if (check.uuid && !isUuid(bytes, from, to)) return false;
  const length = ascii ? to - from : codePoints(bytes, from, to);
  if (length < check.minLength || length > check.maxLength) return false;
  if (check.dateTime) {
    const time = times.read(bytes, view, from, to);
    if (time !== time) return false;
  }
  if (check.texts.length > 0) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
    const text = ascii ? buffer.toString('latin1') : buffer.toString('utf8');
    for (let t = 0; t < check.texts.length; t++) if (!check.texts[t]!(text)) return false;
  }
  return true;
}

function numberHolds(check: FieldCheck, value: number): boolean {
  if (check.whole && value % 1 !== 0) return false;
  if (value < check.minimum || value > check.maximum) return false;
  if (value <= check.exclusiveMinimum || value >= check.exclusiveMaximum) return false;
  if (check.multipleOf !== check.multipleOf) return true;
  const times = value / check.multipleOf;
  // Beyond that ajv's own way of asking has its limits; it is left to it.
  return Number.isInteger(times) && Math.abs(times) < 1e15;
}

/** Of valid UTF-8: all bytes but those that continue a character. */
function codePoints(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if ((bytes[at]! & 0xc0) !== 0x80) count++;
  return count;
}

/** By byte: 1 for hex digits. */
const IS_HEX = Uint8Array.from({ length: 256 }, (_, byte) => (/[0-9a-fA-F]/.test(String.fromCharCode(byte)) ? 1 : 0));

/** 8-4-4-4-12 hex digits, as the format `uuid` has it. */
function isUuid(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== 36) return false;
  if (bytes[from + 8] !== 0x2d || bytes[from + 13] !== 0x2d || bytes[from + 18] !== 0x2d || bytes[from + 23] !== 0x2d) return false;
  let digits = 0;
  for (let at = from; at < to; at++) digits += IS_HEX[bytes[at]!]!;
  // The four dashes are none.
  return digits === 32;
}
