/** The raw topics as they are in Kafka: their number of partitions counts, whatever the pipeline file says. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { counted } from '../../core/counted.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Log } from '../../log/log.ts';
import { unreadRecords } from '../../log/unread.ts';
import { partitionName } from '../../windows/plan.ts';

/** @throws AppError `topic_unknown` where one is missing and must be there */
export async function withPartitionsOf(
  config: LoadedPipeline,
  { log, logger, mustExist, shown }: { log: Log; logger: Logger; mustExist: boolean; shown: string },
): Promise<LoadedPipeline> {
  const found = new Map((await log.topics()).map(({ name, partitions }) => [name, partitions]));
  const missing = config.engine.sources.filter(({ topic }) => !found.has(topic)).map(({ topic }) => topic);
  if (mustExist && missing.length > 0) {
    // Kafka lists nothing that the user may not see: asked for by name it says so.
    for (const topic of missing) await log.bounds(topic, 0).catch(throwRefusal);
    throw new AppError(
      'topic_unknown',
      `there is no topic ${missing.join(' and no topic ')} at ${shown}, and --once reads what is there. ` +
        'Check the names under `source:` in the pipeline file, or bring records in first (tocsin ingest).',
    );
  }
  const sources = config.engine.sources.map((source) => {
    const partitions = found.get(source.topic) ?? source.partitions;
    if (partitions !== source.partitions) {
      logger.info(
        `topic ${source.topic} has ${counted(partitions, 'partition')}, which count, not the ${source.partitions} of the pipeline file`,
      );
    }
    return { ...source, partitions };
  });
  return { ...config, engine: { ...config.engine, sources } };
}

function throwRefusal(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'topic_unknown')) throw error;
}

/** Where a run with `once` ends: at what stands there when all is fed that it brings in itself. */
export interface RunEnds {
  /** By `topic/partition`, the first offset that is not read any more; empty until they are settled. */
  readonly ends: ReadonlyMap<string, number>;
  /** Asks once, however often it is called. */
  settle(): Promise<void>;
}

/** `readTo`: offsets that are not passed anyway. */
export function createRunEnds(config: LoadedPipeline, log: Log, readTo: ReadonlyMap<string, number> = new Map()): RunEnds {
  const ends = new Map<string, number>();
  let settling: Promise<void> | undefined;

  async function ask(): Promise<void> {
    for (const [name, end] of await endsNow(config, log)) ends.set(name, Math.min(end, readTo.get(name) ?? end));
  }
  return { ends, settle: () => (settling ??= ask()) };
}

/** Where the raw topics and the replays end now, by `topic/partition`. */
async function endsNow(config: LoadedPipeline, log: Log): Promise<Map<string, number>> {
  const ends = new Map<string, number>();
  const widest = Math.max(...config.engine.sources.map(({ partitions }) => partitions));
  const topics = [
    ...config.engine.sources.map(({ topic, partitions }) => ({ topic, partitions })),
    { topic: config.topics.replay, partitions: widest },
  ];
  await Promise.all(
    topics.flatMap(({ topic, partitions }) =>
      Array.from({ length: partitions }, async (_, partition) => {
        ends.set(partitionName(topic, partition), (await log.bounds(topic, partition)).end);
      }),
    ),
  );
  return ends;
}

/** Records before these ends that the group has not committed. */
export async function unreadOf(
  { connection, reader }: { readonly connection: Pick<KafkaConnection, 'lag'>; readonly reader: Pick<Log, 'read'> },
  group: string,
  topics: readonly string[],
  ends: ReadonlyMap<string, number>,
): Promise<number> {
  const unread = (await connection.lag(group, topics)).map(({ topic, partition, end, lag }) =>
    unreadRecords(reader, { topic, partition, offset: end - lag, end: ends.get(partitionName(topic, partition)) ?? 0 }),
  );
  return (await Promise.all(unread)).reduce((sum, records) => sum + records, 0);
}
