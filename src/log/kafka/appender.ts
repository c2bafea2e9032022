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

/** Records of a piece that stand in one batch. */
interface Run {
  readonly piece: Piece;
  readonly time: number;
  readonly from: number;
  to: number;
}

interface Appender {
  /** Appends what several units ask for, per unit in order; those of one partition share batches. Never rejects. */
  append(units: readonly (readonly RecordsToAppend[])[]): Promise<Outcome[]>;
}

export function createAppender({ producer, offsets, clock }: AppenderDeps): Appender {
  /** Largest append time per partition, as far as is known: append times of ours never go backwards. */
  const lastTimes = new Map<string, number>();
  /** By topic: half of the smallest batch of several records that it refused, so hardly less than half of what it takes. */
  const batchBytes = new Map<string, number>();

  const bytesFor = (topic: string): number => batchBytes.get(topic) ?? BATCH_BYTES;

  async function timeFor(topic: string, partition: number, wanted: number): Promise<number> {
    const name = `${topic}/${partition}`;
    const last = lastTimes.get(name) ?? (await offsets.largestTime(topic, partition)) ?? wanted;
    const time = Math.floor(Math.max(last, wanted));
    lastTimes.set(name, time);
    return time;
  }

  /**
   * Sends what stands in one batch; where the topic does not take so many records together, as halves, in order. A record that is too
   * large alone is its unit's fault, and nobody else's.
   */
  async function sendRuns(topic: string, partition: number, all: readonly Run[], whole: BatchBuilder): Promise<void> {
    const left = [all];
    for (let next = left.shift(); next; next = left.shift()) {
      const runs = next.filter(({ piece }) => piece.outcome.failed === undefined);
      if (runs.length === 0) continue;
      const { count, bytes, finish } = next === all && runs.length === all.length ? whole : built(runs);
      try {
        let at = await producer.send(topic, partition, finish('lz4'));
        for (const { piece, from, to } of runs) {
          if (from === 0) piece.outcome.firstOffsets[piece.index] = at;
          at += to - from;
        }
      } catch (error) {
        const isTooLarge = error instanceof AppError && error.code === 'record_too_large';
        if (isTooLarge && count > 1) {
          batchBytes.set(topic, Math.min(bytesFor(topic), bytes >> 1));
          left.unshift(...halves(runs, count >> 1));
          continue;
        }
        for (const { piece } of isTooLarge ? runs : [runs, ...left].flat()) piece.outcome.failed ??= error;
        if (!isTooLarge) throw error;
      }
    }
  }

  async function appendTo(topic: string, partition: number, pieces: readonly Piece[]): Promise<void> {
    let builder: BatchBuilder | undefined;
    /** What stands in the batch that is being built. */
    let runs: Run[] = [];

    async function send(): Promise<void> {
      if (!builder) return;
      const [sent, finished] = [runs, builder];
      builder = undefined;
      runs = [];
      await sendRuns(topic, partition, sent, finished);
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
        if (builder && builder.bytes + lengthAt(records, i) > bytesFor(topic)) await send();
        if (outcome.failed !== undefined) return;
        builder ??= buildBatch(Math.min(BATCH_BYTES, records.bytes.length + 64 * count));
        if (runs.at(-1)?.piece !== piece) runs.push({ piece, time, from: i, to: i });
        addRecord(builder, records, i, time);
        runs.at(-1)!.to = i + 1;
      }
    }

    let done = 0;
    try {
      for (; done < pieces.length; done++) await add(pieces[done]!);
      await send();
    } catch (error) {
      for (const { outcome } of [...runs.map(({ piece }) => piece), ...pieces.slice(done)]) outcome.failed ??= error;
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

function lengthAt({ ends, tombstones }: RecordsToAppend, i: number): number {
  return tombstones?.[i] === 1 ? 0 : ends[i]! - (i === 0 ? 0 : ends[i - 1]!);
}

function addRecord(builder: BatchBuilder, records: RecordsToAppend, i: number, time: number): void {
  const key = records.keys && columnAt(records.keys, i);
  const value = records.tombstones?.[i] === 1 ? null : columnAt(records, i);
  builder.add(key && key.length > 0 ? key : null, value, time);
}

function built(runs: readonly Run[]): BatchBuilder {
  const builder = buildBatch();
  for (const { piece, time, from, to } of runs) for (let i = from; i < to; i++) addRecord(builder, piece.records, i, time);
  return builder;
}

/** The first `count` records, and the rest. */
function halves(runs: readonly Run[], count: number): [Run[], Run[]] {
  const [first, second]: [Run[], Run[]] = [[], []];
  let left = count;
  for (const run of runs) {
    const middle = Math.min(run.to, run.from + left);
    if (middle > run.from) first.push({ ...run, to: middle });
    if (middle < run.to) second.push({ ...run, from: middle });
    left -= middle - run.from;
  }
  return [first, second];
}
