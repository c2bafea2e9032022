/**
 * What forecasts of 1, 5, 15 and 60 minutes were wrong by, beyond the noise of counting and the variance that the filter
 * knows of: per series, shrunk towards the pool of all series.
 */
import { firstScores } from './arrival.ts';
import { At } from './layout.ts';
import type { Model } from './model.ts';
import { createSizePool, fadeSizePool } from './size-pool.ts';
import type { SizePool } from './size-pool.ts';
import type { Sum } from './sums.ts';

/** Spread of the true error between series, relative to the pool's. */
const POOL_SPREAD = 0.7;
const POOL_WEIGHT = 2 / POOL_SPREAD ** 2;
/**
 * The spread is one of factors: the rougher a series proves, the less it is held to the pool, found in so many steps at most. They begin with what the series says
 * alone: from the pool's side one that is rough among calm ones would never be believed.
 */
const ROUGHER_STEPS = 8;
const ROUGHER_SETTLED = 0.98;
const POOL_PSEUDO_VALUES = 40;
/** Relative variance of a slot that holds about one clump: where hardly anything is left, no more is concluded. */
const CLUMP_MOST = 1;
/** A squared error counts up to so many times its variance. */
const SQUARE_MAX = 16;
/** Relative variance of what an exposure of 1 brings, before any was seen. */
export const SPREAD_FIRST = 4;
export const SPREAD_PSEUDO_WEIGHT = 4;
/** Until amounts have shown how skewed they are: as if equal ones came or did not, the least for amounts that cannot be negative. */
const SKEW_FIRST = 1;
export const SKEW_MOST = 2;
const SKEW_PSEUDO_WEIGHT = 1;
/** The slots before a span carry over at most this part of their error. */
const SHARE_MOST = 0.95;
const BOLD_PSEUDO_WEIGHT = 40;
const BOLD_LEAST = 0.3;
const BOLD_VARIANCE_MAX = 0.04;

export interface ErrorPool {
  /** Weighted sums of squared errors, and the weights, by horizon. */
  readonly sums: number[];
  readonly weights: number[];
  /** What is left of the values that it starts with, by horizon. */
  readonly pseudo: number[];
  /** What carries over from one span to the next, by horizon: weighted products of both errors. */
  readonly together: number[];
  readonly togetherWeights: number[];
  /** Money: the spread, as in `noise`; of amounts as such an amount, and by event. */
  spreadSum: number;
  spreadWeight: number;
  readonly sizes: SizePool;
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
  readonly error: number[];
  readonly weight: number[];
  /** By horizon: the part of the error of the slots before a span that carries over into it. */
  readonly together: number[];
  /** The filter's variance is this much of what it says, from BOLD_LEAST to 1: it may be too modest. */
  bold: number;
  /** Money: the power of its mean that its variance goes with, from 0 to 2. */
  skew: number;
  readonly rough: Rough;
}

/** What errors are tracked with: of one detect entry. */
export interface Tracking {
  readonly model: Model;
  readonly pool: ErrorPool;
  readonly shrinkage: Shrinkage;
  /** Tracked errors of the series at hand, by horizon, then of clumps: those that were read last. */
  readonly errors: number[];
  readonly kept: Kept;
  readonly sum: Sum;
}

/** What is kept of an error: its square by its weight, and the weight. Reused from one to the next. */
interface Kept {
  term: number;
  weight: number;
}

/** A forecast whose time is over. Reused from one to the next: as arguments each of these numbers would be put on the heap. */
export interface Finished {
  /** Index of the horizon that it was made for. */
  horizon: number;
  seen: number;
  expected: number;
  /** Relative variance of counting in what came. */
  noise: number;
  /** As tracked for the horizon until now. */
  error: number;
}

export function createPool(model: Model): ErrorPool {
  const { firstError } = model.profile;
  const nothing = (): number[] => firstError.map(() => 0);
  return {
    sums: nothing(),
    weights: nothing(),
    pseudo: firstError.map(() => POOL_PSEUDO_VALUES),
    together: nothing(),
    togetherWeights: firstError.map((error) => POOL_PSEUDO_VALUES / (error * error)),
    // Amounts as such have a unit that is not known before.
    spreadSum: model.hasExposure ? SPREAD_PSEUDO_WEIGHT * SPREAD_FIRST : 0,
    spreadWeight: model.hasExposure ? SPREAD_PSEUDO_WEIGHT : 0,
    sizes: createSizePool(),
    skewSum: SKEW_PSEUDO_WEIGHT * SKEW_FIRST,
    skewWeight: SKEW_PSEUDO_WEIGHT,
    boldSum: BOLD_PSEUDO_WEIGHT,
    boldWeight: BOLD_PSEUDO_WEIGHT,
    delays: firstScores(model.arrival),
  };
}

/** As a pool is stored: one that was stored before spreads were kept by event has none of these. */
export type StoredPool = Omit<ErrorPool, 'sizes'> & Partial<Pick<ErrorPool, 'sizes'>>;

