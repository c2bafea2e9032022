/** What a run stands on: a log in the data directory, or Kafka. Either gives the pipelines' runs, and views of the log for all beside them. */
import { availableParallelism } from 'node:os';
import type { LoadedPipeline } from '../config/pipeline-config.ts';
import type { Clock } from '../core/clock.ts';
import type { AppError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { HotStore } from '../hot-store/hot-store.ts';
import { parseKafkaUrl } from '../log/kafka/url.ts';
import { connectKafka } from '../log/kafka/connection.ts';
import type { Log } from '../log/log.ts';
import type { Committed } from '../pipeline/engine.ts';
import { openOutcomesFile, outcomesStatePrefix, type OutcomesFile } from './outcomes-file.ts';
import type { PartsDeps } from './pipeline-parts.ts';
import { kafkaRunChange } from './pipeline-record.ts';
import { createPriorities } from './priorities.ts';
import { openPipelineRun, type PipelineRun } from './pipeline-run.ts';
import { checkKafkaOptions } from './roles/kafka-options.ts';
import { openKafkaRun } from './roles/kafka-run.ts';
import { electedLog, withLocalState, withSharedOffsets } from './roles/log-views.ts';
import { runIngestRole } from './roles/ingest-role.ts';
import { runStoreRole, type StoreRole } from './roles/store-role.ts';
import type { RunOptions } from './run-options.ts';
import type { LogAddress } from './threads/thread-messages.ts';
import { createThreads, type Threads } from './threads/threads.ts';

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
  readonly onCommitted: (config: LoadedPipeline, committed: Committed) => void;
}

export function openBacking(configs: readonly LoadedPipeline[], options: RunOptions, deps: BackingDeps): Promise<Backing> {
  return options.log === undefined ? embedded(configs, options, deps) : kafka(configs[0]!, options, options.log, deps);
}

async function embedded(configs: readonly LoadedPipeline[], options: RunOptions, deps: BackingDeps): Promise<Backing> {
  const { local: log, onCommitted, ...rest } = deps;
  // What is read again is judged again: the file begins anew too.
  const noted = options.revision.kind === 'from' ? [] : await log.state(outcomesStatePrefix);
  const outcomes = outcomesFile(options)?.(noted);
  const priorities = createPriorities(deps);
  const threads = threadsOf(options, { kind: 'embedded', path: deps.logPath }, deps);
  const runs: PipelineRun[] = [];
  const close = async (): Promise<void> => {
    await threads?.close();
    outcomes?.close();
  };
  try {
    for (const config of configs) {
      const committed = (what: Committed): void => onCommitted(config, what);
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

async function kafka(config: LoadedPipeline, options: RunOptions, address: string, deps: BackingDeps): Promise<Backing> {
  checkKafkaOptions(options);
  const { local, logger, clock, signal } = deps;
  if (config.priority !== 0) {
    const { pipeline } = config.engine;
    logger.warn(
      `${pipeline}: priority ${config.priority} changes nothing on Kafka, where a process has one pipeline. Give it more processes.`,
    );
  }
  const at = parseKafkaUrl(address, process.env);
  // A run that stays waits for a broker that is not there yet; one that is to end soon says so at once.
  // What has read to its end does not come back: its place must not be kept.
  const named = !options.once && options.instanceId ? { instanceId: options.instanceId } : {};
  const connection = await connectKafka(at, { clock, logger, ...(!options.once && { signal }), ...named });
  const threads = threadsOf(options, { kind: 'kafka', url: address }, deps);
  try {
    const opened: { outcomes?: OutcomesFile; config?: LoadedPipeline } = {};
    const openFile = outcomesFile(options);
    const run = await openKafkaRun(config, options, {
      ...deps,
      connection,
      shown: at.shown,
      ...(threads && { threads }),
      ...(openFile && { openOutcomes: (noted) => (opened.outcomes = openFile(noted)) }),
      onCommitted: (committed) => deps.onCommitted(opened.config ?? config, committed),
    });
    opened.config = run.config;
    await local.commit({ state: [kafkaRunChange(run.config.engine.pipeline, at.shown)] });
    const own = withLocalState(run.reader, local);
    const isServer = options.olapStore !== 'embedded' && options.olapStore !== 'none';
    const store =
      isServer && (!options.roles || options.roles.has('store')) ? runStoreRole(run.config, options, { connection, logger }) : undefined;
    return {
      runs: [store ? withStore(run, store) : run],
      shown: withSharedOffsets(run.reader, connection),
      fed: own,
      feed: (work, until) =>
        // A file that this process was given is its own; what the pipeline file names is brought in by one process.
        options.input !== undefined ? work(own, until) : runIngestRole(run.config, options, { connection, logger }, work, until),
      history: isServer ? electedLog(run.reader, () => store?.log(), connection) : own,
      where: at.shown,
      async close() {
        await store?.stop();
        await threads?.close();
        await connection.close();
        opened.outcomes?.close();
      },
    };
  } catch (error) {
    await threads?.close();
    await connection.close();
    throw error;
  }
}

/** None where people want none, or the batches themselves are needed here. They are started when they have something to do. */
function threadsOf(options: RunOptions, log: LogAddress, { clock, logger, signal }: BackingDeps): Threads | undefined {
  const max = options.threads ?? availableParallelism();
  if (max < 2 || options.outcomes !== undefined) return undefined;
  return createThreads({ log, max, memoryMb: options.threadMemoryMb }, { clock, logger, signal });
}

/** A process that may never write the OLAP store does not run as if it did. */
function withStore(run: PipelineRun, store: StoreRole): PipelineRun {
  return {
    ...run,
    async run(signal, fed) {
      const broken = new AbortController();
      let refusal: AppError | undefined;
      const refused = async (): Promise<void> => {
        refusal = await store.refused;
        if (refusal) broken.abort();
      };
      void refused();
      await run.run(AbortSignal.any([signal, broken.signal]), fed);
      if (refusal) throw refusal;
    },
  };
}

function outcomesFile({ outcomes, input }: RunOptions): ((noted: readonly (readonly [string, Uint8Array])[]) => OutcomesFile) | undefined {
  return outcomes === undefined ? undefined : (noted) => openOutcomesFile(outcomes, input !== undefined, noted);
}
