/**
 * How far reading is behind, per input partition: in records, and in ms of event time. About now, for people and for the alert on it;
 * nothing that is counted hangs on it.
 */
import type { Clock } from '../core/clock.ts';
import type { Log } from '../log/log.ts';
import { unreadRecords } from '../log/unread.ts';
import { inputPartitions } from '../windows/plan.ts';
import type { EngineSpec } from '../windows/spec.ts';
import type { AggregateStatus } from './aggregate/aggregate.ts';

export interface PartitionLag {
  /** `ad-events/0` */
  readonly name: string;
  /** The next record to judge, and the end of the partition. */
  readonly offset: number;
  readonly end: number;
  /** Records that are there and were not judged. */
  readonly records: number;
  /** How far the newest accepted event is behind now, ms; 0 where all was read; undefined: nothing was accepted yet. */
  readonly behindMs: number | undefined;
}

/** What is told of a partition that is read. */
export type Judged = Pick<AggregateStatus, 'name' | 'offset' | 'watermark' | 'caughtUp'>;

export interface LagMeter {
  measure(partitions: readonly Judged[]): Promise<PartitionLag[]>;
}

/** `now`, epoch ms. A silent source is not behind: what was read to its end has no lag, however old its last event is. */
export function behindMs(records: number, watermark: number, outOfOrdernessMs: number, now: number): number | undefined {
  if (records === 0) return 0;
  return Number.isFinite(watermark) ? Math.max(0, now - (watermark + outOfOrdernessMs)) : undefined;
}

/**
 * Measured about once a second. The first record after a silence does not make a partition as late as the silence was long: the lag is
 * no longer than the time since it was last seen without any.
 */
export function createLagMeter(spec: EngineSpec, deps: { readonly log: Pick<Log, 'bounds' | 'read'>; readonly clock: Clock }): LagMeter {
  const { log, clock } = deps;
  const inputs = new Map(inputPartitions(spec).map((input) => [input.name, input]));
  /** When a partition was last seen read to its end, by `elapsed`. */
  const caughtUpAt = new Map<string, number>();

  return {
    measure: (partitions) =>
      Promise.all(
        partitions.map(async ({ name, offset, watermark, caughtUp }) => {
          const { source, partition } = inputs.get(name)!;
          const { start, end } = await log.bounds(source.topic, partition);
          const at = { topic: source.topic, partition, offset: Math.max(start, offset), end };
          // Who has read all that he found is behind only where there is something to be found.
          const records = caughtUp ? await unreadRecords(log, at) : Math.max(0, end - at.offset);
          if (records === 0) caughtUpAt.set(name, clock.elapsed());
          const behind = behindMs(records, watermark, source.event.outOfOrdernessMs, clock.now());
          const longest = clock.elapsed() - (caughtUpAt.get(name) ?? -Infinity);
          return { name, offset, end, records, behindMs: behind === undefined ? undefined : Math.min(behind, longest) };
        }),
      ),
  };
}

/** All partitions together: the records add up, the time is the worst one's. */
export interface TotalLag {
  readonly records: number;
  readonly behindMs: number;
  /** The partition furthest behind; undefined: none is. */
  readonly worst: string | undefined;
}

export function totalLag(lags: readonly PartitionLag[]): TotalLag {
  const behind = lags.filter(({ records }) => records > 0);
  const worst = behind.toSorted((a, b) => (b.behindMs ?? 0) - (a.behindMs ?? 0) || b.records - a.records)[0];
  return {
    records: behind.reduce((sum, { records }) => sum + records, 0),
    behindMs: worst?.behindMs ?? 0,
    worst: worst?.name,
  };
}