/** By hand: it is asked for after every window. */
export function copyPool(pool: StoredPool): ErrorPool {
  const { weights, sums, pseudo, together, togetherWeights, delays } = pool;
  return {
    ...pool,
    weights: [...weights],
    sums: [...sums],
    pseudo: [...pseudo],
    together: [...together],
    togetherWeights: [...togetherWeights],
    delays: [...delays],
    sizes: { ...(pool.sizes ?? createSizePool()) },
  };
}

export function createShrinkage(model: Model): Shrinkage {
  const nothing = (): number[] => model.leastError.map(() => 0);
  return {
    error: nothing(),
    weight: nothing(),
    together: nothing(),
    bold: 1,
    skew: SKEW_FIRST,
    rough: { alone: 0, weight: 0, others: 0, held: 0, alike: 0, error: 0 },
  };
}

/** Called once a slot. */
export function renewShrinkage(shrinkage: Shrinkage, pool: ErrorPool, model: Model): void {
  shrinkage.bold = Math.min(1, Math.max(BOLD_LEAST, pool.boldSum / pool.boldWeight));
  shrinkage.skew = Math.min(SKEW_MOST, Math.max(0, pool.skewSum / pool.skewWeight));
  for (let i = 0; i < shrinkage.error.length; i++) {
    const error = Math.max(model.leastError[i]!, pooledError(pool, model, i, shrinkage.rough));
    shrinkage.error[i] = error;
    shrinkage.weight[i] = ((POOL_WEIGHT / (error * error)) * model.grid.correlatedMinutes[i]!) / model.grid.horizonMinutes[i]!;
  }
  if (model.form !== 'count') return;
  const before = shrinkage.error[1]!;
  for (let i = 0; i < shrinkage.error.length; i++) {
    const most = SHARE_MOST * Math.min(1, Math.sqrt(shrinkage.error[i]! / before));
    shrinkage.together[i] = Math.min(most, Math.max(0, pool.together[i]! / pool.togetherWeights[i]! / before));
  }
}

/** Few events say little of a small error and much of a large one: its start holds a pool that proves rougher the less, the rougher it is. */
function pooledError({ sums, weights, pseudo }: ErrorPool, { profile }: Model, horizon: number, rough: Rough): number {
  const [sum, weight, held, first] = [sums[horizon]!, weights[horizon]!, pseudo[horizon]!, profile.firstError[horizon]!];
  if (sum <= weight * first) return (sum * first + held) / (weight * first + held / first);
  rough.alone = sum / weight;
  rough.weight = weight;
  rough.others = first;
  rough.held = held;
  rough.alike = 0;
  believeRougher(rough);
  return rough.error;
}

/** An error that is above those of others. Reused from one to the next: as arguments each of these numbers would be put on the heap. */
interface Rough {
  alone: number;
  weight: number;
  others: number;
  /** The others count as so many errors of its size; of the errors themselves so many as are `alike` are one. */
  held: number;
  alike: number;
  /** What comes of it: what is believed. */
  error: number;
}

/** Fills in what comes of it. Counting is as sure as its weight. */
function believeRougher(of: Rough): void {
  const { alone, weight, others, held, alike } = of;
  let own = alone;
  for (let step = 0; step < ROUGHER_STEPS; step++) {
    const sure = weight * own * own;
    const against = held * (1 + sure * alike);
    const next = (sure * alone + against * others) / (sure + against);
    const isSettled = next > ROUGHER_SETTLED * own;
    own = next;
    if (isSettled) break;
  }
  of.error = own;
}

/** Old errors of the pool fade as those of its series do. */
export function fadePool(pool: ErrorPool, model: Model): void {
  const { horizons, horizonMinutes, slotMinutes, trackGains } = model.grid;
  for (let i = 0; i < trackGains.length; i++) {
    // A horizon brings one error in as many slots as it is long.
    const keep = 1 - (trackGains[i]! * slotMinutes) / horizonMinutes[i]!;
    pool.sums[i]! *= keep;
    pool.weights[i]! *= keep;
    pool.pseudo[i]! *= keep;
    pool.together[i]! *= keep;
    pool.togetherWeights[i]! *= keep;
  }
  const keep = 1 - model.grid.spreadGain;
  pool.spreadSum *= keep;
  pool.spreadWeight *= keep;
  fadeSizePool(pool.sizes, keep);
  pool.skewSum *= keep;
  pool.skewWeight *= keep;
  const keepBold = 1 - trackGains[horizons.length - 1]! / horizons.at(-1)!;
  pool.boldSum *= keepBold;
  pool.boldWeight *= keepBold;
  for (let i = 0; i < pool.delays.length; i++) pool.delays[i]! *= keepBold;
}

