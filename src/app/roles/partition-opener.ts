/** Takes over input partitions that the group has given to this process: ledger, the revision that counts, aggregation. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { Log } from '../../log/log.ts';
import { openAggregateStage } from '../../pipeline/aggregate/aggregate-stage.ts';
import { noteLookups } from '../../pipeline/lookup-record.ts';
import { partitionsAdded } from '../../pipeline/partitions-added.ts';
import { offsetOf } from '../../pipeline/revision.ts';
import { followRevision, type StageRevision } from '../../pipeline/stage-revision.ts';
import type { ClockMode } from '../../windows/partition.ts';
import { partitionName, type Plan } from '../../windows/plan.ts';
import type { OutcomesFile } from '../run/outcomes-file.ts';
import { judgingDeps } from '../run/judging.ts';
import type { Placement } from '../threads/placement.ts';
import type { OpenPartition, OwnedStage } from './owned-partitions.ts';
import { boundedLog } from '../run/bounded-log.ts';
import type { Ground } from './ground.ts';

export interface PartitionOpenerConfig {
  readonly config: LoadedPipeline;
  readonly plan: Plan;
  readonly mode: ClockMode;
  readonly once: boolean;
  readonly batchRecords: number | undefined;
}

export interface PartitionOpenerDeps {
  readonly ground: Pick<Ground, 'inputs' | 'partitionLog'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** With `once`: by `topic/partition`, the first offset that is not read any more. It may still be filled. */
  readonly ends: ReadonlyMap<string, number>;
  readonly outcomes: OutcomesFile | undefined;
  /** Absent: on this thread. */
  readonly placement: Pick<Placement, 'open'> | undefined;
  readonly monitorLag: () => Promise<number>;
  /** The one that counts, when it is settled. */
  readonly revision: () => Promise<StageRevision>;
  readonly onJudged: (records: number) => void;
}

/** Also what is asked of the broker at a time. */
const BATCH_BYTES = 1 << 20;

export function createPartitionOpener(
  { config, plan, mode, once, batchRecords }: PartitionOpenerConfig,
  deps: PartitionOpenerDeps,
): OpenPartition {
  const { ground, clock, logger, outcomes } = deps;
  const { engine: spec, topics } = config;
  const { pipeline } = spec;

  async function openOn(log: Log, input: Ground['inputs'][number], revision: StageRevision): Promise<OwnedStage> {
    const { topic, partition } = input;
    await followRevision(log, pipeline, input, revision);
    const { checks, parse, ...judging } = judgingDeps(config.engine, clock);
    const check = checks.get(input.source.name);
    const stage = await openAggregateStage(
      {
        plan,
        topics,
        source: input.source,
        partition,
        revision: revision.windows.counter,
        completeFrom: revision.completeFrom,
        start: () => offsetOf(log, topic, partition, config.start),
        clock: mode,
        maxBatchBytes: BATCH_BYTES,
        ...(batchRecords !== undefined && { maxBatchRecords: batchRecords }),
      },
      {
        ...judging,
        log: once ? boundedLog(log, deps.ends) : log,
        ...(deps.placement && { openAggregate: deps.placement.open }),
        parse: parse[input.source.format],
        ...(check && { check }),
        monitorLag: deps.monitorLag,
        warn: deps.logger.warn,
        onJudged: (batch, judged) => {
          outcomes?.add(batch, judged.outcomes, judged.reasons);
          deps.onJudged(batch.count);
        },
      },
    );
    // Else its thread would keep it beside the one that is opened next.
    await noteFiles(log, input.name, stage.status().offset).catch(async (error: unknown) => {
      await stage.close();
      throw error;
    });
    return {
      ...stage,
      async close() {
        await stage.close();
        await log.close();
      },
    };
  }

  /** What lookup files and schemas say, in force from that offset on. */
  async function noteFiles(log: Log, name: string, offset: number): Promise<void> {
    const { changes, changed } = await noteLookups(log, spec, new Map([[name, offset]]));
    if (changes.length > 0) await log.commit({ state: changes });
    for (const file of changed) logger.info(`pipeline ${pipeline}: ${file} has changed; it counts from here on in ${name}`);
  }

  return async (topic, partition, holds) => {
    const name = partitionName(topic, partition);
    const input = ground.inputs.find((each) => each.name === name);
    if (!input) throw partitionsAdded(pipeline, name, ground.inputs.filter((each) => each.topic === topic).length);
    const revision = await deps.revision();
    const log = await ground.partitionLog(input, { holds });
    return openOn(log, input, revision).catch(async (error: unknown) => {
      await log.close();
      throw error;
    });
  };
}
