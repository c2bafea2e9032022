/** What brings records to the raw topics of a pipeline during a run: `--input`, or the sources that the file names. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { sleep, type Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { Log } from '../../log/log.ts';
import { sourceCatalog } from '../../sources/catalog.ts';
import { fromStateEntries, toStateChanges } from '../../pipeline/state-codec.ts';
import { openLines } from '../../sources/file/lines.ts';
import type { LineResume } from '../../sources/file/trail.ts';
import type { SourceChunk } from '../../sources/source.ts';
import type { RunOptions } from './run-options.ts';

/** A source waits while more of its records than this are not read yet. */
const BACKLOG_RECORDS_MAX = 100_000;
const BACKLOG_POLL_MS = 5;
/** State keys of the positions. */
const POSITIONS = 'source/';

export interface FeedsDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly stdin: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
  /** Offset that the pipeline has read up to, of a raw topic's first partition. */
  readonly readUpTo: (topic: string) => number;
  readonly logger: Logger;
}

/** Resolves when all feeds are at their end; with `once` that is where the inputs end now. */
export async function runFeeds(config: LoadedPipeline, options: RunOptions, deps: FeedsDeps, signal: AbortSignal): Promise<void> {
  await Promise.all(
    (await openFeeds(config, options, deps, signal)).map(({ topic, key, chunks }) => pour(topic, key, chunks, deps, signal)),
  );
}

interface Opened {
  readonly topic: string;
  /** State key of the position; undefined: it has none, every run reads what comes. */
  readonly key: string | undefined;
  readonly chunks: AsyncIterable<SourceChunk>;
}

async function openFeeds(config: LoadedPipeline, options: RunOptions, deps: FeedsDeps, signal: AbortSignal): Promise<Opened[]> {
  const { log, clock, logger } = deps;
  const { pipeline, sources, limits } = config.engine;
  if (options.input !== undefined) {
    const topic = sources[0]!.topic;
    const lines = { maxLineBytes: limits.maxRecordBytes, follow: !options.once, signal, logger };
    if (options.input === '-') return [{ topic, key: undefined, chunks: openLines({ stream: deps.stdin, name: 'standard input' }, lines) }];
    const key = `${pipeline}/${topic}/input`;
    const resume = (await lastPosition(log, key)) as LineResume | undefined;
    return [{ topic, key, chunks: openLines({ path: options.input }, { ...lines, ...(resume && { resume }) }) }];
  }
  const opened: Opened[] = [];
  for (const input of config.inputs) {
    const kind = sourceCatalog[input.kind as keyof typeof sourceCatalog];
    const key = `${pipeline}/${input.topic}/${input.kind}`;
    const resume = await lastPosition(log, key);
    const chunks = kind.open(input.config as never, {
      clock,
      logger,
      signal,
      once: options.once,
      folder: config.folder,
      ...(resume !== undefined && { resume }),
    });
    opened.push({ topic: input.topic, key, chunks });
  }
  return opened;
}

/** Each record exactly once: the position is committed with the records. */
async function pour(
  topic: string,
  key: string | undefined,
  chunks: AsyncIterable<SourceChunk>,
  deps: FeedsDeps,
  signal: AbortSignal,
): Promise<void> {
  const { log } = deps;
  const ready = async (): Promise<void> => {
    while (!signal.aborted) {
      const { end } = await log.bounds(topic, 0);
      if (end - deps.readUpTo(topic) <= BACKLOG_RECORDS_MAX) return;
      await sleep(BACKLOG_POLL_MS, signal);
    }
  };
  for await (const { bytes, ends, firstLine, resume } of chunks) {
    await ready();
    await log.commit({
      appends: ends.length === 0 ? [] : [{ topic, partition: 0, bytes, ends, ...(firstLine !== undefined && { firstLine }) }],
      state: key === undefined ? [] : toStateChanges(POSITIONS, [[key, resume]]),
    });
  }
}

/** The `resume` of the last chunk that was committed. */
export async function lastPosition(log: Log, key: string): Promise<unknown> {
  return fromStateEntries(POSITIONS, await log.state(POSITIONS + key)).find(([found]) => found === key)?.[1];
}
