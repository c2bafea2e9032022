/** Appends as batches: those of a partition share them, and append times never go backwards. */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { columnAt } from '../batch.ts';
import type { RecordsToAppend } from '../log.ts';
import { buildBatch } from './batch-builder.ts';
import type { BatchBuilder } from './batch-builder.ts';
import type { Offsets } from './offsets.ts';
import type { Producer } from './producer.ts';

/** A batch of several records is at most this large before compression: well below the megabyte that brokers take unless told otherwise. */
const BATCH_BYTES = 768 << 10;

interface AppenderDeps {
  readonly producer: Producer;
  readonly offsets: Offsets;
  readonly clock: Clock;
}

/** What became of one unit's appends. */
interface Outcome {
  readonly firstOffsets: number[];
  failed?: unknown;
}

interface Piece {
  readonly records: RecordsToAppend;
  readonly outcome: Outcome;
  /** Its place among the unit's appends. */
  readonly index: number;
}

interface Appender {
  /** Appends what several units ask for, per unit in order; those of one partition share batches. Never rejects. */
  append(units: readonly (readonly RecordsToAppend[])[]): Promise<Outcome[]>;
}

export function createAppender({ producer, offsets, clock }: AppenderDeps): Appender {
  /** Largest append time per partition, as far as is known: append times of ours never go backwards. */
  const lastTimes = new Map<string, number>();

  async function timeFor(topic: string, partition: number, wanted: number): Promise<number> {
    const name = `${topic}/${partition}`;
    const last = lastTimes.get(name) ?? (await offsets.largestTime(topic, partition)) ?? wanted;
    const time = Math.floor(Math.max(last, wanted));
    lastTimes.set(name, time);
    return time;
  }

  async function appendTo(topic: string, partition: number, pieces: readonly Piece[]): Promise<void> {
    let builder: BatchBuilder | undefined;
    /** The pieces with records in the batch that is being built; `at`: where a piece begins in it, if it does. */
    let within = new Map<Piece, number | undefined>();

    async function send(): Promise<void> {
      if (!builder) return;
      const batch = builder.finish('lz4');
      const sent = within;
      builder = undefined;
      within = new Map();
      try {
        const base = await producer.send(topic, partition, batch);
        for (const [{ outcome, index }, at] of sent) if (at !== undefined) outcome.firstOffsets[index] = base + at;
      } catch (error) {
        for (const { outcome } of sent.keys()) outcome.failed = error;
        // One that is too large is its own fault alone.
        if (!(error instanceof AppError && error.code === 'record_too_large')) throw error;
      }
    }

    async function add(piece: Piece): Promise<void> {
      const { records, outcome, index } = piece;
      const count = records.ends.length;
      if (count === 0) {
        await send();
        outcome.firstOffsets[index] = await offsets.end(topic, partition);
      }
      const time = await timeFor(topic, partition, records.appendTime ?? clock.now());
      for (let i = 0; i < count && outcome.failed === undefined; i++) {
        const key = records.keys && columnAt(records.keys, i);
        const value = records.tombstones?.[i] === 1 ? null : columnAt(records, i);
        if (builder && builder.bytes + (value?.length ?? 0) > BATCH_BYTES) await send();
        builder ??= buildBatch(Math.min(BATCH_BYTES, records.bytes.length + 64 * count));
        if (!within.has(piece)) within.set(piece, i === 0 ? builder.count : undefined);
        builder.add(key && key.length > 0 ? key : null, value, time);
      }
    }

    let done = 0;
    try {
      for (; done < pieces.length; done++) await add(pieces[done]!);
      await send();
    } catch (error) {
      for (const { outcome } of [...within.keys(), ...pieces.slice(done)]) outcome.failed ??= error;
    }
  }

  return {
    async append(units) {
      const outcomes = units.map((): Outcome => ({ firstOffsets: [] }));
      const byPartition = new Map<string, Piece[]>();
      for (const [u, appends] of units.entries()) {
        for (const [index, records] of appends.entries()) {
          const name = `${records.topic}/${records.partition}`;
          const pieces = byPartition.get(name) ?? [];
          byPartition.set(name, pieces);
          pieces.push({ records, outcome: outcomes[u]!, index });
        }
      }
      await Promise.all(
        [...byPartition.values()].map((pieces) => appendTo(pieces[0]!.records.topic, pieces[0]!.records.partition, pieces)),
      );
      return outcomes;
    },
  };
}
