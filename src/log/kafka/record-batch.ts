/** Batches as a broker sends them, as records in columns. */
import { AppError } from '../../core/errors.ts';
import { LAST_INSTANT_MS } from '../../core/instant.ts';
import type { RecordBatch } from '../log.ts';
import { AT, ATTRIBUTE, BEFORE_LENGTH_BYTES, CHECKED_FROM, HEADER_BYTES } from './batch-header.ts';
import { CODECS, checksum } from './codecs.ts';
import type { BatchOfRecords, Columns, Unpacker } from './unpack/unpacker.ts';

export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  /** Record batches as the broker sent them, in pieces as they came from the socket; the last batch may be cut short. */
  readonly pieces: readonly Uint8Array[];
  /** Transactions that were taken back, by their producer and first offset. */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
}

/** The records of one answer, unpacked as they are asked for. */
export interface AnswerReader {
  /** Where to go on reading: behind the last whole batch, read or skipped. */
  readonly next: number;
  /**
   * The next records, as columns, in order, each batch without a hole in its offsets; none: there are no more. Control batches, headers and what
   * was taken back are left out. `lent`: they are good until the next call and the unpacker's next answer.
   * @throws AppError `log_unreadable`, `memory_short`
   */
  read(lent?: boolean): RecordBatch[];
}

/** Where a batch that is to be read stands in the answer. */
interface Place {
  /** Of its records. */
  readonly at: number;
  readonly end: number;
  readonly codec: number;
  readonly records: BatchOfRecords;
}

/** Unpacked: what is handed out at once has at least so much, unless there was no more. */
const GROUP_BYTES = 256 << 10;
/** Length, attributes, time, offset, length of key and of value, headers: a byte each. */
const LEAST_RECORD_BYTES = 7;

/** All records of an answer from offset `from` on. @throws AppError `log_unreadable`, `memory_short` */
export function decodeBatches(fetched: Fetched, from: number, unpacker: Unpacker): { batches: RecordBatch[]; next: number } {
  const answer = openAnswer(fetched, from, unpacker);
  const batches: RecordBatch[] = [];
  for (let some = answer.read(); some.length > 0; some = answer.read()) for (const batch of some) batches.push(batch);
  return { batches, next: answer.next };
}

/** Records from offset `from` on: no object per record. @throws AppError `log_unreadable` where a checksum is wrong, `memory_short` */
export function openAnswer(fetched: Fetched, from: number, unpacker: Unpacker): AnswerReader {
  const { topic, partition } = fetched;
  const { places, next } = survey(fetched, unpacker.load(fetched.pieces), from);
  let done = 0;
  return {
    next,
    read(lent = false) {
      while (done < places.length) {
        const place = places[done++]!;
        unpack(fetched, place, from, unpacker);
        if (unpacker.bytes >= GROUP_BYTES || done === places.length) {
          const runs = runsOf(unpacker.take(lent), topic, partition);
          if (runs.length > 0) return runs;
        }
      }
      return [];
    },
  };
}

/** The whole batches of the answer that are to be read, their checksums compared. */
function survey(fetched: Fetched, bytes: Buffer, from: number): { places: Place[]; next: number } {
  const places: Place[] = [];
  let next = from;
  const isAborted = trackAborted(fetched.aborted);
  for (let at = 0; bytes.length - at >= BEFORE_LENGTH_BYTES;) {
    const end = at + BEFORE_LENGTH_BYTES + bytes.readInt32BE(at + AT.length);
    const magic = bytes.length - at > AT.magic ? bytes.readInt8(at + AT.magic) : 2;
    const baseOffset = Number(bytes.readBigInt64BE(at + AT.baseOffset));
    if (magic !== 2) throw unreadable(fetched, baseOffset, `message format ${magic}, which is older than Kafka 0.11`);
    if (end > bytes.length) break;
    const batch = bytes.subarray(at, end);
    if (batch.length < HEADER_BYTES || checksum(batch.subarray(CHECKED_FROM)) !== batch.readUInt32BE(AT.crc)) {
      throw unreadable(fetched, baseOffset, 'a batch whose checksum is wrong');
    }
    const lastOffset = baseOffset + batch.readInt32BE(AT.lastOffsetDelta);
    const attributes = batch.readInt16BE(AT.attributes);
    const skipped = isAborted(batch, attributes, lastOffset) || (attributes & ATTRIBUTE.control) !== 0;
    if (lastOffset >= from) next = lastOffset + 1;
    if (!skipped && lastOffset >= from) {
      const records = recordsOf(batch, baseOffset, attributes);
      places.push({ at: at + HEADER_BYTES, end, codec: attributes & ATTRIBUTE.codec, records });
    }
    at = end;
  }
  return { places, next };
}

