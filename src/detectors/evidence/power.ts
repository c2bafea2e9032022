/**
 * The chance that an effect would be found in a series at all. Data without an effect cross the threshold about as often as
 * the effect would make them, divided by the threshold (change of measure): so a series that could not ring if its rate halved takes
 * nothing of the false-alarm budget, and the others share it.
 */
import { At } from './layout.ts';
import { countDrop, lognormalMoney, lognormalPoisson } from './log-likelihood.ts';
import type { Model } from './model.ts';
import { skewOf } from './money-noise.ts';
import type { Shrinkage } from './tracked-error.ts';
import { errorAt } from './tracked-error.ts';

/** Between 0 and 1: mean over effects and directions. `threshold`: log evidence to be reached. */
export function powerOf(
  numbers: Float32Array,
  model: Model,
  shrinkage: Shrinkage,
  threshold: number,
  expected: number,
  noise: number,
): number {
  const variance = shrinkage.bold * numbers[At.variance]! + errorAt(numbers, model, shrinkage, model.grid.horizons.length - 1);
  const skew = skewOf(numbers, model, shrinkage);
  let sum = 0;
  let count = 0;
  for (let direction = 0; direction < 2; direction++) {
    const { factors, logs } = direction === 0 ? model.drops : model.rises;
    for (let i = 0; i < factors.length; i++, count++) {
      sum += chance(evidenceOf(model, factors[i]!, logs[i]!, expected, variance, noise, skew), threshold, model.grid.slotsMax);
    }
  }
  return count === 0 ? 0 : sum / count;
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

/**
 * Evidence has about twice its mean as variance; a logistic curve for the normal one. Where it steps over the threshold by some
 * way, data without an effect cross it that much more seldom.
 */
function chance(evidence: number, threshold: number, slots: number): number {
  const deviation = Math.sqrt(2 * Math.max(1, evidence));
  const past = Math.min(GROWTH_MAX, Math.max(0, evidence) / slots) / 2;
  return Math.exp(-past) / (1 + Math.exp((-1.7 * (evidence - threshold)) / deviation));
}
