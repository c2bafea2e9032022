/** The forecast: level and daily rhythm of the log rate in a Kalman filter that learns late, block by block. */
import { At, Baseline } from './layout.ts';
import type { Model } from './model.ts';
import { beginNoise } from './noise.ts';
import type { ErrorPool } from './tracked-error.ts';

/** Added to the variance of a first guess. */
const FIRST_VARIANCE = 0.05;
const MONEY_VARIANCE_MAX = 4;
/** A block far beyond its error is believed up to so many standard deviations, once the level is known this well. */
const CUT_DEVIATIONS = 3;
/** Of few events, a rise is bounded by their own deviation rather than by that of a logarithm. */
const CUT_RISE_DEVIATIONS = 4;
const CUT_BELOW_VARIANCE = 0.5;
/** The rhythm may come this much earlier or later than yesterday, minutes. */
const JITTER_MINUTES = 10;
const STEP_VARIANCE = 0.5;
const YOUNG_VARIANCE = 0.1;
/** Nothing rings before so much was seen, or while the forecast is as uncertain as this (variance of the log). */
const READY_MINUTES = 60;
const READY_VARIANCE = 0.04;

/** Enough was seen, and the forecast is sure enough, for evidence to be weighed. */
export function isReady(numbers: Float32Array, { grid }: Model): boolean {
  return (
    numbers[At.baseline] !== Baseline.none && numbers[At.age]! * grid.slotMinutes > READY_MINUTES && numbers[At.variance]! <= READY_VARIANCE
  );
}

/** Log rate, common offset not included. `row`: place of the time in the rhythm's table. */
export function logRate(numbers: Float32Array, model: Model, row: number): number {
  const { mean, size } = model.layout;
  const { values } = model.rhythm;
  let sum = numbers[mean]!;
  for (let i = 1; i < size; i++) sum += numbers[mean + i]! * values[row + i]!;
  return sum;
}

/** First guess, from the first block that has something in it. */
export function beginBaseline(numbers: Float32Array, model: Model, pool: ErrorPool, seen: number, exposure: number): void {
  const { mean, covariance, size } = model.layout;
  // Until now the level's place held the exposure that went by without any money.
  const empty = numbers[mean]!;
  const whole = exposure + empty;
  const isMoney = model.form === 'money';
  numbers[mean] = Math.log((isMoney ? seen : seen + 0.5) / whole);
  const noise = isMoney ? beginNoise(numbers, model, pool, seen / whole, whole, empty) : 1 / (seen + 0.5);
  for (let i = 0; i < size; i++) {
    const prior = i === 0 ? Math.min(MONEY_VARIANCE_MAX, noise + FIRST_VARIANCE) : model.profile.harmonicPrior[(i - 1) >> 1]!;
    numbers[covariance + diagonal(i)] = prior;
  }
  numbers[At.baseline] = Baseline.own;
}

/** A block of money without any, before the first that has some. */
export function passEmpty(numbers: Float32Array, { layout }: Model, exposure: number): void {
  numbers[layout.mean]! += exposure;
}

/** Time goes by: what is known ages. */
export function driftBaseline(numbers: Float32Array, model: Model, minutes: number): void {
  const { covariance, size } = model.layout;
  const { levelDrift, harmonicDrift } = model.profile;
  numbers[covariance]! += levelDrift * minutes;
  for (let i = 1; i < size; i++) numbers[covariance + diagonal(i)]! += harmonicDrift * minutes;
}

/**
 * Learns a block: `seen` where the baseline's own rate, at the middle of the block, makes `expected` of its exposure.
 * `error`: what the forecast of a block is wrong by besides its noise. A conjugate gamma step, so that 0 is no special case.
 */
