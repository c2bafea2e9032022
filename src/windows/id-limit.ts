import { createLimitEpisodes, limitQuietMs, olderEpisodes, type LimitEpisode, type LimitEpisodes } from './limit-episodes.ts';

/**
 * How many ids are remembered at most: counts of ids by event time, in steps of a power of two of ms (about a thousandth of the time
 * that ids are remembered). With more than the limit the oldest step is forgotten whole. A function of the accepted events alone:
 * every id counts until its whole step has expired, so that neither batches nor the memory's own housekeeping make a difference.
 */
export interface IdLimit {
  /** Counts an id before it is remembered, in the order of the events; returns the floor. */
  add(time: number, watermark: number): number;
  /** Ids of the steps that are not forgotten, up to the last call. */
  readonly size: number;
  /** Ids forgotten before their time. */
  readonly forgotten: number;
  /** Of accepted events that were too many. */
  readonly episodes: Pick<LimitEpisodes, 'spans'>;
  /** What cannot be told from the ids that are left. */
  state(): IdLimitState;
  /** `maxTime`: the largest event time accepted; both epoch ms. */
  restore(state: IdLimitState, clocks: { readonly maxTime: number; readonly watermark: number }): void;
  /** Whether an id of this event time has to be kept in a snapshot: it counts, or is remembered. */
  isNeeded(time: number, watermark: number): boolean;
}

export interface IdLimitState {
  /** Ids with an earlier event time were forgotten before their time, epoch ms; -Infinity: none. */
  readonly floor: number;
  readonly forgotten: number;
  /** Absent in older snapshots, which have `forgottenAt` and, perhaps, `forgottenLast`: since when, and when last. */
  readonly episodes?: readonly LimitEpisode[];
  readonly forgottenAt?: number | undefined;
  readonly forgottenLast?: number | undefined;
}

const STEPS = 512;

export function createIdLimit(dedupMs: number, maxIds: number): IdLimit {
  const stepMs = 2 ** Math.max(0, Math.floor(Math.log2(dedupMs / STEPS)));
  /** Exact, as it is a power of two: multiplying is quicker than dividing. */
  const stepsPerMs = 1 / stepMs;
  /** By step, and the newest one looked up, which most ids have in common. */
  const counts = new Map<number, { count: number }>();
  let current = { step: NaN, holder: { count: 0 } };
  let size = 0;
  /** No step before it has a count. */
  let oldest = Infinity;
  let floor = -Infinity;
  let forgotten = 0;
  const quietMs = limitQuietMs('ids', dedupMs);
  const episodes = createLimitEpisodes(quietMs);
  /** The watermark at which the next step expires. */
  let expiresAt = -Infinity;

  const firstNeeded = (watermark: number): number => Math.floor((watermark - dedupMs + 1) / stepMs);

  function drop(step: number): number {
    const count = counts.get(step)?.count ?? 0;
    counts.delete(step);
    if (current.step === step) current = { step: NaN, holder: { count: 0 } };
    size -= count;
    return count;
  }

  /** The oldest step with a count: the next one, or far off where event time has jumped. */
  function toOldest(): void {
    for (let tries = 0; !counts.has(oldest); tries++) {
      if (counts.size === 0) {
        oldest = Infinity;
        return;
      }
      if (tries < counts.size) oldest++;
      else oldest = [...counts.keys()].reduce((a, b) => Math.min(a, b));
    }
  }

  function expire(watermark: number): void {
    const needed = firstNeeded(watermark);
    while (oldest < needed) {
      drop(oldest);
      toOldest();
    }
    expiresAt = (needed + 1) * stepMs - 1 + dedupMs;
  }

  return {
    get size() {
      return size;
    },
    get forgotten() {
      return forgotten;
    },
    episodes,
    state: () => ({ floor, forgotten, episodes: episodes.state() }),
    restore(before, clocks) {
      ({ floor, forgotten } = before);
      episodes.restore(before.episodes ?? olderEpisodes(before.forgottenAt, before.forgottenLast, { ...clocks, quietMs }));
    },
    isNeeded: (time, watermark) => time >= floor && Math.floor(time * stepsPerMs) >= firstNeeded(watermark),
    add(time, watermark) {
      if (watermark >= expiresAt) expire(watermark);
      const step = Math.floor(time * stepsPerMs);
      if (step !== current.step) {
        let holder = counts.get(step);
        if (!holder) counts.set(step, (holder = { count: 0 }));
        current = { step, holder };
        if (step < oldest) oldest = step;
      }
      current.holder.count++;
      size++;
      while (size > maxIds) {
        forgotten += drop(oldest);
        episodes.note(time, watermark);
        floor = (oldest + 1) * stepMs;
        toOldest();
      }
      return floor;
    },
  };
}
