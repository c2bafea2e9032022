/** Topics and their records, as `tocsin log` shows them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { counted } from '../../core/counted.ts';
import { AppError } from '../../core/errors.ts';
import { keyAt } from '../../log/batch.ts';
import type { Log, RecordBatch } from '../../log/log.ts';
import { batches, textAt } from './reading.ts';

export interface TopicSummary {
  readonly topic: string;
  readonly partition: number;
  /** Offset of the first record still there, and of the next one. */
  readonly start: number;
  readonly end: number;
  readonly stored_bytes: number;
  /** Null: kept for ever. */
  readonly retention_ms: number | null;
}

export async function readTopics(log: Log): Promise<TopicSummary[]> {
  const summaries: TopicSummary[] = [];
  for (const { name, partitions, retentionMs } of await log.topics()) {
    for (let partition = 0; partition < partitions; partition++) {
      const { start, end, storedBytes } = await log.bounds(name, partition);
      summaries.push({ topic: name, partition, start, end, stored_bytes: storedBytes, retention_ms: retentionMs ?? null });
    }
  }
  return summaries.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition));
}

export interface TailOptions {
  readonly topic: string;
  /** Default: all. */
  readonly partition?: number;
  readonly fromBeginning: boolean;
  /** With `fromBeginning` the first so many, in all; else the last so many of each partition, 10 unless told. */
  readonly max?: number;
  /** Wait for more until the signal. */
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

export interface TailedRecord {
  readonly partition: number;
  readonly offset: number;
  /** Epoch ms. */
  readonly appendTime: number;
  readonly key: string | undefined;
  /** Null: a tombstone. */
  readonly value: string | null;
}

const LAST = 10;
const LOOK_EVERY_MS = 200;

/** Partition after partition, each in its order; while following, as they come. @throws AppError `topic_unknown` */
export async function* tail(log: Log, options: TailOptions): AsyncGenerator<TailedRecord> {
  const partitions = await partitionsOf(log, options);
  let left = options.fromBeginning ? (options.max ?? Infinity) : Infinity;
  const next = new Map<number, number>();
  const ends = new Map<number, number>();
  for (const partition of partitions) {
    const { start, end } = await log.bounds(options.topic, partition);
    next.set(partition, options.fromBeginning ? start : Math.max(start, end - (options.max ?? LAST)));
    ends.set(partition, end);
  }
  for (;;) {
    for (const partition of partitions) {
      for await (const batch of batches(log, options.topic, partition, next.get(partition)!, ends.get(partition)!)) {
        for (let i = 0; i < batch.count && left > 0 && !options.signal?.aborted; i++, left--) yield recordOf(batch, i);
        next.set(partition, batch.firstOffset + batch.count);
        if (left <= 0 || options.signal?.aborted) return;
      }
    }
    if (!options.follow) return;
    await sleep(LOOK_EVERY_MS, undefined, options.signal && { signal: options.signal }).catch(() => {});
    if (options.signal?.aborted) return;
    for (const partition of partitions) ends.set(partition, (await log.bounds(options.topic, partition)).end);
  }
}

async function partitionsOf(log: Log, { topic, partition }: TailOptions): Promise<number[]> {
  const topics = await log.topics();
  const found = topics.find(({ name }) => name === topic);
  if (!found) {
    const names = topics.map(({ name }) => name).join(', ');
    throw new AppError(
      'topic_unknown',
      `no topic "${topic}" in the log; ${names === '' ? 'there are none yet' : `expected one of: ${names}`}`,
    );
  }
  if (partition === undefined) return Array.from({ length: found.partitions }, (_, i) => i);
  if (partition < found.partitions) return [partition];
  throw new AppError(
    'topic_unknown',
    `topic ${topic} has ${counted(found.partitions, 'partition')}, found --partition ${partition}; expected 0 to ${found.partitions - 1}`,
  );
}

function recordOf(batch: RecordBatch, i: number): TailedRecord {
  const key = keyAt(batch, i);
  return {
    partition: batch.partition,
    offset: batch.firstOffset + i,
    appendTime: batch.appendTimes[i]!,
    key: key && Buffer.from(key).toString(),
    value: batch.tombstones?.[i] === 1 ? null : textAt(batch, i),
  };
}
