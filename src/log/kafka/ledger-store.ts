/** A ledger on its partition: read when it is opened, taken over, written as one batch a commit. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { keyAt, recordAt } from '../batch.ts';
import type { Cluster } from './cluster.ts';
import { buildBatch } from './batch-builder.ts';
import { ISOLATION, fetchOne } from './fetch-api.ts';
import { createLedger, epochRecord, isEpochRecord } from './ledger.ts';
import type { Ledger, LedgerRecord } from './ledger.ts';
import type { Offsets } from './offsets.ts';
import type { Producer } from './producer.ts';
import { decodeBatches } from './record-batch.ts';
import { BROKER_TIMES, MAX_BATCH_BYTES } from './topic-configs.ts';
import type { Topics } from './topics.ts';
import type { Unpacker } from './unpack/unpacker.ts';

const FETCH_BYTES = 8 << 20;
const CONFIGS = {
  'cleanup.policy': 'compact',
  'max.message.bytes': String(MAX_BATCH_BYTES),
  // Compaction leaves the newest segment alone: small ones, so that a ledger stays quick to read.
  'segment.bytes': String(64 << 20),
  'segment.ms': String(60 * 60_000),
  'min.cleanable.dirty.ratio': '0.2',
  ...BROKER_TIMES,
};
/** No setting of the topic helps: it takes as much already. */
const LESS_STATE =
  'Fewer segments make it smaller: a lower limits.max_series, fewer dimensions or roll-ups in the pipeline file; and for the state of one partition, ' +
  'more partitions of its topic. Start it with --new-revision then.';
/** A longer value is let go of when it was written, or was read and something was written since: who needs it has it by then. */
const HELD_BYTES = 16 << 10;
const UTF8 = new TextDecoder();

