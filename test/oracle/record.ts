/** The oracle reads one record: bytes -> JSON object, and what the engine takes out of one. Slow and plain on purpose. */
import type { Condition, EventSpec, LookupSpec, Scalar } from '../../src/windows/spec.ts';

/** One record of the log; `bytes: null` is a tombstone. `appendTime`: epoch ms, unused by `clock: 'event'`. */
export interface OracleRecord {
  readonly bytes: Uint8Array | null;
  readonly appendTime: number;
}

export type Fields = Readonly<Record<string, unknown>>;
export type Decoded =
  | { readonly fields: Fields }
  | { readonly outcome: 'ignored' }
  | { readonly outcome: 'invalid'; readonly reason: string };

export function decode(bytes: Uint8Array | null, maxRecordBytes: number): Decoded {
  if (bytes === null) return { outcome: 'ignored' };
  if (bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)) return { outcome: 'ignored' };
  if (bytes.length > maxRecordBytes) return { outcome: 'invalid', reason: 'too_long' };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { outcome: 'invalid', reason: 'bad_utf8' };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { outcome: 'invalid', reason: 'bad_json' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { outcome: 'invalid', reason: 'not_object' };
  return { fields: value as Fields };
}

/** The record's own field; undefined where it has none (JSON knows no undefined). */
export function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

export function holds(fields: Fields, condition: Condition): boolean {
  const value = own(fields, condition.field);
  return isScalar(value) && condition.anyOf.some((wanted) => wanted === value || (typeof value === 'number' && isIn(wanted, value)));
}

function isIn(wanted: Condition['anyOf'][number], value: number): boolean {
  if (typeof wanted !== 'object' || wanted === null) return false;
  const { above, at_least: least, at_most: most, below } = wanted;
  const within = [above === undefined || value > above, least === undefined || value >= least, most === undefined || value <= most];
  return within.every(Boolean) && (below === undefined || value < below);
}

/** What the table gives for the record; any scalar is looked up by its text. Undefined where the key is absent, no scalar or not in the table. */
export function lookedUp(fields: Fields, lookup: LookupSpec): string | undefined {
  const key = own(fields, lookup.by);
  return isScalar(key) && Object.hasOwn(lookup.table, String(key)) ? lookup.table[String(key)] : undefined;
}

/** A dimension's value as a label: text as it is, numbers and truth values as JSON writes them, anything else empty. */
export function labelOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d)|())$/;

/** Event time in epoch ms, from 1970 on; `type` or `value` say what is wrong with it. */
export function eventTimeOf(value: unknown, { timeUnit: unit, zoneMs }: EventSpec): number | 'type' | 'value' {
  if (unit === 'iso') return typeof value === 'string' ? isoTime(value, zoneMs) : 'type';
  if (typeof value !== 'number' && typeof value !== 'string') return 'type';
  if (typeof value === 'string' && !/^\d+(\.\d+)?$/.test(value)) return 'value';
  const time = Math.round(Number(value) * (unit === 's' ? 1_000 : 1));
  return time >= 0 && time <= LAST_MS ? time : 'value';
}

function isoTime(text: string, localMs: number | undefined): number | 'value' {
  const match = RFC_3339.exec(text);
  const isLocal = match?.[11] !== undefined;
  if (!match || (isLocal && localMs === undefined)) return 'value';
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const ms = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const [zoneHour, zoneMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return 'value';
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return 'value';
  const zoneMs = isLocal ? localMs! : (match[8] === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute) * 60_000;
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const time = year < 1000 ? -1 : Date.UTC(year, month - 1, day, hour, minute, second, ms) - zoneMs;
  return time >= 0 && time <= LAST_MS ? time : 'value';
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
