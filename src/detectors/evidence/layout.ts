/**
 * The state of one series: one row of 32-bit numbers, and behind it the bytes of its habits. Places of single numbers are
 * `At`, places of lists come with the layout, as their lengths follow from the time grid and the profile.
 */
import type { Profile } from './profile.ts';
import type { TimeGrid } from './time-grid.ts';

export interface SeriesState {
  readonly numbers: Float32Array;
  /** Logarithm of yesterday's deviations by block of the day, x 32; then the newest blocks', not yet believed. */
  readonly habits: Int8Array;
  /** Both lists as they lie in memory, one behind the other. */
  readonly bytes: Uint8Array;
  /** Roll-ups that it belongs to, by their number in the detector that holds it; not part of what is written. */
  groups: readonly number[] | undefined;
  /** Number of the roll-up that it is; undefined: a segment, or not known yet. Not part of what is written. */
  rollUp: number | undefined;
  /** Of looks at a slot that is not entered yet: the rate that it will be forecast with. Not part of what is written. */
  foreseenSlot: number;
  foreseenRate: number;
}

export const At = {
  /** Number of the newest slot since the epoch, in two halves: one 32-bit float cannot hold it. */
  slotHigh: 0,
  slotLow: 1,
  /** Slots observed since the series was born. */
  age: 2,
  /** One of `Baseline`. */
  baseline: 3,
  /** Variance of the forecast. */
  variance: 4,
  /** Relative variance of the amount at an exposure of 1 (money). */
  spread: 5,
  spreadWeight: 6,
  status: 7,
  /**
   * Slots since the episode began; none being on, since the series was ready to be judged. Evidence, in logs, that it is over; none being
   * on, how the newest ended where that is still asked for: `WAS_HELD`, `HAS_LASTED`.
   */
  onSlots: 8,
  back: 9,
  /** Slots that evidence may reach back; while an episode is on, those that its level has lasted for. */
  reach: 10,
  frozenMinutes: 11,
  /** Log evidence of the newest look, the larger of both directions. */
  suspicion: 12,
  /** The newest slot's exposure, in units of the baseline (common offset taken out). */
  exposure: 13,
  /** Of the span that rang: log evidence, threshold, slots, observed, expected, variance of the factor, noise. */
  rangEvidence: 14,
  rangThreshold: 15,
  rangSlots: 16,
  rangObserved: 17,
  rangExpected: 18,
  rangVariance: 19,
  rangNoise: 20,
  /** Money: what an exposure of 1 was expected to bring, when the newest window came. */
  moneyRate: 21,
  spreadSum: 22,
  /** What it takes of the false-alarm budget: the chance that an effect would be found, by what that is worth. */
  power: 23,
  lists: 24,
} as const;

/** `none`: nothing seen yet. `members`: a roll-up, forecast by the sum of its members' forecasts. */
export const Baseline = { none: 0, own: 1, members: 2 } as const;

export const Status = { calm: 0, drop: 1, rise: 2, heldDrop: 3, heldRise: 4 } as const;

/** No evidence is below 0. Held for a habit; told, and taken for how things are now, which is still to be said. */
export const WAS_HELD = -1;
export const HAS_LASTED = -2;

/** Money: lumps in an exposure of 1, what that was learnt from, empty slots, and the greatest skew that so many lumps allow. */
export const Lump = { rate: 0, learnt: 1, empty: 2, skew: 3 } as const;
const LUMP_NUMBERS = 4;

/** Amounts as such: the amount that came, and the events that it came in. */
export const PerEvent = { amount: 0, events: 1 } as const;
const PER_EVENT_NUMBERS = 2;

/** No amount counts for more: its sums, and their squares beside a weight, stay far within a 32-bit number. */
const AMOUNT_MOST = 1e30;

/** An amount as it enters a state. */
export function bounded(amount: number): number {
  return Math.max(-AMOUNT_MOST, Math.min(AMOUNT_MOST, amount));
}

export interface Layout {
  /** Observed and expected, by slot; then by older block. */
  readonly recentSeen: number;
  readonly recentExpected: number;
  readonly olderSeen: number;
  readonly olderExpected: number;
  /** Values and exposures of blocks that are not yet learnt. */
  readonly pendingSeen: number;
  readonly pendingExposure: number;
  /** Kalman filter: coefficients, and the lower triangle of their covariance by rows. */
  readonly mean: number;
  readonly covariance: number;
  readonly size: number;
  /** Tracked errors by horizon, then clumps. */
  readonly errorSum: number;
  readonly errorWeight: number;
  /** Mean exposure of earlier slots, by delay of what follows. */
  readonly earlier: number;
  /** Places as of `Lump`, then as of `PerEvent`. The last lists. */
  readonly lumps: number;
  readonly perEvent: number;
  readonly numbers: number;
  readonly habitBytes: number;
}

export function createLayout(grid: TimeGrid, profile: Profile, hasExposure: boolean, withHabits: boolean, delays: number): Layout {
  let next: number = At.lists;
  const take = (length: number): number => {
    const at = next;
    next += length;
    return at;
  };
  const size = 1 + 2 * profile.harmonics;
  return {
    recentSeen: take(grid.recent),
    recentExpected: take(grid.recent),
    olderSeen: take(grid.olderBlocks),
    olderExpected: take(grid.olderBlocks),
    pendingSeen: take(grid.pendingBlocks),
    pendingExposure: take(grid.pendingBlocks),
    mean: take(size),
    covariance: take((size * (size + 1)) / 2),
    size,
    errorSum: take(grid.horizonMinutes.length),
    errorWeight: take(grid.horizonMinutes.length),
    earlier: take(delays),
    lumps: take(profile.form === 'money' ? LUMP_NUMBERS : 0),
    perEvent: take(profile.form === 'money' && !hasExposure ? PER_EVENT_NUMBERS : 0),
    numbers: next,
    habitBytes: withHabits ? habitBytesOf(grid) : 0,
  };
}

export const habitBytesOf = (grid: TimeGrid): number => grid.habitSlots + grid.habitDelay;

export function emptyState(layout: Layout): SeriesState {
  const bytes = new Uint8Array(bytesOf(layout));
  const { buffer } = bytes;
  const numbers = new Float32Array(buffer, 0, layout.numbers);
  const habits = new Int8Array(buffer, numbers.byteLength);
  return { numbers, habits, bytes, groups: undefined, rollUp: undefined, foreseenSlot: -1, foreseenRate: 0 };
}

export function bytesOf(layout: Layout): number {
  return layout.numbers * Float32Array.BYTES_PER_ELEMENT + layout.habitBytes;
}

const HALF = 65_536;

export function slotOf(numbers: Float32Array): number {
  // As a 32-bit integer: the remainder of a double is slow, and is taken often.
  return (numbers[At.slotHigh]! * HALF + numbers[At.slotLow]!) | 0;
}

export function setSlot(numbers: Float32Array, slot: number): void {
  numbers[At.slotHigh] = Math.floor(slot / HALF);
  numbers[At.slotLow] = slot % HALF;
}
