/** Records as columns of bytes: how they are packed for an append, and read out of a batch. */
import type { RecordBatch, RecordsToAppend } from './log.ts';

/** Byte strings one after the other; string `i` is `bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])`. */
export interface Column {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);
const LF = 0x0a;
const CR = 0x0d;

/** Texts in ASCII, as nearly all are, are encoded in one go: their lengths in bytes are those in characters. */
function packTexts(texts: readonly string[]): Column | undefined {
  const text = texts.join('');
  const bytes = encoder.encode(text);
  if (bytes.length !== text.length) return undefined;
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (let i = 0; i < texts.length; i++) ends[i] = end += texts[i]!.length;
  return { bytes, ends };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function packColumn(values: readonly (string | Uint8Array | null | undefined)[]): Column {
  const packed = values.every(isText) ? packTexts(values) : undefined;
  if (packed) return packed;
  const parts = values.map((value) => (typeof value === 'string' ? encoder.encode(value) : (value ?? NOTHING)));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  const ends = new Uint32Array(parts.length);
  let end = 0;
  for (const [i, part] of parts.entries()) {
    bytes.set(part, end);
    end += part.length;
    ends[i] = end;
  }
  return { bytes, ends };
}

/** The columns of `RecordsToAppend`. A null value is a tombstone; a missing key is an empty one. */
export function packRecords(
  values: readonly (string | Uint8Array | null)[],
  keys?: readonly (string | Uint8Array | undefined)[],
): Pick<RecordsToAppend, 'bytes' | 'ends' | 'keys' | 'tombstones'> {
  if (keys && keys.length !== values.length) throw new RangeError(`${keys.length} keys for ${values.length} values`);
  const tombstones = values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : undefined;
  return { ...packColumn(values), ...(keys && { keys: packColumn(keys) }), ...(tombstones && { tombstones }) };
}

/** String `i` of a column, as a view. */
export function columnAt(column: Column, i: number): Uint8Array {
  return column.bytes.subarray(i === 0 ? 0 : column.ends[i - 1], column.ends[i]);
}

/** Value of record `i` (0 is the batch's first), as a view; empty for a tombstone. */
export function recordAt(batch: RecordBatch, i: number): Uint8Array {
  if (!(i >= 0 && i < batch.count)) throw new RangeError(`record ${i} of a batch of ${batch.count}`);
  return columnAt(batch, i);
}

/** Key of record `i`, as a view; undefined where it has none. */
export function keyAt(batch: RecordBatch, i: number): Uint8Array | undefined {
  const key = batch.keys && columnAt(batch.keys, i);
  return key && key.length > 0 ? key : undefined;
}

function sliceColumn(column: Column, from: number, to: number): Column {
  const start = from === 0 ? 0 : column.ends[from - 1]!;
  const ends = start === 0 ? column.ends.subarray(from, to) : column.ends.slice(from, to);
  if (start !== 0) for (let i = 0; i < ends.length; i++) ends[i]! -= start;
  return { bytes: column.bytes.subarray(start, to === 0 ? 0 : column.ends[to - 1]), ends };
}

/** Records `from` to before `to` of a batch (0 is its first): views, no copy of values. */
export function sliceBatch(batch: RecordBatch, from: number, to: number): RecordBatch {
  if (!(from >= 0 && from <= to && to <= batch.count)) throw new RangeError(`records ${from} to ${to} of a batch of ${batch.count}`);
  if (from === 0 && to === batch.count) return batch;
  return {
    topic: batch.topic,
    partition: batch.partition,
    firstOffset: batch.firstOffset + from,
    count: to - from,
    ...sliceColumn(batch, from, to),
    ...(batch.keys && { keys: sliceColumn(batch.keys, from, to) }),
    ...(batch.tombstones && { tombstones: batch.tombstones.subarray(from, to) }),
    appendTimes: batch.appendTimes.subarray(from, to),
    ...(batch.firstLine !== undefined && { firstLine: batch.firstLine + from }),
  };
}

function joinColumns(columns: readonly Column[]): Column {
  const bytes = new Uint8Array(columns.reduce((sum, column) => sum + column.bytes.length, 0));
  const ends = new Uint32Array(columns.reduce((sum, column) => sum + column.ends.length, 0));
  let end = 0;
  let n = 0;
  for (const column of columns) {
    bytes.set(column.bytes, end);
    for (let i = 0; i < column.ends.length; i++) ends[n++] = end + column.ends[i]!;
    end += column.bytes.length;
  }
  return { bytes, ends };
}

/** Whether `next` goes on where `batch` ends, in offsets and in line numbers, so that `joinBatches` may take both. */
export function follows(batch: RecordBatch, next: RecordBatch): boolean {
  if (next.firstOffset !== batch.firstOffset + batch.count) return false;
  return next.firstLine === (batch.firstLine === undefined ? undefined : batch.firstLine + batch.count);
}

/** One batch out of several, at least one, of one partition that follow each other. Copies, except where there is only one. */
export function joinBatches(batches: readonly RecordBatch[]): RecordBatch {
  const first = batches[0]!;
  if (batches.length === 1) return first;
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const appendTimes = new Float64Array(count);
  const tombstones = batches.some((batch) => batch.tombstones) ? new Uint8Array(count) : undefined;
  let n = 0;
  for (const batch of batches) {
    appendTimes.set(batch.appendTimes, n);
    if (batch.tombstones) tombstones?.set(batch.tombstones, n);
    n += batch.count;
  }
  const keyed = batches.some((batch) => batch.keys);
  return {
    topic: first.topic,
    partition: first.partition,
    firstOffset: first.firstOffset,
    count,
    ...joinColumns(batches),
    ...(keyed && { keys: joinColumns(batches.map((batch) => batch.keys ?? { bytes: NOTHING, ends: new Uint32Array(batch.count) })) }),
    ...(tombstones && { tombstones }),
    appendTimes,
    ...(first.firstLine !== undefined && { firstLine: first.firstLine }),
  };
}

/**
 * Cuts bytes into lines at LF only; one CR just before the LF is taken off. Nothing else ends a line or is taken off.
 * `rest`: what comes after the last LF, as a view on the input, to be put before the next bytes. With `last` it is a line too
 * (unless it is empty), kept to its last byte, and `rest` is empty.
 * @throws RangeError with more than `most` lines
 */
export function splitLines(input: Uint8Array, options: { last: boolean; most?: number }): Column & { rest: Uint8Array } {
  const { last, most = Infinity } = options;
  const cut = last ? input.length : input.lastIndexOf(LF) + 1;
  // The lines move left over the separators within one copy: no object and no allocation per line.
  const bytes = new Uint8Array(input.subarray(0, cut));
  // A Buffer finds a byte four times as fast as a plain array does.
  const copy = Buffer.from(bytes.buffer);
  let ends = new Uint32Array(Math.max(16, Math.min(cut >> 6, most)));
  let count = 0;
  let end = 0;
  for (let from = 0; from < cut;) {
    const lf = copy.indexOf(LF, from);
    const next = lf === -1 ? cut : lf + 1;
    const to = lf === -1 ? cut : lf > from && bytes[lf - 1] === CR ? lf - 1 : lf;
    if (end !== from) bytes.copyWithin(end, from, to);
    end += to - from;
    if (count === most) throw new RangeError(`more than ${most} lines`);
    if (count === ends.length) {
      const wider = new Uint32Array(ends.length * 2);
      wider.set(ends);
      ends = wider;
    }
    ends[count++] = end;
    from = next;
  }
  return { bytes: bytes.subarray(0, end), ends: ends.subarray(0, count), rest: input.subarray(cut) };
}
