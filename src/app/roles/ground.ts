/** Where a pipeline stands in Kafka: its topics, made where they are missing, and the ledgers of its stages. */
import { allOf } from '../../core/all-of.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Logger } from '../../core/logger.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { Log } from '../../log/log.ts';
import type { PipelineInput } from '../../pipeline/revision.ts';
import { PARTIALS_SETTINGS, partialsTopic, snapshotsTopic, STATE_PARTITIONS, statePlace, stateTopic } from '../../pipeline/stage-topics.ts';
import { rawTopicSettings, topicSettings } from '../../pipeline/topics.ts';
import { inputPartitions } from '../../windows/plan.ts';
import type { SourceSpec } from '../../windows/spec.ts';
import { withPartitionsOf } from './input-topics.ts';

type LogOptions = Parameters<KafkaConnection['log']>[1];

export interface Ground {
  /** As loaded, with the partitions that the raw topics have. */
  readonly config: LoadedPipeline;
  readonly inputs: readonly (PipelineInput & { readonly source: SourceSpec })[];
  /** Reads the topics, and appends to them; has no state. */
  readonly reader: Log;
  /** Takes a stage's ledger over, or looks into it. */
  stageLog(stage: keyof typeof STATE_PARTITIONS, options?: LogOptions): Promise<Log>;
  partitionLog(input: PipelineInput, options?: LogOptions): Promise<Log>;
}

/** @throws AppError `topic_unknown` where a raw topic is missing that `mustExist`, `topic_conflict`, `log_refused` */
export async function openGround(
  loaded: LoadedPipeline,
  deps: { readonly connection: KafkaConnection; readonly logger: Logger; readonly shown: string; readonly mustExist: boolean },
): Promise<Ground> {
  const { connection } = deps;
  const { pipeline } = loaded.engine;
  const reader = await connection.log({ topic: stateTopic(pipeline), partition: STATE_PARTITIONS.sources }, { readOnly: true });
  const config = await withPartitionsOf(loaded, { ...deps, log: reader });
  const { sources } = config.engine;
  // Raw topics that are there are the user's: nothing about them is changed.
  const there = new Set((await reader.topics()).map(({ name }) => name));
  const missing = new Map(sources.filter(({ topic }) => !there.has(topic)).map((source) => [source.topic, rawTopicSettings(source)]));
  const widest = Math.max(...sources.map((source) => source.partitions));
  const { maxRecordBytes } = config.engine.limits;
  const ours = [
    ...topicSettings(config.topics, { replayPartitions: widest, maxRecordBytes }),
    [partialsTopic(pipeline), PARTIALS_SETTINGS] as const,
  ];
  // All at a time: each is a few round trips, and the first start waits for every one of them.
  await allOf([...missing, ...ours].map(([name, settings]) => reader.ensureTopic(name, settings)));
  return {
    config,
    reader,
    inputs: inputPartitions(config.engine).map(({ source, partition, name }) => ({
      source,
      topic: source.topic,
      partition,
      name,
      replayTopic: config.topics.replay,
    })),
    stageLog: (stage, options) => connection.log(statePlace(pipeline, stage), options),
    partitionLog({ topic, partition }, options) {
      const partitions = sources.find((source) => source.topic === topic)!.partitions;
      return connection.log({ topic: snapshotsTopic(pipeline, topic), partition, partitions }, options);
    },
  };
}