function recordsOf(batch: Buffer, baseOffset: number, attributes: number): BatchOfRecords {
  const count = batch.readInt32BE(AT.count);
  const baseTimestamp = Number(batch.readBigInt64BE(AT.baseTimestamp));
  if ((attributes & ATTRIBUTE.logAppendTime) === 0) return { count, baseOffset, baseTimestamp };
  return { count, baseOffset, baseTimestamp, appendTime: Number(batch.readBigInt64BE(AT.maxTimestamp)) };
}

function unpack(fetched: Fetched, { at, end, codec: number, records }: Place, from: number, unpacker: Unpacker): void {
  const { count, baseOffset } = records;
  const codec = CODECS[number];
  if (codec === undefined) throw unreadable(fetched, baseOffset, `compression ${number}, which is unknown`);
  let bytes: number;
  try {
    bytes = unpacker.unpack(codec, at, end);
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(fetched, baseOffset, `a batch that ${codec} cannot unpack`, error);
  }
  if (!(count >= 0 && count * LEAST_RECORD_BYTES <= bytes))
    throw unreadable(fetched, baseOffset, `a batch of ${count} records in ${bytes} bytes`);
  try {
    unpacker.read(records, from);
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(fetched, baseOffset, 'a batch that is not what it says', error);
  }
}

/**
 * Whether a batch belongs to a transaction that was taken back. To be asked for each batch in order: a transaction is aborted from
 * its first offset until its producer's abort marker, and one answer may hold several of one producer.
 */
function trackAborted(aborted: Fetched['aborted']): (batch: Buffer, attributes: number, lastOffset: number) => boolean {
  const coming = [...aborted].sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const open = new Set<bigint>();
  return (batch, attributes, lastOffset) => {
    while (coming.length > 0 && coming[0]!.firstOffset <= BigInt(lastOffset)) open.add(coming.shift()!.producerId);
    if ((attributes & ATTRIBUTE.transactional) === 0) return false;
    const producerId = batch.readBigInt64BE(AT.producerId);
    if ((attributes & ATTRIBUTE.control) === 0) return open.has(producerId);
    // A control record: length, attributes, timestamp and offset delta, key length (one byte each), then version and type (16 bits each).
    const isAbort = batch.length >= HEADER_BYTES + 9 && batch.readInt16BE(HEADER_BYTES + 7) === 0;
    if (isAbort) open.delete(producerId);
    return false;
  };
}

function runsOf(columns: Columns, topic: string, partition: number): RecordBatch[] {
  const { offsets, count } = columns;
  const runs: RecordBatch[] = [];
  for (let from = 0, i = 1; i <= count; i++) {
    if (i < count && offsets[i] === offsets[i - 1]! + 1) continue;
    runs.push(runOf(columns, topic, partition, from, i));
    from = i;
  }
  return runs;
}

function runOf(columns: Columns, topic: string, partition: number, from: number, to: number): RecordBatch {
  const { offsets, times, keyBytes, tombstones } = columns;
  return {
    topic,
    partition,
    firstOffset: offsets[from]!,
    count: to - from,
    ...cut(columns.bytes, columns.ends, from, to),
    ...(keyBytes.length > 0 && { keys: cut(columns.keyBytes, columns.keyEnds, from, to) }),
    ...(tombstones && { tombstones: tombstones.subarray(from, to) }),
    appendTimes: inRange(times.subarray(from, to)),
  };
}

/** Times are what producers say, where the topic is not told otherwise, in nanoseconds too: each becomes one that has a date. */
function inRange(times: Float64Array): Float64Array {
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    if (time < 0) times[i] = 0;
    else if (time > LAST_INSTANT_MS) times[i] = LAST_INSTANT_MS;
  }
  return times;
}

function cut(bytes: Uint8Array, ends: Uint32Array, from: number, to: number): { bytes: Uint8Array; ends: Uint32Array } {
  const start = from === 0 ? 0 : ends[from - 1]!;
  const own = start === 0 ? ends.subarray(from, to) : ends.slice(from, to).map((end) => end - start);
  return { bytes: bytes.subarray(start, ends[to - 1]), ends: own };
}

function unreadable({ topic, partition }: Fetched, offset: number, what: string, cause?: unknown): AppError {
  return new AppError('log_unreadable', `${topic}/${partition} holds ${what}, at offset ${offset}.`, { cause });
}
