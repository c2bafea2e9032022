/**
 * Brings final windows, alerts, dead letters and, where wanted, raw events from the log to the OLAP store. It reads at its own
 * pace behind an offset of its own: a dead or slow store stalls nothing, and catches up when it is back. What is not stored yet is in
 * the log alone, never in memory: a batch is read, put, and forgotten.
 */
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { recordAt } from '../log/batch.ts';
import type { CommitUnit, Log, RecordBatch } from '../log/log.ts';
import { unreadRecords } from '../log/unread.ts';
import type { AlertToStore, OlapStore, PipelineToStore } from '../olap-store/olap-store.ts';
import type { DeadLetter } from '../dead-letter/dead-letter.ts';
import type { ReadAnew } from '../dead-letter/in-force.ts';
import { parseLetter } from '../dead-letter/parse-letter.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { parseAlert } from '../receivers/parse-alert.ts';
import { parseWindowRecord } from '../windows/parse-row.ts';
import { revisionOf } from '../windows/row-version.ts';
import type { WindowRow } from '../windows/row.ts';
import type { PipelineTopics } from './topics.ts';

export interface OlapWriterConfig {
  readonly pipeline: PipelineToStore;
  readonly topics: PipelineTopics;
  /** Raw partitions to keep a copy of, and for how long, ms; none: raw events stay in the log alone. */
  readonly rawEvents?: { readonly keepMs: number; readonly partitions: readonly { readonly topic: string; readonly partition: number }[] };
}

export interface OlapWriterDeps {
  readonly log: Log;
  readonly olap: OlapStore;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** What the revisions of the pipeline have read again; `since`: such a revision is known to have begun. Default: nothing. */
  readonly readAnew?: (since: number) => Promise<readonly ReadAnew[]>;
  /** Uniform, 0 <= x < 1: of many writers that wait for one store not all come back at once. */
  readonly unit: () => number;
  /** Resolves after so many ms, or when the signal says so. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface OlapWriter {
  /** Writes until the signal; never rejects: while the store is away it waits and tries again. */
  run(signal: AbortSignal): Promise<void>;
  /** Records that the store does not have yet. */
  lag(): Promise<number>;
  /** From now on small batches are put at once. */
  hurry(): void;
  /** What the store said last, where waiting is no use: `olap_refused`, `data_format`. */
  refusal(): AppError | undefined;
}

const BATCH_BYTES = 4 << 20;
/** A batch is put when it has so many records or bytes, or when its first record has waited so long: stores like few and large ones. */
const FULL = { records: 5_000, bytes: 1 << 20, waitedMs: 1_000 } as const;
const POLL_MS = 500;
/** The longest pause is halved at random. Where somebody must mend something it is longer. */
const RETRY_MS = { first: 250, most: 10_000, mostRefused: 60_000 } as const;

/** The consumer group whose offsets say what the store has; on Kafka it elects the writer too, and its lag is shown by Kafka's own tools. */
export function olapGroup(pipeline: string): string {
  return `${pipeline}.store`;
}

/** What the store reads no longer when it is switched off: its offsets would hold the topics' retention up for ever. */
export function forgetOlapOffsets({ pipeline: { pipeline }, topics, rawEvents }: OlapWriterConfig): NonNullable<CommitUnit['offsets']> {
  const read = [topics.windows, topics.alerts, topics.deadLetters].map((topic) => ({ topic, partition: 0 }));
  return [...read, ...(rawEvents?.partitions ?? [])].map((from) => ({ group: olapGroup(pipeline), ...from, offset: null }));
}

interface Feed {
  readonly topic: string;
  readonly partition: number;
  put(batch: RecordBatch): Promise<void>;
  /** When its next batch was first seen, by the clock's `elapsed`; undefined: there was none. */
  since?: number | undefined;
  /** Where nothing was found when it was looked last; undefined: something was. */
  nothingAt?: number | undefined;
}

