/** Reads the silences of a pipeline as they come: from the first on its topic to the newest. */
import { AppError } from '../core/errors.ts';
import { recordAt } from '../log/batch.ts';
import type { Log } from '../log/log.ts';

export interface SilenceTail {
  /** Resolves when all is taken that stood on the topic when this was called. */
  catchUp(): Promise<void>;
}

const READ_LIMITS = { maxBytes: 256 << 10 };

export function readSilences(log: Pick<Log, 'read'>, topic: string, take: (record: string) => void): SilenceTail {
  let next = 0;
  async function readOn(): Promise<void> {
    for (;;) {
      const batch = await log.read(topic, 0, next, READ_LIMITS).catch(noneYet);
      if (!batch) return;
      for (let i = 0; i < batch.count; i++) if (batch.tombstones?.[i] !== 1) take(Buffer.from(recordAt(batch, i)).toString());
      next = batch.firstOffset + batch.count;
    }
  }
  // One after the other: records are taken in their order.
  let reading: Promise<void> = Promise.resolve();
  return { catchUp: () => (reading = reading.then(readOn, readOn)) };
}

/** A pipeline that has not run on this log has no such topic. */
function noneYet(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'topic_unknown') return undefined;
  throw error;
}
