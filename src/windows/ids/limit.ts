import { createLimitEpisodes, limitQuietMs, type LimitEpisode, type LimitEpisodes } from '../limit-episodes.ts';

/**
 * How many ids are remembered at most: counts of ids by event time, in steps of a power of two of ms (about a thousandth of the time
 * that ids are remembered). With more than the limit the oldest step is forgotten whole. A function of the accepted events alone:
 * every id counts until its whole step has expired, so that neither batches nor the memory's own housekeeping make a difference.
 */
export interface IdLimit {
  /** Counts an id with the event time `times[i]` before it is remembered, in the order of the events. @returns whether others are forgotten for it: the floor has risen */
  add(i: number, times: Float64Array, clocks: { readonly watermark: number }): boolean;
  /** Ids with an earlier event time were forgotten before their time, epoch ms; -Infinity: none. */
  readonly floor: number;
  /** Ids of the steps that are not forgotten, up to the last call. */
  readonly size: number;
  /** Ids forgotten before their time. */
  readonly forgotten: number;
  /** Of accepted events that were too many. */
  readonly episodes: Pick<LimitEpisodes, 'spans'>;
  /** What cannot be told from the ids that are left. */
  state(): IdLimitState;
  restore(state: IdLimitState): void;
  /** Whether an id of this event time has to be kept in a snapshot: it counts, or is remembered. */
  isNeeded(time: number, watermark: number): boolean;
}

export interface IdLimitState {
  /** Ids with an earlier event time were forgotten before their time, epoch ms; -Infinity: none. */
  readonly floor: number;
  readonly forgotten: number;
  readonly episodes: readonly LimitEpisode[];
}

const STEPS = 512;
const RECENT_STEPS = 32;

/** The ids of a step. */
interface Holder {
  readonly step: number;
  count: number;
}

export function createIdLimit(dedupMs: number, maxIds: number): IdLimit {
  const stepMs = 2 ** Math.max(0, Math.floor(Math.log2(dedupMs / STEPS)));
  /** Exact, as it is a power of two: multiplying is quicker than dividing. */
  const stepsPerMs = 1 / stepMs;
  /** By step; and those looked up last, by its lowest bits: most ids have one of a few steps. */
  const counts = new Map<number, Holder>();
  const recent = Array.from({ length: RECENT_STEPS }, (): Holder | undefined => undefined);
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
    recent[step & (RECENT_STEPS - 1)] = undefined;
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

  function holderOf(step: number): Holder {
    let holder = counts.get(step);
    if (!holder) counts.set(step, (holder = { step, count: 0 }));
    if (step < oldest) oldest = step;
    return holder;
  }

  /** For an id of this event time, which is one too many. */
  function forgetOldest(time: number, watermark: number): void {
    while (size > maxIds) {
      forgotten += drop(oldest);
      episodes.note(time, watermark);
      floor = (oldest + 1) * stepMs;
      toOldest();
    }
  }

  return {
    get floor() {
      return floor;
    },
    get size() {
      return size;
    },
    get forgotten() {
      return forgotten;
    },
    episodes,
    state: () => ({ floor, forgotten, episodes: episodes.state() }),
    restore(before) {
      ({ floor, forgotten } = before);
      episodes.restore(before.episodes);
    },
    isNeeded: (time, watermark) => time >= floor && Math.floor(time * stepsPerMs) >= firstNeeded(watermark),
    add(i, times, clocks) {
      if (clocks.watermark >= expiresAt) expire(clocks.watermark);
      const time = times[i]!;
      const step = Math.floor(time * stepsPerMs);
      let holder = recent[step & (RECENT_STEPS - 1)];
      if (holder === undefined || holder.step !== step) recent[step & (RECENT_STEPS - 1)] = holder = holderOf(step);
      holder.count++;
      size++;
      if (size <= maxIds) return false;
      forgetOldest(time, clocks.watermark);
      return true;
    },
  };
}
