/** Lines of a file or a stream -> a topic of the log; what is new in a file that was given before. */
import { existsSync } from 'node:fs';
import { readPipelineRecords } from '../../pipeline/pipeline-record.ts';
import { AppError } from '../../core/errors.ts';
import type { Clock } from '../../core/clock.ts';
import { silentLogger, type Logger } from '../../core/logger.ts';
import type { Log } from '../../log/log.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { openDataDir } from '../../log/embedded/data-dir.ts';
import { rawTopicSettings } from '../../pipeline/topics.ts';
import { openLines } from '../../sources/file/lines.ts';
import type { LineInput } from '../../sources/file/open-input.ts';
import type { LineResume } from '../../sources/file/trail.ts';
import { writersByNames } from '../topic-writers.ts';
import { hasMore, isRegularFile, knownPosition, positionChange, rotatedPosition } from './file-position.ts';
import { WRITABLE_STATE } from './server.ts';
import { writeLog, type LogWriter } from './write-log.ts';

export interface IngestOptions {
  /** Holds the log, and in any case how far files were read. */
  readonly data: string;
  /** Address of Kafka, where the log is there. */
  readonly log?: string;
  /** A file (or FIFO), or standard input. */
  readonly input: LineInput;
  readonly topic: string;
  /** Default 0. */
  readonly partition?: number;
  /** Makes the topic (and the data directory) where they are missing. */
  readonly newPartitions?: number;
  /** All of a file, also what an earlier ingest has read. */
  readonly again: boolean;
  /** Wait for more at the end of a file, and go on with the one that takes its place. */
  readonly follow: boolean;
  /** Ends after the lines at hand. */
  readonly signal?: AbortSignal;
}

export interface IngestProgress {
  /** Appended and durable. */
  readonly lines: number;
  readonly bytes: number;
}

export interface IngestResult extends IngestProgress {
  /** Lines at the beginning of the file that an earlier ingest had appended. */
  readonly skippedLines: number;
  /** Ended by the signal: there may be more. */
  readonly interrupted: boolean;
}

/** @throws AppError `input_unreadable`, `input_changed`, `topic_unknown`, and what the log throws */
export async function ingest(
  options: IngestOptions,
  deps: { clock: Clock; logger: Logger; onProgress: (progress: IngestProgress) => void },
): Promise<IngestResult> {
  const { input, topic, partition = 0, newPartitions, signal } = options;
  // At the moment of a rotation there may be nothing at the path.
  const isFile = 'path' in input && ((await isRegularFile(input.path)) || (options.follow && !existsSync(input.path)));
  const { writer, reader } = await openTarget(options, deps.clock, isFile);
  try {
    const { known, skippedLines, positions } = await lookUp(options, reader, isFile, deps.logger).catch(async (error: unknown) => {
      const isMissing = error instanceof AppError && ['topic_unknown', 'data_dir_unusable'].includes(error.code);
      if (!isMissing || newPartitions === undefined || partition >= newPartitions) throw error;
      return { known: undefined, skippedLines: 0, positions: await writer.makeTopic(topic, newPartitions) };
    });
    let before = known;
    let lines = 0;
    let bytes = 0;
    const { logger } = deps;
    const chunks = openLines(input, { follow: options.follow, logger, ...(known && { resume: known }), ...(signal && { signal }) });
    for await (const chunk of chunks) {
      const { ends, firstLine } = chunk;
      // The position in a file that was rotated stays: it may be given again under its new name.
      if (firstLine === 1) before = undefined;
      await writer.commit({
        appends: [{ topic, partition, bytes: chunk.bytes, ends, firstLine }],
        state: isFile ? positionChange(positions, chunk.resume, before) : [],
      });
      before = chunk.resume;
      lines += ends.length;
      bytes += chunk.bytes.length;
      deps.onProgress({ lines, bytes });
    }
    return { lines, bytes, skippedLines, interrupted: signal?.aborted === true };
  } catch (error) {
    throw withAdvice(error, isFile);
  } finally {
    await writer.close();
  }
}

function withAdvice(error: unknown, isFile: boolean): unknown {
  if (!(error instanceof AppError)) return error;
  const { code, message } = error;
  if (code === 'input_changed') return new AppError(code, `${message} Or append all of it as new lines: --again.`, { cause: error });
  if (code !== 'control_unreachable') return error;
  const advice = isFile ? 'The same command goes on where this one ended.' : 'The lines handed over last may or may not be in the log.';
  return new AppError(code, `${message}. ${advice}`, { cause: error });
}

interface Found {
  /** Where to go on in the file; undefined: at its beginning. */
  readonly known: LineResume | undefined;
  /** Lines of the file itself before it. */
  readonly skippedLines: number;
  /** What positions in files that are read into the topic are kept under. */
  readonly positions: string;
}

