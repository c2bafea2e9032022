/**
 * A commit as bytes, for the way through the local socket: u32 length of a JSON header, the header, then the columns of
 * each append and the values of the state, one after the other. Both ends run on one machine: its byte order is used.
 */
import { AppError } from '../../core/errors.ts';
import type { RecordsToAppend, StateChange } from '../../log/log.ts';

/** What other processes may ask the holder to write. */
export interface WriteUnit {
  readonly appends?: readonly RecordsToAppend[];
  readonly state?: readonly StateChange[];
}

interface AppendHeader {
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  readonly bytes: number;
  /** Absent: no keys. */
  readonly keyBytes?: number;
  readonly tombstones: boolean;
  readonly firstLine?: number;
  readonly appendTime?: number;
}

interface Header {
  readonly appends: readonly AppendHeader[];
  /** Length of each value; -1 deletes. */
  readonly state: readonly (readonly [key: string, length: number])[];
}

export function encodeUnit({ appends = [], state = [] }: WriteUnit): Buffer {
  const header: Header = {
    appends: appends.map(({ topic, partition, bytes, ends, keys, tombstones, firstLine, appendTime }) => ({
      topic,
      partition,
      count: ends.length,
      bytes: bytes.length,
      tombstones: tombstones !== undefined,
      ...(keys && { keyBytes: keys.bytes.length }),
      ...(firstLine !== undefined && { firstLine }),
      ...(appendTime !== undefined && { appendTime }),
    })),
    state: state.map(([key, value]) => [key, value === null ? -1 : value.length]),
  };
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const parts: Uint8Array[] = [length, head];
  for (const { bytes, ends, keys, tombstones } of appends) {
    parts.push(asBytes(ends), bytes);
    if (keys) parts.push(asBytes(keys.ends), keys.bytes);
    if (tombstones) parts.push(tombstones);
  }
  for (const [, value] of state) if (value) parts.push(value);
  return Buffer.concat(parts);
}

function asBytes(ends: Uint32Array): Uint8Array {
  return new Uint8Array(ends.buffer, ends.byteOffset, ends.byteLength);
}

/** @throws AppError `usage` for bytes that `encodeUnit` did not make; the columns' content is checked by the log */
export function decodeUnit(body: Buffer): Required<WriteUnit> {
  const header = readHeader(body);
  let at = 4 + body.readUInt32LE(0);
  const take = (length: number): Buffer => {
    if (!Number.isSafeInteger(length) || length < 0 || at + length > body.length) throw malformed('it is shorter than its header says');
    at += length;
    return body.subarray(at - length, at);
  };
  const takeEnds = (count: number): Uint32Array => {
    const bytes = take(count * 4);
    const ends = new Uint32Array(count);
    new Uint8Array(ends.buffer).set(bytes);
    return ends;
  };
  const appends = header.appends.map(({ topic, partition, count, bytes, keyBytes, tombstones, firstLine, appendTime }): RecordsToAppend => {
    const ends = takeEnds(count);
    const values = take(bytes);
    const keys = keyBytes === undefined ? undefined : { ends: takeEnds(count), bytes: take(keyBytes) };
    return {
      topic,
      partition,
      ends,
      bytes: values,
      ...(keys && { keys }),
      ...(tombstones && { tombstones: take(count) }),
      ...(firstLine !== undefined && { firstLine }),
      ...(appendTime !== undefined && { appendTime }),
    };
  });
  const state = header.state.map(([key, length]): StateChange => [key, length === -1 ? null : take(length)]);
  if (at !== body.length) throw malformed('it is longer than its header says');
  return { appends, state };
}

function readHeader(body: Buffer): Header {
  if (body.length < 4) throw malformed('it is too short');
  const length = body.readUInt32LE(0);
  if (4 + length > body.length) throw malformed('its header is cut off');
  let header: unknown;
  try {
    header = JSON.parse(body.subarray(4, 4 + length).toString());
  } catch {
    throw malformed('its header is not JSON');
  }
  if (!isHeader(header)) throw malformed('its header lacks fields');
  return header;
}

function isHeader(value: unknown): value is Header {
  const { appends, state } = (value ?? {}) as Partial<Header>;
  return (
    Array.isArray(appends) &&
    appends.every((append) => typeof append?.topic === 'string' && [append.partition, append.count, append.bytes].every(isCount)) &&
    Array.isArray(state) &&
    state.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number')
  );
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function malformed(why: string): AppError {
  return new AppError('usage', `the request is not a commit: ${why}`);
}
