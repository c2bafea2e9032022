/** Reads a record of a windows topic. That is open to others, and what they write there must not keep rows from anybody. */
import { parseJson } from '../core/json.ts';
import type { WindowRecord, WindowRow } from './row.ts';

const VERSION_MAX = 2n ** 64n - 1n;

type Fields = Readonly<Record<string, unknown>>;

/** Undefined for what no version of ours has written: it lacks which window it is of, or what a row is compared and added up by. */
export function parseWindowRecord(record: string): WindowRecord | undefined {
  const found = parseJson(record);
  return isWindowRecord(found) ? found : undefined;
}

/** Of what was read already. */
export function isWindowRecord(value: unknown): value is WindowRecord {
  return isObject(value) && (isRow(value) || isClosed(value));
}

function isRow(value: Fields): value is Fields & WindowRow {
  const { kind, labels, measures, state, events, version, origin, partitions } = value;
  return (
    kind === 'row' &&
    hasPlace(value) &&
    isObject(labels) &&
    Object.values(labels).every(isText) &&
    isObject(measures) &&
    isObject(state) &&
    Number.isFinite(events) &&
    isText(version) &&
    /^\d{1,20}$/.test(version) &&
    BigInt(version) <= VERSION_MAX &&
    isText(origin) &&
    Array.isArray(partitions)
  );
}

function isClosed(value: Fields): value is Fields & WindowRecord {
  return value['kind'] === 'closed' && hasPlace(value);
}

function hasPlace({ window, window_start, window_end }: Fields): boolean {
  return isText(window) && isTime(window_start) && isTime(window_end);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTime(value: unknown): boolean {
  return isText(value) && Number.isFinite(Date.parse(value));
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
