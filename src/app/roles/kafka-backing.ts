/** A run on Kafka: the connection, the roles of this process, and what it keeps in the data directory all the same. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { AppError } from '../../core/errors.ts';
import { connectKafka } from '../../log/kafka/connection.ts';
import { parseKafkaUrl } from '../../log/kafka/url.ts';
import type { Backing, BackingDeps } from '../run/backing.ts';
import { outcomesFileOf, type OutcomesFile } from '../run/outcomes-file.ts';
import { kafkaRunChange } from '../../pipeline/pipeline-record.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import { runIngestRole } from './ingest-role.ts';
import { openKafkaRun } from './kafka-run.ts';
import { electedLog, withLocalState, withSharedOffsets } from './log-views.ts';
import { runStoreRole, type StoreRole } from './store-role.ts';
import type { RunOptions } from '../run/run-options.ts';
import { threadsOf } from '../threads/threads-of-run.ts';

export async function openKafkaBacking(config: LoadedPipeline, options: RunOptions, address: string, deps: BackingDeps): Promise<Backing> {
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
    const openFile = outcomesFileOf(options);
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
      stored: isServer ? electedLog(run.reader, () => store?.log(), connection) : own,
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

/** What does not go together on Kafka. @throws AppError `usage` */
function checkKafkaOptions({ files, once, roles }: RunOptions): void {
  if (files.length > 1)
    throw new AppError('usage', `--log kafka://… takes one pipeline a process, found ${files.length} files. Start one process for each.`);
  const missing = once && roles ? (['aggregate', 'monitor', 'notify'] as const).filter((role) => !roles.has(role)) : [];
  if (missing.length > 0)
    throw new AppError('usage', `--once reads everything to its end in one process: --roles lacks ${missing.join(', ')}`);
}
