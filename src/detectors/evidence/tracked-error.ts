/**
 * What forecasts of 1, 5, 15 and 60 minutes were wrong by, beyond the noise of counting and the variance that the filter
 * knows of: per series, shrunk towards the pool of all series.
 */
import { At } from './layout.ts';
import type { Model } from './model.ts';

/** Errors of so much time count as one when a series' own error is weighed against the pool's: neighbours are alike. */
const CORRELATED_MINUTES = 120;
/** Spread of the true error between series, relative to the pool's. */
const POOL_SPREAD = 0.7;
const POOL_PSEUDO_VALUES = 40;
/** A squared error counts up to so many times its variance. */
const SQUARE_MAX = 16;
const SPREAD_LEAST = 0.3;
export const SPREAD_FIRST = 4;

export interface ErrorPool {
  /** Weighted sums of squared errors, and the weights, by horizon. */
  readonly sums: number[];
  readonly weights: number[];
}

/** The pool as it stands in one slot: its error, and what it weighs against a series' own. */
export interface Shrinkage {
  readonly error: Float64Array;
  readonly weight: Float64Array;
}

export function createPool(model: Model): ErrorPool {
  const weights = model.profile.firstError.map((error) => POOL_PSEUDO_VALUES / (error * error));
  return { weights, sums: weights.map((weight, i) => weight * model.profile.firstError[i]!) };
}

export function createShrinkage(model: Model): Shrinkage {
  const length = model.grid.horizons.length;
  return { error: new Float64Array(length), weight: new Float64Array(length) };
}

/** Called once a slot. */
export function renewShrinkage(shrinkage: Shrinkage, pool: ErrorPool, model: Model): void {
  for (let i = 0; i < shrinkage.error.length; i++) {
    const error = Math.max(model.profile.leastError[i]!, pool.sums[i]! / pool.weights[i]!);
    shrinkage.error[i] = error;
    shrinkage.weight[i] = ((2 / (POOL_SPREAD * error) ** 2) * CORRELATED_MINUTES) / model.grid.horizonMinutes[i]!;
  }
}

/** Old errors of the pool fade as those of its series do. */
export function fadePool(pool: ErrorPool, model: Model): void {
  const { horizons, trackGains } = model.grid;
  for (let i = 0; i < horizons.length; i++) {
    // A horizon brings one error in as many slots as it is long.
    const keep = 1 - trackGains[i]! / horizons[i]!;
    pool.sums[i]! *= keep;
    pool.weights[i]! *= keep;
  }
}

export function errorAt(numbers: Float32Array, model: Model, shrinkage: Shrinkage, horizon: number): number {
  const { errorSum, errorWeight } = model.layout;
  const weight = shrinkage.weight[horizon]!;
  const own = (numbers[errorSum + horizon]! + weight * shrinkage.error[horizon]!) / (numbers[errorWeight + horizon]! + weight);
  return Math.max(model.profile.leastError[horizon]!, own);
}

/** One finished forecast: `seen` where `expected` was forecast, with the noise of counting `noise`. */
export function trackError(
  numbers: Float32Array,
  model: Model,
  horizon: number,
  q: number,
  noise: number,
  error: number,
  pool: ErrorPool,
): void {
  const { errorSum, errorWeight } = model.layout;
  const variance = numbers[At.variance]!;
  const all = noise + variance + error;
  const weight = 1 / (all * all);
  const square = Math.min((q - 1) * (q - 1), SQUARE_MAX * all);
  const term = weight * (square - noise - variance);
  const keep = 1 - model.grid.trackGains[horizon]!;
  numbers[errorSum + horizon] = keep * numbers[errorSum + horizon]! + term;
  numbers[errorWeight + horizon] = keep * numbers[errorWeight + horizon]! + weight;
  pool.sums[horizon]! += term;
  pool.weights[horizon]! += weight;
}

/** Money: the relative variance of what an exposure of 1 brings. */
export function trackSpread(numbers: Float32Array, model: Model, q: number, exposure: number, error: number): void {
  const spread = numbers[At.spread]!;
  const count = numbers[At.spreadCount]!;
  const gain = Math.max(model.grid.slotMinutes / 3000, 1 / (count + 30));
  const square = Math.min(20 * spread + 2, exposure * (q - 1) * (q - 1));
  const next = spread + gain * (square - (exposure * (numbers[At.variance]! + error)) / 2 - spread);
  numbers[At.spread] = Math.max(SPREAD_LEAST, next);
  numbers[At.spreadCount] = count + 1;
}
