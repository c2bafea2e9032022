/** Opens a data directory for reading; works beside a running process and without one. */
import { resolve } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { openDataDir } from '../../log/embedded/data-dir.ts';
import { recordAt } from '../../log/batch.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Log, RecordBatch } from '../../log/log.ts';
import { readKafkaRuns, readPipelineRecords, type PipelineRecord } from '../../pipeline/pipeline-record.ts';

export interface Reading {
  /** Absolute. */
  readonly dir: string;
  /** For messages: where the log is. */
  readonly where: string;
  /** With the log in Kafka: names of the pipelines that ran there with this data directory. */
  readonly ranHere: readonly string[];
  readonly log: Log;
  readonly pipelines: readonly PipelineRecord[];
  /** With the log in Kafka: what its consumer groups say. */
  readonly groups?: Pick<KafkaConnection, 'lag' | 'members'>;
}

const READ_BYTES = 1 << 20;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What a command was told of where to read: a data directory, and Kafka where the log is there. */
export interface ReadingPlace {
  readonly data: string;
  readonly log?: string;
}

/** @throws AppError `data_dir_unusable`, `data_format`; with Kafka `usage`, `log_unavailable`, `log_refused` */
export async function withReading<T>(place: string | ReadingPlace, clock: Clock, work: (reading: Reading) => Promise<T>): Promise<T> {
  const { data, log: address } = typeof place === 'string' ? { data: place } : place;
  if (address !== undefined) {
    // Kafka's client is half of what a command would load: who reads a data directory does without.
    const { openKafkaReading } = await import('./kafka-reading.ts');
    const { log, groups, shown } = await openKafkaReading(address, { clock, logger: silentLogger });
    try {
      const ranHere = await runsOnKafka(data, clock, shown);
      return await work({ dir: resolve(data), where: shown, ranHere, log, groups, pipelines: await readPipelineRecords(log) });
    } finally {
      await log.close();
    }
  }
  const { path, logPath } = openDataDir(data, { create: false });
  const log = createEmbeddedLog({ path: logPath, clock, readOnly: true });
  try {
    return await work({ dir: path, where: path, ranHere: [], log, pipelines: await readPipelineRecords(log) });
  } finally {
    await log.close();
  }
}

/** What of a shared broker is this machine's; nothing where the directory is not there, or is another version's. */
async function runsOnKafka(data: string, clock: Clock, shown: string): Promise<string[]> {
  try {
    const { logPath } = openDataDir(data, { create: false });
    const log = createEmbeddedLog({ path: logPath, clock, readOnly: true });
    try {
      return await readKafkaRuns(log, shown);
    } finally {
      await log.close();
    }
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}

type Shown = Pick<Reading, 'dir' | 'where' | 'ranHere' | 'pipelines'>;

/** Without a name: those that ran with this data directory, of a broker that others share; all where none did. */
export function pipelinesHere({ pipelines, ranHere }: Shown): readonly PipelineRecord[] {
  const own = pipelines.filter(({ name }) => ranHere.includes(name));
  return own.length > 0 ? own : pipelines;
}

/** @throws AppError `pipeline_unknown` when there is none, no such one, or more than one and none was named */
export function choosePipeline(reading: Shown, name: string | undefined): PipelineRecord {
  const { dir, where, pipelines } = reading;
  const namesOf = (some: readonly PipelineRecord[]): string => some.map((pipeline) => pipeline.name).join(', ');
  if (pipelines.length === 0) {
    const option = where === dir ? `--data ${dir}` : `--log ${where}`;
    throw new AppError('pipeline_unknown', `no pipeline has run on ${where} yet. Start one with: tocsin run FILE ${option}`);
  }
  if (name === undefined) {
    const here = pipelinesHere(reading);
    if (here.length === 1) return here[0]!;
    throw new AppError('pipeline_unknown', `${where} holds several pipelines: ${namesOf(here)}. Choose one with --pipeline`);
  }
  const found = pipelines.find((pipeline) => pipeline.name === name);
  if (!found) throw new AppError('pipeline_unknown', `no pipeline "${name}" in ${where}; expected one of: ${namesOf(pipelines)}`);
  return found;
}

/** The records of a partition in order, from `from` up to `to` (not included), batch by batch. */
export async function* batches(log: Log, topic: string, partition: number, from: number, to: number): AsyncGenerator<RecordBatch> {
  for (let offset = from; offset < to;) {
    const batch = await log.read(topic, partition, offset, { maxBytes: READ_BYTES, maxRecords: to - offset });
    if (!batch || batch.firstOffset >= to) return;
    yield batch;
    offset = batch.firstOffset + batch.count;
  }
}

/** Value of record `i` of a batch as text; bytes that are not UTF-8 become U+FFFD. */
export function textAt(batch: RecordBatch, i: number): string {
  return decoder.decode(recordAt(batch, i));
}