/** Of money, one slot's error cannot be told from its noise: the next horizon's stands for it. */
export function errorAt(numbers: Float32Array, model: Model, shrinkage: Shrinkage, wanted: number): number {
  const horizon = wanted === 0 && model.form === 'money' ? 1 : wanted;
  const { errorSum, errorWeight } = model.layout;
  const pooled = shrinkage.error[horizon]!;
  const weight = shrinkage.weight[horizon]!;
  const sum = numbers[errorSum + horizon]!;
  const ownWeight = numbers[errorWeight + horizon]!;
  if (sum <= ownWeight * pooled) return Math.max(model.leastError[horizon]!, (sum + weight * pooled) / (ownWeight + weight));
  const { slotMinutes, correlatedMinutes, fadingPerMinute } = model.grid;
  // Counting is as sure as its weight; the errors themselves are as few as the hours that they come from.
  const alike = correlatedMinutes[horizon]! * Math.max(1 / (numbers[At.age]! * slotMinutes), fadingPerMinute[horizon]!);
  const { rough } = shrinkage;
  rough.alone = sum / ownWeight;
  rough.weight = ownWeight;
  rough.others = pooled;
  rough.held = POOL_WEIGHT;
  rough.alike = alike;
  believeRougher(rough);
  return Math.max(model.leastError[horizon]!, rough.error);
}

/** Into `errors` what tracking a forecast of `horizon` asks for: its own, that of the slots before it, and with the shortest what tells clumps. */
export function readErrors(numbers: Float32Array, { model, shrinkage, errors }: Tracking, horizon: number): void {
  const { several } = model.grid;
  const clumps = clumpsOf(model);
  for (let i = 0; i < errors.length; i++) {
    if (i === horizon || i === 1 || (horizon === 0 && (i === several || i === clumps))) errors[i] = errorAt(numbers, model, shrinkage, i);
  }
}

export function trackError(numbers: Float32Array, tracking: Tracking, finished: Finished): void {
  const { model, pool, shrinkage, kept } = tracking;
  const { horizon, seen, expected, noise, error } = finished;
  const out = seen / expected - 1;
  const filter = numbers[At.variance]!;
  const known = noise + shrinkage.bold * filter;
  const all = known + error;
  const weight = 1 / (all * all);
  const square = Math.min(out * out, SQUARE_MAX * all);
  kept.term = weight * (square - known);
  kept.weight = weight;
  keepError(numbers, tracking, horizon);
  if (horizon < model.grid.horizons.length - 1 || filter > BOLD_VARIANCE_MAX) return;
  pool.boldSum += weight * filter * (square - noise);
  pool.boldWeight += weight * filter * filter;
}

function keepError(numbers: Float32Array, { model, pool, kept }: Tracking, index: number): void {
  const { term, weight } = kept;
  const { errorSum, errorWeight } = model.layout;
  const keep = 1 - model.grid.trackGains[index]!;
  numbers[errorSum + index] = keep * numbers[errorSum + index]! + term;
  numbers[errorWeight + index] = keep * numbers[errorWeight + index]! + weight;
  pool.sums[index]! += term;
  pool.weights[index]! += weight;
}

/**
 * Clumps of events, by the forecast of one slot: what it is out by beyond what its neighbours are out by too, in events. Clumps keep their size while more or fewer of them come,
 * so series and hours of all volumes tell the same.
 */
export function trackClumps(numbers: Float32Array, tracking: Tracking, { seen, expected, noise }: Finished): void {
  const { model, shrinkage, errors, kept } = tracking;
  const known = noise + shrinkage.bold * numbers[At.variance]! + errors[model.grid.several]!;
  const all = (known + errors[clumpsOf(model)]! / expected) * expected;
  const out = seen / expected - 1;
  const square = Math.min(out * out * expected, SQUARE_MAX * all);
  const weight = 1 / (all * all);
  kept.term = (weight * (square - known * expected)) / ownShare(model);
  kept.weight = weight;
  keepError(numbers, tracking, clumpsOf(model));
}

/** By how many events a clump is more than one: E(size^2)/E(size) - 1. Over what is expected it is the relative variance that clumps bring. */
export function clumpAt(numbers: Float32Array, model: Model, shrinkage: Shrinkage): number {
  return errorAt(numbers, model, shrinkage, clumpsOf(model));
}

const clumpsOf = ({ grid }: Model): number => grid.horizons.length;

/** Of the variance of one slot that its neighbours do not share: what several of them do not show. */
const ownShare = ({ grid: { horizons, several } }: Model): number => 1 - 1 / horizons[several]!;

/**
 * Variance of one slot that its neighbours do not share, by what was tracked for `one` and for `more`, the next horizon: what is alike in them does not
 * average out. As a rule it is the doing of clumps, beside as many events as were usual.
 */
export function aloneOf(model: Model, one: number, more: number): number {
  return Math.max(0, one - more) / ownShare(model);
}

/**
 * The level moved by `height` (log). What each slot is out by on its own may be the doing of clumps of events, and beside fewer events
 * these are larger. Of a rise nothing is concluded: its errors are soon learnt.
 */
export function expectLargerClumps(numbers: Float32Array, model: Model, shrinkage: Shrinkage, height: number): void {
  if (height >= 0) return;
  const { errorSum, errorWeight } = model.layout;
  const { horizons, several } = model.grid;
  const alone = aloneOf(model, errorAt(numbers, model, shrinkage, 0), errorAt(numbers, model, shrinkage, several));
  const more = Math.min(CLUMP_MOST, alone * Math.expm1(-height));
  for (let i = 0; i < horizons.length; i++) numbers[errorSum + i]! += (numbers[errorWeight + i]! * more) / horizons[i]!;
}
