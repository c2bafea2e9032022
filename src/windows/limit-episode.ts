/**
 * When a limit was exceeded: a time that lasts as long as it goes on, and is another one once it begins again after it had ended. A function of
 * the accepted events alone, so that whoever asks, however often, is told the same.
 */
export interface LimitEpisode {
  /** Event time of the first accepted event beyond the limit, of the newest episode, epoch ms; undefined: there was none. */
  readonly since: number | undefined;
  /** The largest event time beyond the limit. */
  readonly last: number | undefined;
}

export const NEVER_EXCEEDED: LimitEpisode = { since: undefined, last: undefined };

/** An episode is over when nothing was beyond the limit for so long, event time, ms. */
export const LIMIT_QUIET_MS = 3_600_000;

/** An accepted event was beyond the limit. */
export function exceeded(before: LimitEpisode, time: number, quietMs = LIMIT_QUIET_MS): LimitEpisode {
  const { since, last } = before;
  if (since === undefined || last === undefined || time > last + quietMs) return { since: time, last: time };
  return time > last ? { since, last: time } : before;
}

/**
 * As a snapshot has it. Older ones say when the limit was first exceeded and not when it was last: it may have been to the end, so it counts
 * as exceeded up to `maxTime`, the largest event time accepted. An alert too few is better than one about what has never ended.
 */
export function restoredEpisode(since: number | undefined, last: number | undefined, maxTime: number): LimitEpisode {
  return { since, last: since === undefined ? undefined : (last ?? maxTime) };
}

/** Whether `since` is news to who was told of `known`. A later owner without the state of the former one may see the same episode begin later. */
export function isNewEpisode(since: number | undefined, known: number | undefined): since is number {
  return since !== undefined && (known === undefined || since > known + LIMIT_QUIET_MS);
}
