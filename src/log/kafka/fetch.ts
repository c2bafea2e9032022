/** Reading ahead: while one answer is worked on the next one is on its way. */
import { AppError } from '../../core/errors.ts';
import { sliceBatch } from '../batch.ts';
import { endedBefore } from '../ended-before.ts';
import type { RecordBatch } from '../log.ts';
import type { Cluster } from './cluster.ts';
import { kafkaErrorIds } from './errors.ts';
import { ISOLATION, fetchOne } from './fetch-api.ts';
import type { FetchAnswer } from './fetch-api.ts';
import type { Offsets } from './offsets.ts';
import { decodeBatches, openAnswer } from './record-batch.ts';
import type { AnswerReader, Fetched } from './record-batch.ts';
import { createUnpacker } from './unpack/unpacker.ts';
import type { Unpacker } from './unpack/unpacker.ts';

/** Compressed bytes of one answer. Two of them, one unpacked, are held for each reader of a partition. */
const ANSWER_BYTES = { least: 64 << 10, most: 1 << 20 };
/** Well below the time-out of a request. */
const MAX_WAIT_MS = 20_000;
/** Readers of one partition, at different places, that are remembered. */
const CURSORS_PER_PARTITION = 4;

export interface ReadLimits {
  readonly maxBytes: number;
  readonly maxRecords?: number;
  /** How long to wait for something to come. */
  readonly waitMs?: number;
  /** As of `Log.read`. */
  readonly lentTo?: object;
  readonly isNoted?: boolean;
  readonly to?: number;
  readonly onGone?: (from: number, to: number) => void;
}

export interface Fetcher {
  read(topic: string, partition: number, offset: number, limits: ReadLimits): Promise<RecordBatch | undefined>;
}

/** A reader's place in a partition, with what was read ahead. */
interface Cursor {
  /** What the reader will ask for next. */
  position: number;
  /** Its reader is lent what it reads. */
  readonly lent: boolean;
  /** The memory that is lent, and the answer there, which is unpacked as it goes on. Without: what is lent is a copy. */
  readonly own?: { readonly unpacker: Unpacker; answer?: AnswerReader };
  decoded: RecordBatch[];
  /** Records of `decoded[0]` that were handed out. */
  served: number;
  /** Where the answer after `decoded` begins. */
  next: number;
  /** That answer, if it is known that there is more. */
  ahead?: Promise<FetchAnswer>;
}

/**
 * Reads committed records, the next answer under way while the last one is worked on. `unpacker`: for what is not lent.
 * `makeUnpacker`: for each reader who is lent what it reads; may throw AppError `memory_short` where there is none for one more.
 */
