/**
 * Where the aggregations of a pipeline take place: on the main thread as long as that is enough, else in threads. A thread costs a start,
 * some 40 MB, and compiles all that is hot anew: some 2 CPU seconds before it is worth its place. So they go to threads where that
 * is repaid: those with much to read when they are opened, and all of them once the main thread has been busy for a while and has as
 * long a while before it, or has been busy for so long that it will be again. They stay there.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../core/clock.ts';
import { readBeginning } from '../../pipeline/aggregate/beginning.ts';
import type { OpenAggregate } from '../../pipeline/aggregate/aggregate.ts';
import { createAggregate } from '../../pipeline/aggregate/local-aggregate.ts';
import { partitionName } from '../../windows/plan.ts';
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

/** Records that a pipeline has to read when it is opened, from which on threads are worth their start: several seconds on the main thread. */
const BACKLOG_RECORDS = 2_000_000;
/** The main thread is looked at this often, and is busy when it was at work for this share of the time. */
const LOOK_EVERY_MS = 2_000;
const BUSY_SHARE = 0.9;
/**
 * What moving costs, as time of the main thread. It pays when as much is left to read; who does not know what comes moves after having been
 * busy for so long, and so never takes more than about twice the time of who knows.
 */
const REPAID_MS = 8_000;

export function createPlacement({ spec, always }: PlacementConfig, deps: PlacementDeps): Placement {
  const { threads, clock, ends, onJudged, busy = busyShare() } = deps;
  /** One partition alone has nobody to share with. */
  const partitions = spec.sources.reduce((sum, source) => sum + source.partitions, 0);
  const mayMove = partitions > 1;
  let everywhere = always;
  /** Of those that are read here, by name: records that they had to read when they were opened. */
  const backlogs = new Map<string, number>();
  let readHere = 0;
  let lookedAt: number | undefined;
  let readThen = 0;
  let busyMs = 0;

  /** Of what was there from the beginning; what came since is not known. Infinity: there is no telling how fast it is read. */
  function restMs(tookMs: number): number {
    const rest = [...backlogs.values()].reduce((sum, records) => sum + records, 0) - readHere;
    return rest <= 0 ? 0 : (rest / (readHere - readThen)) * tookMs;
  }

  return {
    async open({ plan, source, start, ...config }, here) {
      const opening = { plan, source, start, ...config };
      const beginning = await readBeginning(opening, here.log);
      const backlog = beginning.end - beginning.offset;
      if (!everywhere && !(mayMove && backlog * partitions >= BACKLOG_RECORDS)) {
        backlogs.set(partitionName(source.topic, config.partition), backlog);
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
      if (everywhere || !mayMove || backlogs.size === 0) return false;
      readHere += read;
      const now = clock.elapsed();
      if (lookedAt === undefined) {
        lookedAt = now;
        readThen = readHere;
        busy();
        return false;
      }
      const tookMs = now - lookedAt;
      if (tookMs < LOOK_EVERY_MS) return false;
      // What keeps it busy is its reading, or moving would not help.
      const isBusy = busy() >= BUSY_SHARE && read > 0;
      busyMs = isBusy ? busyMs + tookMs : 0;
      everywhere = isBusy && (busyMs >= REPAID_MS || restMs(tookMs) >= REPAID_MS);
      lookedAt = now;
      readThen = readHere;
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
