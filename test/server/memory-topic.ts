/** One partition of records in memory, for tests without a log. */
import { columnAt, packRecords } from '../../src/log/batch.ts';
import type { CommitUnit, Log } from '../../src/log/log.ts';

export interface MemoryTopic {
  readonly records: string[];
  readonly log: Pick<Log, 'read'>;
  commit(unit: Pick<CommitUnit, 'appends'>): Promise<unknown>;
}

export function memoryTopic(topic: string): MemoryTopic {
  const records: string[] = [];
  return {
    records,
    log: {
      async read(_topic, partition, offset) {
        const rest = records.slice(offset);
        if (rest.length === 0) return undefined;
        const packed = packRecords(rest);
        return { topic, partition, firstOffset: offset, count: rest.length, appendTimes: new Float64Array(rest.length), ...packed };
      },
    },
    async commit({ appends = [] }) {
      for (const append of appends) for (const i of append.ends.keys()) records.push(Buffer.from(columnAt(append, i)).toString());
    },
  };
}
