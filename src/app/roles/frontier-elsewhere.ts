/**
 * Up to which event time windows are judged and their alerts told, by what stands on `p.windows`: for a notifier in a process that is not the
 * active monitor. Of the past nobody is paged because the events end there, so it is not enough that all is read.
 */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { recordAt } from '../../log/batch.ts';
import type { Log } from '../../log/log.ts';
import type { WindowRecord } from '../../windows/row.ts';
import { MOMENT_MS } from './read-elsewhere.ts';

export interface FrontierElsewhereDeps {
  readonly reader: Pick<Log, 'bounds' | 'read'>;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Whether what stood on the inputs within the last `MOMENT_MS` is counted, judged and committed, by whoever does that. */
  readonly isReadElsewhere: () => Promise<boolean>;
}

const POLL_MS = 1_000;
/** The newest records; the windows of any of them are passed. */
const LOOKED_AT = 10;
const READ_LIMITS = { maxBytes: 256 << 10 };

/** To be asked again and again. Resolves to epoch ms, or undefined while that is not known. */
export function createFrontierElsewhere(
  topic: string,
  { reader, clock, isReadElsewhere }: FrontierElsewhereDeps,
): () => Promise<number | undefined> {
  let askedAt = -Infinity;
  let frontier: number | undefined;
  /** What stood there then. What was judged since, and its alerts, came behind that. */
  let seen: { readonly at: number; readonly endMs: number } | undefined;

  async function newestEnd(): Promise<number> {
    const { start, end } = await reader.bounds(topic, 0);
    const batch = await reader.read(topic, 0, Math.max(start, end - LOOKED_AT), READ_LIMITS);
    const ends = Array.from({ length: batch?.count ?? 0 }, (_, i) => passedBy(Buffer.from(recordAt(batch!, i)).toString()));
    return Math.max(-Infinity, ...ends);
  }

  async function look(): Promise<void> {
    const now = clock.elapsed();
    if ((await isReadElsewhere()) && seen && now - seen.at > MOMENT_MS) {
      frontier = Math.max(frontier ?? -Infinity, seen.endMs);
      seen = undefined;
    }
    seen ??= { at: clock.elapsed(), endMs: await newestEnd() };
  }

  return async () => {
    if (clock.elapsed() - askedAt < POLL_MS) return frontier;
    askedAt = clock.elapsed();
    try {
      await look();
    } catch (error) {
      // No topic yet, or a log that is away, is asked again.
      if (!(error instanceof AppError)) throw error;
    }
    return frontier;
  };
}

/** The end of the record's window; -Infinity where that may be open, and of what others wrote there. */
function passedBy(text: string): number {
  try {
    const record = JSON.parse(text) as WindowRecord | null;
    const isPassed = record?.kind === 'closed' || record?.final === true;
    const endMs = isPassed ? Date.parse(record.window_end) : Number.NaN;
    return Number.isNaN(endMs) ? -Infinity : endMs;
  } catch {
    return -Infinity;
  }
}
