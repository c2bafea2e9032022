/**
 * Where the aggregations of a pipeline take place: on the main thread as long as that is enough, else in threads. A thread costs a start
 * (about half a second) and some 40 MB, which a few events a second do not repay; and moving costs no more than a restart does. So a
 * partition with much to read goes to a thread when it is opened, and all of them go there once the main thread has been busy for a
 * while. They stay there: what was busy once will be again.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../core/clock.ts';
import { createAggregate, readBeginning, type OpenAggregate } from '../../pipeline/aggregate.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import type { RemoteAggregateDeps } from './remote-aggregate.ts';
import type { PipelineThreads, ThreadCounts } from './threads.ts';

export interface PlacementConfig {
  readonly spec: EngineSpec;
  /** In threads from the beginning, because people asked for it. */
  readonly always: boolean;
}

export interface PlacementDeps extends Pick<RemoteAggregateDeps, 'ends' | 'onJudged'> {
  readonly threads: PipelineThreads;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Share of the time since it was last asked that this thread was at work. */
  readonly busy?: () => number;
}

export interface Placement {
  readonly open: OpenAggregate;
  /** Told of every reading: records. True: it is time to open all aggregations anew, and what is opened from now on goes to threads. */
  isTimeToMove(read: number): boolean;
  counts(): ThreadCounts;
}

/** Records that a partition has to read when it is opened, from which on a thread is worth its start. */
const BACKLOG_RECORDS = 100_000;
/** The main thread is looked at this often, and is busy when it was at work for this share of the time. */
const LOOK_EVERY_MS = 2_000;
const BUSY_SHARE = 0.9;

export function createPlacement({ spec, always }: PlacementConfig, deps: PlacementDeps): Placement {
  const { threads, clock, ends, onJudged, busy = busyShare() } = deps;
  /** One partition alone has nobody to share with. */
  const partitions = spec.sources.reduce((sum, source) => sum + source.partitions, 0);
  const mayMove = partitions > 1;
  let everywhere = always;
  let isSomeHere = false;
  let lookedAt: number | undefined;

  return {
    async open({ plan, source, start, ...config }, here) {
      const opening = { plan, source, start, ...config };
      const beginning = await readBeginning(opening, here.log);
      if (!everywhere && !(mayMove && beginning.end - beginning.offset >= BACKLOG_RECORDS)) {
        isSomeHere = true;
        return createAggregate(opening, beginning, here);
      }
      const { completeFrom, clock: mode, maxBatchBytes, maxBatchRecords, partition, replayTopic, revision } = config;
      const told = {
        revision,
        completeFrom,
        clock: mode,
        maxBatchBytes,
        partition,
        replayTopic,
        ...(maxBatchRecords !== undefined && { maxBatchRecords }),
      };
      return threads.open({ spec, source: source.name, config: told, beginning }, { ends, onJudged });
    },
    isTimeToMove(read) {
      if (everywhere || !mayMove || !isSomeHere) return false;
      const now = clock.elapsed();
      if (lookedAt === undefined) {
        lookedAt = now;
        busy();
        return false;
      }
      if (now - lookedAt < LOOK_EVERY_MS) return false;
      lookedAt = now;
      everywhere = busy() >= BUSY_SHARE && read > 0;
      return everywhere;
    },
    counts: () => threads.counts(),
  };
}

function busyShare(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
