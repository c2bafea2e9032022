/**
 * How the false-alarm budget is shared out. Data without an effect cross a threshold about as often as the effect would make them, divided
 * by the threshold (change of measure): so a series that could not ring if its rate halved takes nothing of the budget.
 *
 * Nor do the others take equal parts. Where an effect is found for sure, a higher threshold costs a little time; where it is found half of
 * the time, a lower one finds it more often. Each takes as much as it makes of it, and what all take adds up to the budget.
 */
import { isReady } from './baseline.ts';
import { At } from './layout.ts';
import { countDrop, lognormalMoney, lognormalPoisson } from './log-likelihood.ts';
import type { Model } from './model.ts';
import { noiseOf, skewOf } from './noise.ts';
import { sumBack } from './sums.ts';
import type { Sum } from './sums.ts';
import { aloneOf, clumpAt, errorAt } from './tracked-error.ts';
import type { Shrinkage } from './tracked-error.ts';

/** However few series could ring, so many of them share the budget, as a part of all. */
const SHARE_LEAST = 0.15;
/** What a part of the budget is worth where all is found without it, a little sooner with it; 1: where each nat finds as much as it can. */
export const SOONER = 0.15;
/** A chance of ringing that no model tells: no budget goes to series in which there is next to nothing to find. */
const UNFORESEEN = 0.1;
/** The limit of doubt / (chance + UNFORESEEN), over all chances. */
const DOUBT_MOST = 0.54;
export const WORTH_MOST = SOONER + DOUBT_MOST;

/** Of one series. Reused from one to the next. */
export interface Power {
  /** Chance that an effect would be found, with what it steps over the threshold by: mean over effects and directions, 0 to 1. */
  chance: number;
  /** What a part of the budget is worth here, from SOONER to WORTH_MOST. */
  worth: number;
}

/** What a series is weighed with, and what comes of it. */
export interface Weighing {
  readonly model: Model;
  readonly shrinkage: Shrinkage;
  /** Log evidence to be reached. */
  readonly threshold: number;
  readonly power: Power;
  readonly sum: Sum;
}

/** What the series makes of the budget as of slot `newest`. False: nothing can be judged. */
export function weighSeries(numbers: Float32Array, weighing: Weighing, newest: number): boolean {
  const { sum } = weighing;
  sumBack(numbers, weighing.model, newest, weighing.model.grid.slotsMax, sum);
  const forecast = sum.expected;
  if (forecast <= 0 || !isReady(numbers, weighing.model)) return false;
  weighPower(numbers, weighing, forecast);
  return true;
}

/** `expected`: of the longest span. */
export function weighPower(numbers: Float32Array, { model, shrinkage, threshold, power }: Weighing, expected: number): void {
  const { several, horizons, slotsMax } = model.grid;
  const noise = noiseOf(numbers, model, expected);
  const skew = skewOf(numbers, model, shrinkage);
  const isMoney = model.form === 'money';
  // As in the scan: a drop of clumps.
  const clump = isMoney ? 1 : 1 + clumpAt(numbers, model, shrinkage);
  const alone = isMoney ? 0 : aloneOf(model, errorAt(numbers, model, shrinkage, 0), errorAt(numbers, model, shrinkage, several));
  const longest = horizons.length - 1;
  const tracked = errorAt(numbers, model, shrinkage, longest);
  const filter = shrinkage.bold * numbers[At.variance]!;
  const alike = filter + Math.max(model.leastError[longest]!, tracked - Math.min(alone / slotsMax, (clump - 1) / expected));
  let sum = 0;
  let found = 0;
  let doubt = 0;
  let count = 0;
  for (let direction = 0; direction < 2; direction++) {
    const isDrop = direction === 0;
    const { factors, logs } = isDrop ? model.drops : model.rises;
    const M = isDrop ? expected / clump : expected;
    const T = isDrop ? alike : filter + tracked;
    for (let i = 0; i < factors.length; i++, count++) {
      const evidence = evidenceOf(model, factors[i]!, logs[i]!, M, T, noise, skew);
      const chance = chanceOf(evidence, threshold);
      sum += chance * notPast(evidence, slotsMax);
      found += chance;
      doubt += chance * (1 - chance);
    }
  }
  power.chance = count === 0 ? 0 : sum / count;
  power.worth = count === 0 ? SOONER : SOONER + doubt / (found + UNFORESEEN * count);
}

/** Log evidence to be reached by one of `series`, of which each takes `taken` (chance x worth) on average; null: not known yet. */
export function thresholdOf(model: Model, series: number, taken: number | null, worth: number): number {
  const sharing = taken === null ? 1 : Math.max(SHARE_LEAST, taken / worth);
  return model.logTests + Math.log(Math.max(1, series * sharing));
}

function evidenceOf(model: Model, theta: number, logTheta: number, M: number, T: number, noise: number, skew: number): number {
  if (model.form === 'money') {
    return lognormalMoney(theta, 1 / noise, T, logTheta, skew) - lognormalMoney(theta, 1 / noise, T, 0, skew);
  }
  if (theta < 1 && model.form === 'rate') return countDrop(theta * M, M, T, logTheta, theta);
  return lognormalPoisson(theta * M, M, T, logTheta) - lognormalPoisson(theta * M, M, T, 0);
}

/** Evidence grows by so much in a slot that on crossing it is half of that past the threshold; more is not made use of. */
const GROWTH_MAX = 1;

/** Evidence has about twice its mean as variance; a logistic curve for the normal one. */
function chanceOf(evidence: number, threshold: number): number {
  return 1 / (1 + Math.exp((-1.7 * (evidence - threshold)) / Math.sqrt(2 * Math.max(1, evidence))));
}

/** Where evidence steps over the threshold by some way, data without an effect cross it that much more seldom. */
function notPast(evidence: number, slots: number): number {
  return Math.exp(-Math.min(GROWTH_MAX, Math.max(0, evidence) / slots) / 2);
}
