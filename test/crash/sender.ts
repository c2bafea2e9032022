/** Brings events to a raw topic while its broker may die. */
import { setTimeout as sleep } from 'node:timers/promises';
import { packRecords } from '../../src/log/batch.ts';
import type { Log } from '../../src/log/log.ts';

const SEND_RECORDS = 60;

export interface RawTopic {
  readonly topic: string;
  readonly partitions: number;
}

/**
 * The next so many events, a few at a time, in turn over the partitions. What may have been appended and may not is sent again: another
 * duplicate at most.
 */
export function createSender(log: Log, { topic, partitions }: RawTopic, events: readonly Uint8Array[], pauseMs: () => number) {
  let sent = 0;
  return async (count: number): Promise<void> => {
    for (const end = Math.min(sent + count, events.length); sent < end;) {
      const lines = events.slice(sent, Math.min(sent + SEND_RECORDS, end));
      const parts = Array.from({ length: partitions }, (_, partition) => lines.filter((_line, i) => (sent + i) % partitions === partition));
      const appends = parts.map((records, partition) => ({ topic, partition, ...packRecords(records) }));
      const isSent = await log.commit({ appends: appends.filter(({ ends }) => ends.length > 0) }).then(
        () => true,
        () => false,
      );
      if (isSent) sent += lines.length;
      await sleep(pauseMs());
    }
  };
}
