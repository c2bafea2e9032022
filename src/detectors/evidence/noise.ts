/**
 * The noise of what comes. That of counts follows from their size. An amount of money is a sum of lumps (payments), that come as they like and are of all sizes. Its variance is
 * its mean times a *spread*: E(size^2)/E(size), which stays as it is while more or fewer lumps come. Of money per exposure the
 * spread is the relative variance of what an exposure of 1 brings; of money as such it is an amount, and what is expected
 * stands for the exposure.
 *
 * How unlikely it is that nothing at all comes depends on how many lumps there are, which the variance does not tell: that is
 * learnt from empty slots.
 */
import { At, Lump } from './layout.ts';
import type { Model } from './model.ts';
import { SPREAD_LEAST, addSpread, fadePerEvent, spreadByOthers } from './spread-pool.ts';
import { SKEW_MOST, SPREAD_FIRST, errorAt } from './tracked-error.ts';
import type { ErrorPool, Finished, Shrinkage, Tracking } from './tracked-error.ts';

/** Relative variance of what a slot brings at least. */
const SLOT_SPREAD_LEAST = 0.003;
/** Weight of the pool's spread against a series' own: as sure as if series differed by a factor of 1.4. */
const SPREAD_PRIOR = 8;
const SPREAD_SQUARE_MAX = 20;
/** The same where slots hold less than one lump, per relative variance of a slot: then each that comes is far out. */
const LUMP_SQUARE_MAX = 10;
const SPREAD_VARIANCE_MAX = 0.25;
/** A slot out by so many standard deviations counts no more; three are enough to tell an upper tail from a lower one. */
const SKEW_DEVIATIONS_MAX = 6;
const SKEW_VARIANCE_MAX = 0.04;
/** Lumps for an exposure whose relative variance is 1, before any slot was empty; how sure that is, in squared logs. */
const LUMPS_FIRST = 4;
const LUMPS_PSEUDO_WEIGHT = 2;
/** Only empty slots can tell that lumps are few: so many, and half of that is believed. */
const EMPTY_PSEUDO_SLOTS = 2;
/** An empty slot says so much at most; where more are expected a full one says nothing. */
const LUMPS_SCORE_MAX = 5;
const LUMPS_FULL = 25;

/** Relative variance of what is seen where `expected` is expected. */
export function noiseOf(numbers: Float32Array, model: Model, expected: number): number {
  return model.form === 'money' ? numbers[At.spread]! * (numbers[At.moneyRate]! / expected) : 1 / expected;
}

/** The same for a block, whose exposure is known. */
export function noiseOfBlock(numbers: Float32Array, model: Model, expected: number, exposure: number): number {
  return model.form === 'money' ? numbers[At.spread]! / (model.hasExposure ? exposure : expected) : 1 / expected;
}

/**
 * The first block with money in it: `rate` of an exposure of 1, after `empty` exposure without any. Gives the relative variance of
 * that rate.
 */
export function beginNoise(numbers: Float32Array, model: Model, pool: ErrorPool, rate: number, exposure: number, empty: number): number {
  const { lumps } = model.layout;
  const unit = model.hasExposure ? 1 : rate;
  if (!model.hasExposure) {
    numbers[At.spread] = spreadByOthers(pool, numbers, model) ?? 0;
  }
  if (!(numbers[At.spread]! > 0)) numbers[At.spread] = SPREAD_FIRST * unit;
  beginLumps(numbers, model);
  if (empty > 0) {
    numbers[lumps + Lump.rate] = 1 / (unit * exposure);
    numbers[lumps + Lump.learnt] = numbers[lumps + Lump.empty] = 1;
  }
  const noise = numbers[At.spread]! / (unit * exposure);
  return empty > 0 ? Math.max(1, noise) : noise;
}

/** As if no slot had been empty yet. */
export function beginLumps(numbers: Float32Array, { layout: { lumps } }: Model): void {
  numbers[lumps + Lump.rate] = numbers[At.spread]! > 0 ? LUMPS_FIRST / numbers[At.spread]! : 0;
  numbers[lumps + Lump.learnt] = numbers[lumps + Lump.empty] = 0;
  numbers[lumps + Lump.skew] = SKEW_MOST;
}

/** The power of its mean that the variance of this series' money goes with, from 0 to 2. */
export function skewOf(numbers: Float32Array, { layout, form }: Model, { skew }: Shrinkage): number {
  return form === 'money' ? Math.min(skew, numbers[layout.lumps + Lump.skew]!) : skew;
}

