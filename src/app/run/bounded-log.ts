/** A log that ends where its topics ended at the start: for `--once`. */
import { partitionName } from '../../windows/plan.ts';
import type { Log } from '../../log/log.ts';

/** `ends`: by `topic/partition`, the first offset that is not read any more; other partitions have no such end. */
export function boundedLog(log: Log, ends: ReadonlyMap<string, number>): Log {
  return {
    ...log,
    async read(topic, partition, offset, limits) {
      const end = ends.get(partitionName(topic, partition));
      if (end === undefined) return log.read(topic, partition, offset, limits);
      if (offset >= end) return undefined;
      const batch = await log.read(topic, partition, offset, {
        ...limits,
        maxRecords: Math.min(limits.maxRecords ?? Infinity, end - offset),
      });
      // Behind a hole: what comes after it is beyond the end.
      return batch && batch.firstOffset >= end ? undefined : batch;
    },
  };
}