export function learnBlock(numbers: Float32Array, model: Model, row: number, block: Block, work: number[]): void {
  const { mean, covariance, size } = model.layout;
  const { values } = model.rhythm;
  let s = gainVector(numbers, model, values, row, work);
  const information = 1 / (block.noise + block.error);
  // Refunds may outweigh what is sold: no rate is below 0.
  let q = Math.max(0, block.seen / block.expected);
  if (s < CUT_BELOW_VARIANCE) {
    const deviation = Math.sqrt(1 / information + s);
    const cut = CUT_DEVIATIONS * deviation;
    // Most blocks lie within what any exponential allows, and need none.
    if (q > 1 + cut || q * (1 + cut) < 1) {
      const most = Math.min(Math.exp(cut), 1 + CUT_RISE_DEVIATIONS * deviation + 2 * block.noise);
      const least = Math.exp(-cut);
      // A young baseline may have begun with a burst: a block so far out opens its level again, and nothing rings until it is sure.
      // Of few events, none is nothing unusual.
      if (block.isYoung && (q > most || (q < least && cut < 1))) {
        numbers[covariance]! += YOUNG_VARIANCE;
        s = gainVector(numbers, model, values, row, work);
      }
      q = Math.min(most, Math.max(least, q));
    }
  }
  const a = 1 / s;
  const gain = Math.log((a + information * q) / (a + information)) / s;
  const shrink = (1 - a / (a + information)) / s;
  for (let i = 0, at = covariance; i < size; i++) {
    numbers[mean + i]! += work[i]! * gain;
    for (let j = 0; j <= i; j++, at++) numbers[at]! -= work[i]! * work[j]! * shrink;
  }
}

/** Reused from one to the next. */
export interface Block {
  seen: number;
  expected: number;
  noise: number;
  error: number;
  /** The baseline has learnt for less than half a day. */
  isYoung: boolean;
}

/** A lasting step of `height` (log; 0 where it is not known): the level is open again, as far as it moved at least. */
export function openLevel(numbers: Float32Array, model: Model, height: number): void {
  numbers[model.layout.covariance]! += Math.max(STEP_VARIANCE, height * height);
}

/** A forecast that what came before speaks against, as it is about to be believed: a burst became the baseline. */
export function doubtBaseline(numbers: Float32Array, model: Model): void {
  openLevel(numbers, model, 0);
  numbers[At.variance]! += STEP_VARIANCE;
  numbers[At.reach] = numbers[At.onSlots] = numbers[At.suspicion] = 0;
}

/** Variance of the forecast for the time of `row`, `minutes` after the newest block that could be learnt. */
export function renewVariance(numbers: Float32Array, model: Model, row: number, minutes: number, work: number[]): void {
  const { mean, size } = model.layout;
  const { levelDrift, harmonicDrift, harmonics } = model.profile;
  const { values, slopes } = model.rhythm;
  const s = gainVector(numbers, model, values, row, work);
  let slope = 0;
  for (let i = 1; i < size; i++) slope += numbers[mean + i]! * slopes[row + i]!;
  // The forecast is needed for the minutes of the block that begins: on average for so many after its first.
  const ahead = (model.grid.blockMinutes - 1) / 2;
  const drift = (levelDrift + harmonicDrift * harmonics) * (minutes + ahead);
  numbers[At.variance] = s + drift + (JITTER_MINUTES * slope) ** 2;
}

/** P h into `work`; h'P h. Each place of `work` is set before it is added to. */
function gainVector(numbers: Float32Array, model: Model, table: readonly number[], row: number, work: number[]): number {
  const { covariance, size } = model.layout;
  for (let i = 0, at = covariance; i < size; i++) {
    const hi = table[row + i]!;
    let sum = 0;
    for (let j = 0; j < i; j++, at++) {
      const p = numbers[at]!;
      sum += p * table[row + j]!;
      work[j]! += p * hi;
    }
    work[i] = sum + numbers[at++]! * hi;
  }
  let s = 0;
  for (let i = 0; i < size; i++) s += work[i]! * table[row + i]!;
  return Math.max(s, 1e-12);
}

function diagonal(i: number): number {
  return (i * (i + 3)) / 2;
}
