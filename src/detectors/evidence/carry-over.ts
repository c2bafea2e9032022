/**
 * Counts wander: what the minutes before a span were out by carries over into it, less and less. A span's expectation follows
 * them, and what is left of its variance is smaller. Minutes of the span itself correct nothing, so no break excuses itself. How
 * much carries over is learnt from all series, for the horizons that errors are tracked at, but for the longest.
 */
import { At } from './layout.ts';
import type { Model } from './model.ts';
import { sumBack } from './sums.ts';
import type { Finished, Tracking } from './tracked-error.ts';

/** Neither side of a product counts beyond so many standard deviations. */
const PRODUCT_DEVIATIONS = 4;
/** Minutes that are out by more are believed so far, and leave the span as uncertain as it was. */
const BELIEVED_DEVIATIONS = 3;
const PART_LEAST = 0.1;

/** The forecast has not been learnt anew lately: then it would have followed those slots already. */
export function isSettled(numbers: Float32Array, { grid }: Model, filter: number, errorBefore: number): boolean {
  return filter <= errorBefore && numbers[At.reach]! >= grid.slotsMax;
}

/** A span and what was before it. Reused from one to the next: as arguments each of these numbers would be put on the heap. */
export interface Correction {
  seenBefore: number;
  expectedBefore: number;
  /** Variance that a span shares with what was before it. */
  filter: number;
  /** Tracked for the span, and for the slots before. */
  error: number;
  errorBefore: number;
  /** Of the error before: the part that carries over. */
  share: number;
  /** What comes of it: what the span is expected to bring, as a factor, and the variance that is left. */
  factor: number;
  variance: number;
}

export function createCorrection(): Correction {
  return { seenBefore: 0, expectedBefore: 0, filter: 0, error: 0, errorBefore: 0, share: 0, factor: 1, variance: 0 };
}

/** Fills in what comes of it. */
export function correct(of: Correction): void {
  const { seenBefore, expectedBefore, filter, error, errorBefore, share } = of;
  const together = filter + share * errorBefore;
  const before = filter + errorBefore + 1 / expectedBefore;
  const most = BELIEVED_DEVIATIONS * Math.sqrt(before);
  const out = seenBefore / expectedBefore - 1;
  const gain = together / before;
  of.factor = Math.max(PART_LEAST, 1 + gain * Math.max(-most, Math.min(most, out)));
  const whole = filter + error;
  of.variance = Math.abs(out) < most ? Math.max(PART_LEAST * whole, whole - gain * together) : whole;
}

/** Of a forecast whose time is over with `slot`. */
export function trackCarryOver(
  numbers: Float32Array,
  { model, pool, shrinkage, errors, sum }: Tracking,
  slot: number,
  finished: Finished,
): void {
  const { horizon, seen, expected, error } = finished;
  const { before, longest } = model.carry;
  const slots = model.grid.horizons[horizon]!;
  if (slots > longest || numbers[At.reach]! < slots + before) return;
  sumBack(numbers, model, slot - slots, before, sum);
  const { seen: seenBefore, expected: expectedBefore } = sum;
  if (expectedBefore <= 0) return;
  const filter = shrinkage.bold * numbers[At.variance]!;
  const all = 1 / expected + filter + error;
  const allBefore = 1 / expectedBefore + filter + errors[1]!;
  const weight = 1 / (all * allBefore);
  const product = clip(seen / expected - 1, all) * clip(seenBefore / expectedBefore - 1, allBefore);
  pool.together[horizon]! += weight * (product - filter);
  pool.togetherWeights[horizon]! += weight;
}

function clip(out: number, variance: number): number {
  const most = PRODUCT_DEVIATIONS * Math.sqrt(variance);
  return Math.max(-most, Math.min(most, out));
}
