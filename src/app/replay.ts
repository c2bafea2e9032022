/** `tocsin replay`: the windows of a pipeline computed again from the records in the log, under a new revision, and nobody told. */
import { loadPipeline } from '../config/load-pipeline.ts';
import type { LoadedPipeline } from '../config/pipeline-config.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Log } from '../log/log.ts';
import { completeFrom, type ReadFrom } from '../pipeline/complete-from.ts';
import { countedBy, offsetOf, recordedRevisions } from '../pipeline/revision.ts';
import { partitionName } from '../windows/plan.ts';
import { revisionOf } from '../windows/row-version.ts';
import { choosePipeline, withReading, type ReadingPlace } from './readers/reading.ts';
import { readWindows } from './readers/windows.ts';
import type { RunOptions } from './run/run-options.ts';

/** A place in each input partition: an offset, or the first record that was appended then or later (epoch ms). */
export type ReplayPosition = { readonly offset: number } | { readonly time: number };

export interface ReplayRequest extends ReadingPlace {
  readonly file: string;
  readonly from: 'earliest' | ReplayPosition;
  /** Not included; undefined: the end. */
  readonly to?: ReplayPosition;
  /** Default: as the pipeline was run. */
  readonly clock?: 'append' | 'event';
  readonly hotStore?: string;
  /** Default: as the pipeline was run. */
  readonly olapStore?: string;
}

export interface ReplayPlan {
  readonly pipeline: string;
  /** Of the windows that are there, and of those that will be; undefined where none are recorded yet. */
  readonly revision: { readonly from: number; readonly to: number } | undefined;
  /** Whether the file gives other windows than those that are there. */
  readonly isChanged: boolean;
  /** By input partition: the first offset read, and the first one not read any more. */
  readonly partitions: readonly { readonly name: string; readonly from: number; readonly to: number }[];
  readonly records: number;
  /** Windows that begin before it (epoch ms) stay as they are; -Infinity: none. */
  readonly completeFrom: number;
  readonly options: RunOptions;
}

/**
 * What a replay would do; changes nothing.
 * @throws AppError `topic_unknown` where there is nothing to read, `usage` for positions that do not go together, and those of the file
 */
export async function planReplay(request: ReplayRequest, clock: Clock): Promise<ReplayPlan> {
  const config = loadPipeline(request.file);
  const { pipeline } = config.engine;
  return withReading(request, clock, async ({ log, pipelines, where }) => {
    const inputs = await inputsOf(config, log, where);
    const known = pipelines.find(({ name }) => name === pipeline);
    const clockMode = request.clock ?? known?.clock ?? config.clock;
    const from = await startOf(log, inputs, request.from);
    if (from !== 'earliest' && clockMode === 'event') {
      throw new AppError(
        'usage',
        'by event time (clock: event, as this pipeline was run or is to be) a replay begins at the beginning: which windows are whole from an ' +
          'offset on, only times of arrival can tell. Use --from earliest, or --clock append to judge by these.',
      );
    }
    const partitions = [];
    for (const { topic, partition } of inputs) {
      const first = await offsetOf(log, topic, partition, from);
      partitions.push({ name: partitionName(topic, partition), from: first, to: await endOf(log, topic, partition, request.to) });
    }
    const records = partitions.reduce((sum, each) => sum + Math.max(0, each.to - each.from), 0);
    if (records === 0) {
      const held = partitions.map(({ name, from: first, to }) => `${name} from ${first} to ${to}`).join(', ');
      throw new AppError('usage', `there is nothing to read between --from and --to: ${held}`);
    }
    const recorded = await recordedRevisions(log, pipeline);
    const readTo = new Map(partitions.map(({ name, to }) => [name, to]));
    const counted = countedBy(
      log,
      pipeline,
      inputs.map((input) => ({ ...input, name: partitionName(input.topic, input.partition) })),
    );
    const offsets = Object.fromEntries(partitions.map(({ name, from: first }) => [name, first]));
    return {
      pipeline,
      revision: recorded && { from: recorded.windows.counter, to: recorded.windows.counter + 1 },
      isChanged: recorded !== undefined && recorded.windows.hash !== config.hashes.windows,
      partitions,
      records,
      // What is counted for the first time takes nobody's place.
      completeFrom: recorded
        ? await completeFrom(log, counted, { pipeline, from, offsets, clock: clockMode, before: recorded.completeFrom })
        : -Infinity,
      options: {
        // Nothing new is brought in, and the terminal is not a receiver either: the past is nobody's alarm.
        files: [{ ...config, inputs: [], receivers: config.receivers.filter(({ kind }) => kind !== 'console') }],
        data: request.data,
        once: true,
        json: false,
        quiet: true,
        notify: false,
        clock: clockMode,
        revision: { kind: 'from', from },
        olapStore: request.olapStore ?? known?.olapStore ?? 'embedded',
        ...(request.to !== undefined && { readTo }),
        ...(request.log !== undefined && { log: request.log }),
        ...(request.hotStore !== undefined && { hotStore: request.hotStore }),
      },
    };
  });
}

/**
 * Rows of older revisions that still stand in the windows which a replay, now over, was to compute anew: where it counted nothing, nothing
 * replaces them. `windows`: how many windows these are in.
 */
export async function rowsLeft(
  request: ReplayRequest,
  { pipeline, revision, completeFrom: from }: ReplayPlan,
  clock: Clock,
): Promise<{ readonly rows: number; readonly windows: number }> {
  return withReading(request, clock, async (reading) => {
    const windows = new Set<string>();
    let rows = 0;
    for await (const row of readWindows(reading.log, choosePipeline(reading, pipeline), { from })) {
      if (revisionOf(row.version) >= (revision?.to ?? 0)) continue;
      rows++;
      windows.add(`${row.window} ${row.window_start}`);
    }
    return { rows, windows: windows.size };
  });
}

async function inputsOf({ engine }: LoadedPipeline, log: Log, where: string): Promise<{ topic: string; partition: number }[]> {
  const counts = new Map((await log.topics()).map(({ name, partitions }) => [name, partitions]));
  return engine.sources.flatMap(({ topic }) => {
    const partitions = counts.get(topic);
    if (partitions === undefined) {
      throw new AppError(
        'topic_unknown',
        `no topic "${topic}" in the log (${where}): there is nothing to replay. \`tocsin log list\` shows those that are there.`,
      );
    }
    return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
  });
}

/** `earliest` where an offset is the beginning: that is possible by event time as well. */
async function startOf(log: Log, inputs: readonly { topic: string; partition: number }[], from: ReplayRequest['from']): Promise<ReadFrom> {
  if (from === 'earliest') return from;
  if ('time' in from) return from.time;
  const bounds = await Promise.all(inputs.map(({ topic, partition }) => log.bounds(topic, partition)));
  return bounds.every(({ start }) => from.offset <= start) ? 'earliest' : from;
}

async function endOf(log: Log, topic: string, partition: number, to: ReplayPosition | undefined): Promise<number> {
  const { end } = await log.bounds(topic, partition);
  if (to === undefined) return end;
  return 'offset' in to ? Math.min(to.offset, end) : log.offsetAt(topic, partition, to.time);
}