/** Checks the topic before anything is read, and finds where to go on in the file. */
async function lookUp(
  { input, topic, partition = 0, again, follow, log: address }: IngestOptions,
  open: () => Log,
  isFile: boolean,
  logger: Logger,
): Promise<Found> {
  const log = open();
  try {
    const topics = await log.topics();
    const found = topics.find(({ name }) => name === topic);
    if (!found)
      throw unknownTopic(
        topic,
        topics.map(({ name }) => name),
      );
    const records = await readPipelineRecords(log);
    const noted = records.find((record) => Object.values(record.topics).includes(topic));
    const writer = noted?.name ?? writersByNames(topics.map(({ name }) => name))(topic);
    if (writer !== undefined) {
      const raw = records.find(({ name }) => name === writer)?.sources.map((source) => source.topic);
      throw new AppError(
        'topic_conflict',
        `topic ${topic} is written by pipeline ${writer}, and events in it would break what reads it.` +
          (raw ? ` Its raw events go to ${raw.join(', ')}.` : ''),
      );
    }
    if (partition >= found.partitions) {
      const last = found.partitions - 1;
      throw new AppError(
        'topic_unknown',
        `topic ${topic} has ${found.partitions} partition${last === 0 ? '' : 's'}, found --partition ${partition}; expected ${last === 0 ? '0' : `0 to ${last}`}`,
      );
    }
    // One data directory serves many a broker, each of which may have a topic of this name, and have it made anew.
    const positions = address === undefined ? topic : found.id;
    if (!isFile || again || !('path' in input)) return { positions, known: undefined, skippedLines: 0 };
    const own = await knownPosition(log, positions, input.path);
    const rotated = await rotatedPosition(log, positions, input.path);
    if (!own && follow) return { positions, known: rotated?.known, skippedLines: 0 };
    if (rotated && rotated.known.headHash !== own?.headHash && (await hasMore(rotated))) {
      logger.warn(
        `${rotated.path} has lines behind line ${rotated.known.line} that were not read: tocsin ingest ${rotated.path} --topic ${topic}`,
      );
    }
    return { positions, known: own, skippedLines: own?.line ?? 0 };
  } finally {
    await log.close();
  }
}

interface Target {
  readonly writer: Pick<LogWriter, 'commit' | 'close'> & {
    /** To what positions in files that are read into it are kept under. */
    makeTopic(name: string, partitions: number): Promise<string>;
  };
  /** Looked into before anything is read. */
  readonly reader: () => Log;
}

async function openTarget({ data, log: address, newPartitions }: IngestOptions, clock: Clock, isFile: boolean): Promise<Target> {
  const openLocal = (): Log => createEmbeddedLog({ path: openDataDir(data, { create: false }).logPath, clock, readOnly: true });
  if (address === undefined) {
    const local = writeLog({ dir: data, create: newPartitions !== undefined }, { clock });
    const makeTopic = async (name: string, partitions: number): Promise<string> => {
      await local.ensureTopic(name, rawTopicSettings({ partitions }));
      return name;
    };
    return { writer: { ...local, makeTopic }, reader: openLocal };
  }
  const { openKafkaReading } = await import('../readers/kafka-reading.ts');
  const { log: kafka } = await openKafkaReading(address, { clock, logger: silentLogger });
  // A file's position is this machine's: it stands in the data directory.
  const positions = isFile ? writeLog({ dir: data, create: true }, { clock }) : undefined;
  const known = async (prefix: string): ReturnType<Log['state']> => {
    if (!prefix.startsWith(WRITABLE_STATE)) return kafka.state(prefix);
    const { logPath } = openDataDir(data, { create: true });
    if (!existsSync(logPath)) return [];
    const local = openLocal();
    try {
      return await local.state(prefix);
    } finally {
      await local.close();
    }
  };
  return {
    reader: () => ({ ...kafka, state: known, close: async () => {} }),
    writer: {
      async commit({ appends = [], state = [] }) {
        const firsts = await kafka.commit({ appends });
        if (state.length > 0) await positions?.commit({ state });
        return firsts;
      },
      makeTopic: async (name, partitions) => (await kafka.ensureTopic(name, rawTopicSettings({ partitions }))).id,
      async close() {
        await positions?.close();
        await kafka.close();
      },
    },
  };
}

function unknownTopic(topic: string, names: readonly string[]): AppError {
  const there = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
  const mend = '`tocsin run FILE` makes the topics of its pipeline file; to make this one now add --partitions 1';
  return new AppError('topic_unknown', `no topic "${topic}" in the log (${there}). ${mend}`);
}