export function createOlapWriter(config: OlapWriterConfig, deps: OlapWriterDeps): OlapWriter {
  const { topics, rawEvents } = config;
  const { pipeline } = config.pipeline;
  const { log, olap, clock } = deps;
  const group = olapGroup(pipeline);
  const feeds: Feed[] = [
    {
      topic: topics.windows,
      partition: 0,
      // The topics are open to others: what is none of ours is left out.
      put: (batch) =>
        putRows(
          textsOf(batch)
            .map(parseWindowRecord)
            .filter((record) => record?.kind === 'row'),
        ),
    },
    {
      topic: topics.alerts,
      partition: 0,
      put: (batch) => olap.putAlerts(pipeline, numbered(textsOf(batch).map(parseAlert), batch.firstOffset)),
    },
    {
      topic: topics.deadLetters,
      partition: 0,
      put: (batch) => putLetters(textsOf(batch).flatMap((text) => parseLetter(text) ?? [])),
    },
    ...(rawEvents?.partitions ?? []).map(({ topic, partition }): Feed => ({
      topic,
      partition,
      put: (batch) => olap.putRawEvents(pipeline, rawEventsOf(batch), rawEvents!.keepMs),
    })),
  ];

  let hurried = false;
  let refusal: AppError | undefined;
  /** The newest revision that a row or dead letter was of, and when the store was last told of the pipeline; undefined: not yet. */
  let newest = 1;
  let toldFor: number | undefined;

  async function putRows(rows: readonly WindowRow[]): Promise<void> {
    await olap.putWindows(rows);
    newest = rows.reduce((most, { version }) => Math.max(most, revisionOf(version)), newest);
  }

  async function putLetters(letters: readonly DeadLetter[]): Promise<void> {
    await olap.putDeadLetters(pipeline, letters);
    newest = letters.reduce((most, { revision }) => Math.max(most, revision), newest);
  }

  /** At first, and when another revision has begun: the store cannot merge what comes, nor say what is in force, without it. */
  async function tell(): Promise<void> {
    const revision = newest;
    if (toldFor === revision) return;
    const readAnew = await deps.readAnew?.(revision);
    await olap.putPipeline({ ...config.pipeline, ...(readAnew && { readAnew }) });
    toldFor = revision;
  }

  /** Puts the next batch of a feed; false when there is none, or none that is due. */
  async function advance(feed: Feed): Promise<boolean> {
    const offset = (await log.committed(group, feed.topic, feed.partition)) ?? 0;
    const batch = await log.read(feed.topic, feed.partition, offset, { maxBytes: BATCH_BYTES });
    feed.nothingAt = batch ? undefined : offset;
    if (!batch) return false;
    feed.since ??= clock.elapsed();
    const isFull = batch.count >= FULL.records || batch.bytes.length >= FULL.bytes;
    if (!isFull && !hurried && clock.elapsed() - feed.since < FULL.waitedMs) return false;
    await feed.put(batch);
    await log.commit({ offsets: [{ group, topic: feed.topic, partition: feed.partition, offset: batch.firstOffset + batch.count }] });
    feed.since = undefined;
    return true;
  }

  async function advanceAll(): Promise<boolean> {
    await tell();
    let moved = false;
    for (const feed of feeds) moved = (await advance(feed)) || moved;
    await tell();
    return moved;
  }

  return {
    async run(signal) {
      let waitMs: number = RETRY_MS.first;
      let said: string | undefined;
      while (!signal.aborted) {
        try {
          const moved = await advanceAll();
          if (said !== undefined) deps.logger.info(`pipeline ${pipeline}: the OLAP store is back and catches up`);
          said = undefined;
          refusal = undefined;
          waitMs = RETRY_MS.first;
          if (!moved) await deps.sleep(hurried ? RETRY_MS.first : POLL_MS, signal);
        } catch (error) {
          // What was under way when the end came says nothing about the store: it is closed then.
          if (signal.aborted) return;
          refusal = error instanceof AppError && !error.retryable ? error : undefined;
          // Once for each thing that is wrong, however often it is tried.
          const message = messageOf(error);
          if (message !== said) deps.logger.warn(`pipeline ${pipeline}: the OLAP store does not take rows, the log keeps them. ${message}`);
          said = message;
          await deps.sleep(waitMs * (1 - deps.unit() / 2), signal);
          waitMs = Math.min(waitMs * 2, refusal ? RETRY_MS.mostRefused : RETRY_MS.most);
        }
      }
    },
    hurry: () => {
      hurried = true;
    },
    refusal: () => refusal,
    async lag() {
      let lag = 0;
      for (const { topic, partition, nothingAt } of feeds) {
        const { start, end } = await log.bounds(topic, partition);
        const committed = (await log.committed(group, topic, partition)) ?? 0;
        const at = { topic, partition, offset: Math.max(start, committed), end };
        lag += nothingAt === committed ? await unreadRecords(log, at) : end - at.offset;
      }
      return lag;
    },
  };
}

function textsOf(batch: RecordBatch): string[] {
  return Array.from({ length: batch.count }, (_, i) => Buffer.from(recordAt(batch, i)).toString());
}

/** Each with its offset; `first`: of the first. */
function numbered(events: readonly (AlertEvent | undefined)[], first: number): AlertToStore[] {
  return events.flatMap((record, i) => (record ? [{ record, version: first + i }] : []));
}

function rawEventsOf(batch: RecordBatch) {
  return Array.from({ length: batch.count }, (_, i) => ({
    topic: batch.topic,
    partition: batch.partition,
    offset: batch.firstOffset + i,
    appendTime: batch.appendTimes[i]!,
    payload: recordAt(batch, i),
  }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
