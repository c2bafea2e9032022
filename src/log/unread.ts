/** How many records a reader has before it. */
import { AppError } from '../core/errors.ts';
import type { Log } from './log.ts';

const ONE_RECORD = { maxBytes: 1, maxRecords: 1 };

/**
 * Records from `offset` up to `end`. At the end may stand marks of transactions alone, which have offsets and which nobody reads: so it is
 * looked whether there is a record. Who may not look goes by the offsets.
 */
export async function unreadRecords(
  log: Pick<Log, 'read'>,
  { topic, partition, offset, end }: { readonly topic: string; readonly partition: number; readonly offset: number; readonly end: number },
): Promise<number> {
  if (offset >= end) return 0;
  try {
    const next = await log.read(topic, partition, offset, ONE_RECORD);
    return next ? Math.max(0, end - next.firstOffset) : 0;
  } catch (error) {
    if (error instanceof AppError && error.code === 'log_refused') return end - offset;
    throw error;
  }
}