export function createFetcher(
  cluster: Pick<Cluster, 'leader' | 'call' | 'persist' | 'forget'>,
  offsets: Pick<Offsets, 'start' | 'end'>,
  unpacker: Unpacker,
  makeUnpacker: () => Unpacker = createUnpacker,
): Fetcher {
  const cursors = new Map<string, Cursor[]>();

  async function ask(topic: string, partition: number, offset: number, limits: ReadLimits): Promise<FetchAnswer> {
    const maxBytes = Math.min(Math.max(limits.maxBytes, ANSWER_BYTES.least), ANSWER_BYTES.most);
    const maxWaitMs = Math.min(limits.waitMs ?? 0, MAX_WAIT_MS);
    try {
      const node = await cluster.leader(topic, partition);
      // A broker answers the requests of one connection in turn: who waits needs one of their own.
      const lane = maxWaitMs > 0 ? `wait ${topic}/${partition}` : 'fetch';
      return await cluster.call(fetchOne, node, [{ topic, partition, offset, maxBytes, maxWaitMs, isolation: ISOLATION.committed }], lane);
    } catch (error) {
      // One that a quota holds back asked the right broker.
      if (!kafkaErrorIds(error).includes('THROTTLING_QUOTA_EXCEEDED')) cluster.forget(topic);
      throw error;
    }
  }

  /** A new leader learns a moment late how far its records count; up to there it answers with none, as at the end. */
  function isBehind({ pieces, lastStableOffset }: FetchAnswer, { to = 0 }: ReadLimits): boolean {
    return pieces.length === 0 && lastStableOffset < to;
  }

  function behind(topic: string, partition: number): AppError {
    cluster.forget(topic);
    const says = `the leader of ${topic}/${partition} does not know yet how far its records go.`;
    return new AppError('log_unavailable', `Kafka: ${says}`, { retryable: true });
  }

  /** Offsets that retention has deleted lead to the first record still there; those beyond the end to nothing, or an error where they are noted. */
  async function fetch(
    topic: string,
    partition: number,
    offset: number,
    limits: ReadLimits,
  ): Promise<{ answer: FetchAnswer; from: number } | undefined> {
    for (let from = offset; ;) {
      try {
        const answer = await ask(topic, partition, from, limits);
        if (isBehind(answer, limits)) throw behind(topic, partition);
        if (from > offset) limits.onGone?.(offset, from);
        return { answer, from };
      } catch (error) {
        if (!kafkaErrorIds(error).includes('OFFSET_OUT_OF_RANGE')) throw error;
        const start = await offsets.start(topic, partition);
        if (start <= from) {
          if (!limits.isNoted) return undefined;
          const end = await offsets.end(topic, partition, 'uncommitted');
          if (end < from) throw endedBefore(topic, partition, { offset: from, end });
          return undefined;
        }
        from = start;
      }
    }
  }

  /** Taken out while it is in use: two readers at one place have one each. */
  function takeCursor(name: string, position: number, lent: boolean): Cursor {
    const free = cursors.get(name) ?? [];
    const i = free.findIndex((each) => each.position === position && each.lent === lent);
    if (i !== -1) return free.splice(i, 1)[0]!;
    const own = lent ? makeOwn() : undefined;
    return { position, lent, decoded: [], served: 0, next: position, ...(own && { own: { unpacker: own } }) };
  }

  /** Undefined where no addresses (not memory) are left for one more: each takes 8 GB of them. */
  function makeOwn(): Unpacker | undefined {
    try {
      return makeUnpacker();
    } catch (error) {
      if (error instanceof AppError && error.code === 'memory_short') return undefined;
      throw error;
    }
  }

  function putBack(name: string, cursor: Cursor): void {
    cursors.set(name, [cursor, ...(cursors.get(name) ?? [])].slice(0, CURSORS_PER_PARTITION));
  }

  /** Reads what was fetched, lent or all at once; returns where the next answer begins. */
  function decode(cursor: Cursor, fetched: Fetched, from: number): number {
    if (cursor.own) {
      cursor.own.answer = openAnswer(fetched, from, cursor.own.unpacker);
      cursor.decoded = cursor.own.answer.read(true);
      return cursor.own.answer.next;
    }
    const { batches, next } = decodeBatches(fetched, from, unpacker);
    cursor.decoded = batches;
    return next;
  }

  /** False: nothing to read up to the end. */
  async function fill(cursor: Cursor, topic: string, partition: number, limits: ReadLimits): Promise<boolean> {
    for (let wait = limits; ;) {
      const { ahead, next } = cursor;
      delete cursor.ahead;
      const early = ahead && (await ahead.catch(() => undefined));
      const found =
        early && !isBehind(early, limits)
          ? { answer: early, from: next }
          : await cluster.persist(`read ${topic}/${partition}`, () => fetch(topic, partition, next, wait));
      if (!found) return false;
      const after = decode(cursor, { topic, partition, ...found.answer }, found.from);
      cursor.next = after;
      if (after < found.answer.lastStableOffset) {
        cursor.ahead = ask(topic, partition, after, { maxBytes: limits.maxBytes });
        cursor.ahead.catch(() => {});
      }
      if (cursor.decoded.length > 0) return true;
      if (after >= found.answer.lastStableOffset) return false;
      // Only markers and what was taken back: go on, there is more.
      wait = { ...limits, waitMs: 0 };
    }
  }

  return {
    async read(topic, partition, offset, limits) {
      const name = `${topic}/${partition}`;
      const cursor = takeCursor(name, offset, limits.lentTo !== undefined);
      if (cursor.decoded.length === 0) cursor.decoded = cursor.own?.answer?.read(true) ?? [];
      if (cursor.decoded.length === 0 && !(await fill(cursor, topic, partition, limits))) {
        // The reader will ask again, and then needs no new memory; markers that were read over are not read over again.
        putBack(name, cursor);
        return undefined;
      }
      const batch = cursor.decoded[0]!;
      const from = cursor.served;
      const to = Math.min(batch.count, from + (limits.maxRecords ?? Infinity), endWithin(batch, from, limits.maxBytes));
      cursor.served = to;
      cursor.position = batch.firstOffset + to;
      if (to === batch.count) {
        cursor.decoded.shift();
        cursor.served = 0;
      }
      putBack(name, cursor);
      return sliceBatch(batch, from, to);
    },
  };
}

/** Behind the record, from `from` on, that reaches `maxBytes`. */
function endWithin({ ends, count }: RecordBatch, from: number, maxBytes: number): number {
  const wanted = (from === 0 ? 0 : ends[from - 1]!) + maxBytes;
  let low = from;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle]! >= wanted) high = middle;
    else low = middle + 1;
  }
  return low + 1;
}
