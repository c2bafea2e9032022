/**
 * What forecasts of 1, 5, 15 and 60 minutes were wrong by, beyond the noise of counting and the variance that the filter
 * knows of: per series, shrunk towards the pool of all series.
 */
import { firstScores } from './arrival.ts';
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
const SPREAD_FIRST = 4;
const SPREAD_MINUTES = 3_000;
/** Weight of the pool's spread against a series' own: as sure as if series differed by a factor of 1.4. */
const SPREAD_PRIOR = 8;
const SPREAD_PSEUDO_WEIGHT = 4;
const SPREAD_SQUARE_MAX = 20;
const SPREAD_VARIANCE_MAX = 0.25;
/** Until amounts have shown how skewed they are: as if equal ones came or did not, the least for amounts that cannot be negative. */
const SKEW_FIRST = 1;
const SKEW_MOST = 2;
const SKEW_PSEUDO_WEIGHT = 1;
/** A slot out by so many standard deviations counts no more; three are enough to tell an upper tail from a lower one. */
const SKEW_DEVIATIONS_MAX = 6;
const BOLD_PSEUDO_WEIGHT = 40;
const BOLD_LEAST = 0.3;
const BOLD_VARIANCE_MAX = 0.04;

export interface ErrorPool {
  /** Weighted sums of squared errors, and the weights, by horizon. */
  readonly sums: number[];
  readonly weights: number[];
  /** Money: relative variance of what an exposure of 1 brings. */
  spreadSum: number;
  spreadWeight: number;
  /** Money: relative third moment over the square of the relative variance, of an exposure of 1. */
  skewSum: number;
  skewWeight: number;
  /** Squared errors of the longest forecasts against the variance that the filter gave them. */
  boldSum: number;
  boldWeight: number;
  /** Log likelihood of each delay of arrival against none. */
  readonly delays: number[];
}

/** The pool as it stands in one slot: its error, and what it weighs against a series' own. */
export interface Shrinkage {
  readonly error: Float64Array;
  readonly weight: Float64Array;
  /** The filter's variance is this much of what it says, from BOLD_LEAST to 1: it may be too modest. */
  bold: number;
  /** Money: the power of its mean that its variance goes with, from 0 to 2. */
  skew: number;
}

export function createPool(model: Model): ErrorPool {
  const weights = model.profile.firstError.map((error) => POOL_PSEUDO_VALUES / (error * error));
  return {
    weights,
    sums: weights.map((weight, i) => weight * model.profile.firstError[i]!),
    spreadSum: SPREAD_PSEUDO_WEIGHT * SPREAD_FIRST,
    spreadWeight: SPREAD_PSEUDO_WEIGHT,
    skewSum: SKEW_PSEUDO_WEIGHT * SKEW_FIRST,
    skewWeight: SKEW_PSEUDO_WEIGHT,
    boldSum: BOLD_PSEUDO_WEIGHT,
    boldWeight: BOLD_PSEUDO_WEIGHT,
    delays: firstScores(model.arrival),
  };
}

/** By hand: it is asked for after every window. */
export function copyPool(pool: ErrorPool): ErrorPool {
  return { ...pool, weights: [...pool.weights], sums: [...pool.sums], delays: [...pool.delays] };
}

export function createShrinkage(model: Model): Shrinkage {
  const length = model.grid.horizons.length;
  return { error: new Float64Array(length), weight: new Float64Array(length), bold: 1, skew: SKEW_FIRST };
}

/** Called once a slot. */
export function renewShrinkage(shrinkage: Shrinkage, pool: ErrorPool, model: Model): void {
  shrinkage.bold = Math.min(1, Math.max(BOLD_LEAST, pool.boldSum / pool.boldWeight));
  shrinkage.skew = Math.min(SKEW_MOST, Math.max(0, pool.skewSum / pool.skewWeight));
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
  const keep = 1 - model.grid.slotMinutes / SPREAD_MINUTES;
  pool.spreadSum *= keep;
  pool.spreadWeight *= keep;
  pool.skewSum *= keep;
  pool.skewWeight *= keep;
  const keepBold = 1 - trackGains.at(-1)! / horizons.at(-1)!;
  pool.boldSum *= keepBold;
  pool.boldWeight *= keepBold;
  for (let i = 0; i < pool.delays.length; i++) pool.delays[i]! *= keepBold;
}

