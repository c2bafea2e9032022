/** What a run stands on: a log in the data directory, or Kafka. Either gives the pipelines' runs, and views of the log for all beside them. */
import type { LoadedPipeline } from '../config/pipeline-config.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { HotStore } from '../hot-store/hot-store.ts';
import type { Log } from '../log/log.ts';
import type { Committed } from '../pipeline/engine.ts';
import { outcomesFileOf, outcomesStatePrefix } from './outcomes-file.ts';
import type { PartsDeps } from './pipeline-parts.ts';
import { createPriorities } from './priorities.ts';
import { openPipelineRun, type PipelineRun } from './pipeline-run.ts';
import type { RunOptions } from './run-options.ts';
import { threadsOf } from './threads/threads-of-run.ts';

export interface Backing {
  readonly runs: readonly PipelineRun[];
  /** Of what is shown, and pushed to. */
  readonly shown: Log;
  /** Of writes that are handed in by other processes of this machine. */
  readonly fed: Log;
  /** Brings in what files and generators have: `work` gets the log that holds their positions. Where another process does it, it waits. */
  feed(work: (log: Log, signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Of the OLAP store's writer, with its offsets. */
  readonly history: Log;
  /** For messages: where the log is. */
  readonly where: string;
  close(): Promise<void>;
}

export interface BackingDeps extends PartsDeps {
  /** The log in the data directory. */
  readonly local: Log;
  readonly dir: string;
  /** Its file. */
  readonly logPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hotStore: HotStore;
  readonly signal: AbortSignal;
  readonly onJudged: (records: number) => void;
  readonly onCommitted: (config: LoadedPipeline, committed: Committed) => Promise<void>;
}

export async function openBacking(configs: readonly LoadedPipeline[], options: RunOptions, deps: BackingDeps): Promise<Backing> {
  if (options.log === undefined) return embedded(configs, options, deps);
  // Loaded where it is asked for: its client is large, and most runs begin without.
  const { openKafkaBacking } = await import('./kafka-backing.ts');
  return openKafkaBacking(configs[0]!, options, options.log, deps);
}

async function embedded(configs: readonly LoadedPipeline[], options: RunOptions, deps: BackingDeps): Promise<Backing> {
  const { local: log, onCommitted, ...rest } = deps;
  // What is read again is judged again: the file begins anew too.
  const noted = options.revision.kind === 'from' ? [] : await log.state(outcomesStatePrefix);
  const outcomes = outcomesFileOf(options)?.(noted);
  const priorities = createPriorities(deps);
  const threads = threadsOf(options, { kind: 'embedded', path: deps.logPath }, deps);
  const runs: PipelineRun[] = [];
  const close = async (): Promise<void> => {
    await threads?.close();
    outcomes?.close();
  };
  try {
    for (const config of configs) {
      const committed = (what: Committed): Promise<void> => onCommitted(config, what);
      const of = { lane: priorities.lane(config.priority), ...(outcomes && { outcomes }), ...(threads && { threads }) };
      runs.push(await openPipelineRun(config, options, { ...rest, ...of, log, onCommitted: committed }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const feed: Backing['feed'] = (work, signal) => work(log, signal);
  return { runs, shown: log, fed: log, feed, history: log, where: deps.dir, close };
}