/** Of a slot that is over. Its exposure is what was expected, of money as such. */
export function trackNoise(numbers: Float32Array, { model, pool, shrinkage }: Tracking, { seen, expected }: Finished): void {
  const exposure = expected / numbers[At.moneyRate]!;
  trackLumps(numbers, model, seen, exposure);
  // Of a forecast this uncertain the variance says little about how far its logarithm puts the value out.
  if (numbers[At.variance]! <= SPREAD_VARIANCE_MAX) trackSpread(numbers, model, seen / expected, exposure, shrinkage, pool);
  const { lumps } = model.layout;
  const known = numbers[lumps + Lump.empty]! / (numbers[lumps + Lump.empty]! + EMPTY_PSEUDO_SLOTS);
  const alone = known / numbers[lumps + Lump.rate]!;
  const pooled = spreadByOthers(pool, numbers, model);
  // As long as nothing can be said it stays as it is.
  const own =
    pooled === undefined
      ? numbers[At.spread]!
      : (numbers[At.spreadSum]! + SPREAD_PRIOR * pooled) / (numbers[At.spreadWeight]! + SPREAD_PRIOR);
  const least = model.hasExposure ? SPREAD_LEAST : SLOT_SPREAD_LEAST * expected;
  // Lumps that were all of one size would have the least spread that so many can have.
  numbers[At.spread] = Math.max(least, own, alone);
  // With gamma sizes of this spread, so many lumps and this power belong together: then nothing comes as seldom as it does.
  numbers[lumps + Lump.skew] = SKEW_MOST - alone / numbers[At.spread]!;
  fadePerEvent(numbers, model);
}

/** How many lumps an exposure of 1 brings: by likelihood, from which slots were empty. */
function trackLumps(numbers: Float32Array, { layout, grid }: Model, seen: number, exposure: number): void {
  const { lumps } = layout;
  const many = numbers[lumps + Lump.rate]! * exposure;
  const isEmpty = seen === 0;
  const keep = 1 - grid.spreadGain;
  numbers[lumps + Lump.learnt]! *= keep;
  numbers[lumps + Lump.empty] = keep * numbers[lumps + Lump.empty]! + (isEmpty ? 1 : 0);
  if (many > LUMPS_FULL && !isEmpty) return;
  const score = many / Math.expm1(Math.min(many, LUMPS_FULL));
  numbers[lumps + Lump.learnt]! += many * score;
  const step = (isEmpty ? -Math.min(many, LUMPS_SCORE_MAX) : score) / (numbers[lumps + Lump.learnt]! + LUMPS_PSEUDO_WEIGHT);
  numbers[lumps + Lump.rate]! *= Math.exp(step);
}

/**
 * The spread, from how far single slots are out; shrunk towards that of all series as the tracked error is. Its square has the
 * relative variance 2 + 6 noise for gamma amounts, more for rougher ones.
 */
function trackSpread(numbers: Float32Array, model: Model, q: number, exposure: number, shrinkage: Shrinkage, pool: ErrorPool): void {
  const spread = numbers[At.spread]!;
  const other = exposure * (shrinkage.bold * numbers[At.variance]! + errorAt(numbers, model, shrinkage, 0));
  const noise = spread / exposure;
  const weight = (spread / (spread + other)) ** 2 / (2 + tailOf(pool) * noise);
  const most = SPREAD_SQUARE_MAX + LUMP_SQUARE_MAX * noise;
  const square = Math.min(exposure * (q - 1) * (q - 1), most * (spread + other));
  const term = weight * (square - other);
  // More than a state can hold.
  if (!Number.isFinite(term)) return;
  const keep = 1 - model.grid.spreadGain;
  numbers[At.spreadSum] = keep * numbers[At.spreadSum]! + term;
  numbers[At.spreadWeight] = keep * numbers[At.spreadWeight]! + weight;
  addSpread(pool, numbers, model, term, weight);
  if (numbers[At.variance]! <= SKEW_VARIANCE_MAX)
    trackSkew(pool, noise, spread / (spread + other), shrinkage.bold * numbers[At.variance]!, q);
}

/** The third moment of a slot: skew x noise^2, and what a forecast that is wrong by `variance` adds to it. `part`: of the noise in all. */
function trackSkew(pool: ErrorPool, noise: number, part: number, variance: number, q: number): void {
  const deviation = Math.sqrt(noise / part);
  const out = Math.max(-SKEW_DEVIATIONS_MAX * deviation, Math.min(SKEW_DEVIATIONS_MAX * deviation, q - 1));
  const weight = part ** 2 / (15 / noise + 60 + 120 * noise * noise);
  pool.skewSum += (weight * (out * out * out - 3 * noise * variance)) / (noise * noise);
  pool.skewWeight += weight;
}

/** Relative fourth cumulant of amounts by the third: 6 for gamma ones, and at least that. */
function tailOf({ skewSum, skewWeight }: ErrorPool): number {
  const skew = Math.max(SKEW_MOST, skewSum / skewWeight);
  return 1.5 * skew * skew;
}