export function pooledSpread(pool: ErrorPool): number {
  return Math.max(SPREAD_LEAST, pool.spreadSum / pool.spreadWeight);
}

/** Of money, one slot's error cannot be told from its noise: the next horizon's stands for it. */
export function errorAt(numbers: Float32Array, model: Model, shrinkage: Shrinkage, wanted: number): number {
  const horizon = wanted === 0 && model.form === 'money' ? 1 : wanted;
  const { errorSum, errorWeight } = model.layout;
  const weight = shrinkage.weight[horizon]!;
  const own = (numbers[errorSum + horizon]! + weight * shrinkage.error[horizon]!) / (numbers[errorWeight + horizon]! + weight);
  return Math.max(model.profile.leastError[horizon]!, own);
}

/** One finished forecast: its ratio to what came, and the noise of counting in that. */
export function trackError(
  numbers: Float32Array,
  model: Model,
  horizon: number,
  q: number,
  noise: number,
  shrinkage: Shrinkage,
  pool: ErrorPool,
): void {
  const { errorSum, errorWeight } = model.layout;
  const filter = numbers[At.variance]!;
  const known = noise + shrinkage.bold * filter;
  const all = known + errorAt(numbers, model, shrinkage, horizon);
  const weight = 1 / (all * all);
  const square = Math.min((q - 1) * (q - 1), SQUARE_MAX * all);
  const term = weight * (square - known);
  const keep = 1 - model.grid.trackGains[horizon]!;
  numbers[errorSum + horizon] = keep * numbers[errorSum + horizon]! + term;
  numbers[errorWeight + horizon] = keep * numbers[errorWeight + horizon]! + weight;
  pool.sums[horizon]! += term;
  pool.weights[horizon]! += weight;
  if (horizon < model.grid.horizons.length - 1 || filter > BOLD_VARIANCE_MAX) return;
  pool.boldSum += weight * filter * (square - noise);
  pool.boldWeight += weight * filter * filter;
}

/**
 * Money: the relative variance of what an exposure of 1 brings, from how far single slots are out; shrunk towards that of
 * all series as the tracked error is. Its square has the relative variance 2 + 6 noise for gamma amounts, more for rougher ones.
 */
export function trackSpread(numbers: Float32Array, model: Model, q: number, exposure: number, shrinkage: Shrinkage, pool: ErrorPool): void {
  // Of a forecast this uncertain the variance says little about how far its logarithm puts the value out.
  if (numbers[At.variance]! > SPREAD_VARIANCE_MAX) return;
  const spread = numbers[At.spread]!;
  const other = exposure * (shrinkage.bold * numbers[At.variance]! + errorAt(numbers, model, shrinkage, 0));
  const noise = spread / exposure;
  const weight = (spread / (spread + other)) ** 2 / (2 + tailOf(pool) * noise);
  const square = Math.min(exposure * (q - 1) * (q - 1), SPREAD_SQUARE_MAX * (spread + other) + 2);
  const term = weight * (square - other);
  const keep = 1 - model.grid.slotMinutes / SPREAD_MINUTES;
  numbers[At.spreadSum] = keep * numbers[At.spreadSum]! + term;
  numbers[At.spreadWeight] = keep * numbers[At.spreadWeight]! + weight;
  pool.spreadSum += term;
  pool.spreadWeight += weight;
  // The third moment of a slot goes with its noise squared, its own error with the cube of the deviation.
  const deviation = Math.sqrt((spread + other) / exposure);
  const out = Math.max(-SKEW_DEVIATIONS_MAX * deviation, Math.min(SKEW_DEVIATIONS_MAX * deviation, q - 1));
  const skewWeight = (spread / (spread + other)) ** 2 / (15 / noise + 60 + 120 * noise * noise);
  pool.skewSum += (skewWeight * out * out * out) / (noise * noise);
  pool.skewWeight += skewWeight;
  const pooled = pooledSpread(pool);
  const own = (numbers[At.spreadSum]! + SPREAD_PRIOR * pooled) / (numbers[At.spreadWeight]! + SPREAD_PRIOR);
  numbers[At.spread] = Math.max(SPREAD_LEAST, own);
}

/** Relative fourth cumulant of amounts by the third: 6 for gamma ones, and at least that. */
function tailOf({ skewSum, skewWeight }: ErrorPool): number {
  const skew = Math.max(SKEW_MOST, skewSum / skewWeight);
  return 1.5 * skew * skew;
}