/** One partition of a ledger topic, as its owner (or a reader) sees it. */
export interface LedgerStore {
  readonly view: Pick<Ledger, 'get'>;
  /** What stands under names that start so. After the next write long values are in the partition alone, and read from there. */
  state(prefix: string): Promise<[name: string, value: Uint8Array][]>;
  /** @throws AppError `log_fenced`, `record_too_large` */
  write(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void>;
  /** @throws AppError `log_fenced` once another one has taken over and it is known here */
  check(): void;
}

export interface LedgerPlace {
  readonly topic: string;
  readonly partition: number;
  /** Of the topic, where it has to be made; default: up to this one. */
  readonly partitions?: number;
  /** Takes nothing over, and writes nothing. */
  readonly readOnly: boolean;
  /** As of `KafkaConnection.log`: asked before it is taken over. */
  readonly holds?: (() => Promise<boolean>) | undefined;
}

interface LedgerDeps {
  readonly cluster: Cluster;
  readonly topics: Topics;
  readonly offsets: Offsets;
  readonly producer: Producer;
  readonly unpacker: Unpacker;
  readonly clock: Clock;
}

export function sessionOver(shown: string): AppError {
  return new AppError('log_fenced', `${shown}: the session of this process is over, another one may do its work by now.`);
}

/** @throws AppError `log_fenced` where another one takes it over at the same time, or may have done so already */
export async function openLedger(place: LedgerPlace, deps: LedgerDeps): Promise<LedgerStore> {
  const { topic, partition, readOnly } = place;
  const { cluster, topics, offsets, producer, unpacker, clock } = deps;
  const ledger = createLedger();
  const shown = `${topic}/${partition}`;
  /** Behind the last record taken in. */
  let next = 0;
  let fenced: AppError | undefined;
  /** Long values that were read since the last write. */
  const read = new Set<string>();

  function takeIn(offset: number, records: readonly LedgerRecord[]): void {
    for (const [i, record] of records.entries()) ledger.take(offset + i, record);
    next = Math.max(next, offset + records.length);
  }

  async function readTo(end: number): Promise<void> {
    await readInto(ledger, next, end);
    next = Math.max(next, end);
  }

  async function readInto(into: Ledger, from: number, end: number): Promise<void> {
    for (let at = from; at < end;) {
      const fetched = await cluster.persist(`read ${shown}`, async () => {
        try {
          const options = { topic, partition, offset: at, maxBytes: FETCH_BYTES, maxWaitMs: 0, isolation: ISOLATION.uncommitted };
          const answer = await cluster.call(fetchOne, await cluster.leader(topic, partition), [options], 'ledger');
          if (answer.pieces.length === 0 && answer.highWatermark < end) throw behind(answer.highWatermark, end);
          return answer;
        } catch (error) {
          cluster.forget(topic);
          throw error;
        }
      });
      const { batches, next: after } = decodeBatches({ topic, partition, pieces: fetched.pieces, aborted: [] }, at, unpacker);
      for (const batch of batches) {
        for (let i = 0; i < batch.count && batch.firstOffset + i < end; i++) {
          const key = UTF8.decode(keyAt(batch, i));
          // A copy: a view would hold the whole answer in memory.
          into.take(batch.firstOffset + i, { key, value: batch.tombstones?.[i] === 1 ? null : recordAt(batch, i).slice() });
        }
      }
      if (after === at) break; // compaction has taken the rest
      at = Math.min(after, end);
    }
  }

  /** A new leader learns a moment late how far its records count; up to there it answers with none, as where compaction has taken the rest. */
  function behind(reached: number, end: number): AppError {
    const says = `the leader of ${shown} knows its records up to offset ${reached} so far, and they went on to ${end}.`;
    return new AppError('log_unavailable', `${cluster.config.shown}: ${says}`, { retryable: true });
  }

  /** What stands in the partition, with what is not held any more. */
  async function readAgain(): Promise<Ledger> {
    const whole = createLedger();
    await readInto(whole, await offsets.start(topic, partition), next);
    if (whole.epoch() !== ledger.epoch()) throw fence();
    return whole;
  }

  async function state(prefix: string): Promise<[string, Uint8Array][]> {
    const find = (view: Ledger) => [...view.entries()].filter(([name]) => name.startsWith(prefix));
    let found = find(ledger);
    if (found.some(([, value]) => value === undefined)) found = find(await readAgain());
    for (const [name, value] of found) if (value && value.length > HELD_BYTES) read.add(name);
    return found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  }

  function batchOf(records: readonly LedgerRecord[]): Buffer {
    const builder = buildBatch();
    const time = clock.now();
    for (const { key, value } of records) builder.add(Buffer.from(key), value, time);
    const batch = builder.finish('zstd');
    // One batch, as that is written whole or not at all.
    if (batch.length <= MAX_BATCH_BYTES) return batch;
    const says = `A commit to ${shown} takes ${batch.length} bytes of state and offsets, compressed; at most ${MAX_BATCH_BYTES} go together.`;
    throw new AppError('record_too_large', `${says} ${LESS_STATE}`);
  }

  function check(): void {
    if (fenced) throw fenced;
  }

  function fence(): AppError {
    const says = `Another process has taken ${shown} over (epoch ${ledger.epoch()}); what this one writes no longer counts.`;
    fenced = new AppError('log_fenced', `${says} Start it again to let it take its place.`);
    return fenced;
  }

  /** Appends, and sees to it that nobody came in between. */
  async function append(records: readonly LedgerRecord[]): Promise<void> {
    const epoch = ledger.epoch();
    const offset = await producer.send(topic, partition, batchOf(records));
    if (offset > next) await readTo(offset);
    if (ledger.epoch() !== epoch && !isEpochRecord(records[0]!)) throw fence();
    takeIn(offset, records);
  }

  if (readOnly) {
    if ((await cluster.topics()).has(topic)) {
      next = await offsets.start(topic, partition);
      await readTo(await offsets.end(topic, partition, 'uncommitted'));
    }
  } else {
    await topics.ensureCompacted(topic, place.partitions ?? partition + 1, CONFIGS);
    next = await offsets.start(topic, partition);
    await readTo(await offsets.end(topic, partition, 'uncommitted'));
    // Reading may have taken long: who came too late must not take it from whoever owns it now.
    if (place.holds && !(await place.holds())) throw sessionOver(cluster.config.shown);
    await append([epochRecord(randomUUID())]);
  }

  return {
    view: ledger,
    state,
    check,
    async write(changes) {
      check();
      if (readOnly && changes.size > 0) throw new Error('the log is open for reading only');
      const records = ledger.records(changes);
      if (records.length > 0) await append(records);
      for (const [name, value] of changes) if (value && value.length > HELD_BYTES) ledger.letGo(name);
      for (const name of read) ledger.letGo(name);
      read.clear();
    },
  };
}
