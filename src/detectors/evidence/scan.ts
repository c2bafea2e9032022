/**
 * The evidence of all spans that end now, summed over their starts: an e-detector (Shiryaev-Roberts) for each direction.
 */
import { correct, createCorrection, isSettled } from './carry-over.ts';
import type { Correction } from './carry-over.ts';
import { At } from './layout.ts';
import { countDrop, lognormalMoney, lognormalPoisson } from './log-likelihood.ts';
import type { Model } from './model.ts';
import { skewOf } from './money-noise.ts';
import type { SlotPlace } from './slot-place.ts';
import type { Shrinkage } from './tracked-error.ts';
import { errorAt } from './tracked-error.ts';

/** Beyond this the evidence says nothing more, and its exponential would overflow. */
const LOG_MAX = 600;
/** Spans that are not at least this far out, in squared deviations, hold no evidence to speak of: most need no logarithm. */
const DROP_SQUARES = 4;
const RISE_SQUARES = 8;
/** Drops of counts: the variance is itself an estimate, and small sums depend on it most. */
const DROP_VARIANCE = 1.15;
/** Rises of money: a slot counts up to so many standard deviations. */
const BELIEVED_DEVIATIONS = 2;

/** The span that contributes most to the evidence of one direction. Reused from one scan to the next. */
export interface Evidence {
  /** ln of the sum over all spans; -Infinity: none. */
  log: number;
  spanLog: number;
  slots: number;
  seen: number;
  expected: number;
  /** Variance of the common factor; `whole`: before what was before the span corrected it. */
  variance: number;
  whole: number;
  /** Relative variance of counting noise. */
  noise: number;
}

export interface Scan {
  readonly drop: Evidence;
  readonly rise: Evidence;
  /** Tracked error by horizon. */
  readonly errors: Float64Array;
  readonly corrected: Correction;
}

export function createScan(model: Model): Scan {
  const errors = new Float64Array(model.grid.horizons.length);
  return { drop: nothing(), rise: nothing(), errors, corrected: createCorrection() };
}

function nothing(): Evidence {
  return { log: -Infinity, spanLog: -Infinity, slots: 0, seen: 0, expected: 0, variance: 0, whole: 0, noise: 0 };
}

/**
 * `at`: the newest slot, whose values stand in the state; spans of up to `reach` slots. Fills `scan`. Only the direction that the newest slot itself
 * speaks for is weighed, if it does: other evidence can have grown no larger than it was.
 */
export function scanSpans(numbers: Float32Array, model: Model, at: SlotPlace, shrinkage: Shrinkage, scan: Scan, reach: number): void {
  const { grid, layout } = model;
  const { recentSeen, recentExpected } = layout;
  const newest = at.place;
  scan.drop.log = scan.rise.log = scan.drop.spanLog = scan.rise.spanLog = -Infinity;
  const newestSeen = numbers[recentSeen + newest]!;
  const newestExpected = numbers[recentExpected + newest]!;
  const isDrop = newestSeen < newestExpected;
  const { breakEven, factors } = isDrop ? model.drops : model.rises;
  if (factors.length === 0 || (isDrop ? newestSeen >= breakEven * newestExpected : newestSeen <= breakEven * newestExpected)) return;
  const { corrected, errors } = scan;
  let hasErrors = false;
  const evidence = isDrop ? scan.drop : scan.rise;
  const { block } = at;
  const { slots: lengths, weights, recentCount, horizon, share } = grid.spans[grid.olderBlocks > 0 ? at.phase : 0]!;
  const forecastVariance = shrinkage.bold * numbers[At.variance]!;
  const squaresLeast = isDrop ? DROP_SQUARES : RISE_SQUARES;
  // Variance of counting, for an expectation of 1.
  const grain = noiseOf(numbers, model, 1);
  const skew = skewOf(numbers, model, shrinkage);
  const last = grid.recent - 1;
  let total = 0;
  let place = newest;
  let seen = 0;
  let expected = 0;
  let slots = 0;
  // Rises of money: of each slot no more than `most` counts, and the two farthest out count as expected.
  const isRough = !isDrop && model.form === 'money';
  const most = model.smallestRise ?? 1;
  let cut = 0;
  let first = 0;
  let second = 0;
  const { before, longest } = model.carry;
  const carried = longest > 0 && isSettled(numbers, model, forecastVariance, errorAt(numbers, model, shrinkage, 1)) ? longest : 0;
  let ahead = newest;
  let slotsAhead = 0;
  let seenAhead = 0;
  let expectedAhead = 0;
  for (let index = 0; index < lengths.length; index++) {
    const length = lengths[index]!;
    if (length > reach) break;
    if (index < recentCount) {
      for (; slots < length; slots++) {
        const one = numbers[recentSeen + place]!;
        const of = numbers[recentExpected + place]!;
        seen += one;
        expected += of;
        if (isRough && one > of) {
          const excess = believed(one, of, grain, most) - of;
          cut += one - of - excess;
          if (excess > first) {
            second = first;
            first = excess;
          } else if (excess > second) second = excess;
        }
        place = place === 0 ? last : place - 1;
      }
    } else {
      const older = (block - grid.recent / grid.blockSlots - (index - recentCount)) % grid.olderBlocks;
      const one = numbers[layout.olderSeen + older]!;
      const of = numbers[layout.olderExpected + older]!;
      seen += one;
      expected += of;
      slots = length;
      if (isRough && one > of) cut += one - believed(one, of, grain, most);
    }
    if (expected <= 0) continue;
    let mean = expected;
    // Not known yet: of most spans it need not be.
    let variance = -1;
    if (length <= carried && length + before <= reach) {
      for (; slotsAhead < length + before; slotsAhead++) {
        seenAhead += numbers[recentSeen + ahead]!;
        expectedAhead += numbers[recentExpected + ahead]!;
        ahead = ahead === 0 ? last : ahead - 1;
      }
      const expectedBefore = expectedAhead - expected;
      const seenBefore = seenAhead - seen;
      if (expectedBefore > 0) {
        // A correction at most follows what was before, and for rises only up: where that is not enough the span says nothing.
        const limit = breakEven * expected * (isDrop ? Math.max(seenBefore, expectedBefore) : expectedBefore);
        if (isDrop ? seen * expectedBefore >= limit : seen * expectedBefore <= limit) continue;
        if (!hasErrors) {
          fillErrors(numbers, model, shrinkage, errors);
          hasErrors = true;
        }
        const from = horizon[index]!;
        const part = share[index]!;
        const together = shrinkage.together[from]! * (1 - part) + shrinkage.together[from + 1]! * part;
        const error = errors[from]! * (1 - part) + errors[from + 1]! * part;
        corrected.seenBefore = seenBefore;
        corrected.expectedBefore = expectedBefore;
        corrected.filter = forecastVariance;
        corrected.error = error;
        corrected.errorBefore = errors[1]!;
        corrected.share = together;
        correct(corrected);
        // That a drop nobody was told of is over is no rise: what was missing before makes nothing larger of what came.
        mean = expected * (isDrop ? corrected.factor : Math.max(1, corrected.factor));
        variance = corrected.variance;
      }
    }
    const weighed = seen - cut - first - second;
    if (isDrop ? weighed >= breakEven * mean : weighed <= breakEven * mean) continue;
    const square = (weighed - mean) * (weighed - mean);
    if (square < squaresLeast * mean * (grain + mean * (variance < 0 ? forecastVariance : variance))) continue;
    if (!hasErrors) {
      fillErrors(numbers, model, shrinkage, errors);
      hasErrors = true;
    }
    const from = horizon[index]!;
    const part = share[index]!;
    const whole = forecastVariance + errors[from]! * (1 - part) + errors[from + 1]! * part;
    if (variance < 0) {
      variance = whole;
      if (square < squaresLeast * mean * (grain + mean * variance)) continue;
    }
    const noise = grain / mean;
    const value = weights[index]! * likelihoodRatio(model, isDrop, weighed, mean, variance, noise, skew);
    total += value;
    if (keepLoudest(evidence, value, slots, seen, mean, variance, noise)) evidence.whole = whole;
  }
  if (total > 0) evidence.log = Math.log(total);
}

function fillErrors(numbers: Float32Array, model: Model, shrinkage: Shrinkage, errors: Float64Array): void {
  for (let i = 0; i < errors.length; i++) errors[i] = errorAt(numbers, model, shrinkage, i);
}

/** A single large amount is no rise: what is believed of a slot, at least `most` times what was expected. */
function believed(seen: number, expected: number, grain: number, most: number): number {
  return Math.min(seen, expected * Math.max(most, 1 + BELIEVED_DEVIATIONS * Math.sqrt(grain / expected)));
}

function keepLoudest(
  evidence: Evidence,
  value: number,
  slots: number,
  seen: number,
  expected: number,
  variance: number,
  noise: number,
): boolean {
  const log = Math.log(value);
  if (log <= evidence.spanLog) return false;
  evidence.spanLog = log;
  evidence.slots = slots;
  evidence.seen = seen;
  evidence.expected = expected;
  evidence.variance = variance;
  evidence.noise = noise;
  return true;
}

/** Relative variance of what is seen where `expected` is expected. */
export function noiseOf(numbers: Float32Array, model: Model, expected: number): number {
  return model.form === 'money' ? numbers[At.spread]! * (numbers[At.moneyRate]! / expected) : 1 / expected;
}

/** Mean over the effects that are watched. */
export function likelihoodRatio(model: Model, isDrop: boolean, S: number, M: number, T: number, noise: number, skew: number): number {
  const effects = isDrop ? model.drops : model.rises;
  let sum = 0;
  const count = effects.factors.length;
  const isMoney = model.form === 'money';
  if (isDrop && model.form === 'rate') {
    for (let i = 0; i < count; i++) sum += Math.exp(Math.min(LOG_MAX, countDrop(S, M, T, effects.logs[i]!, effects.factors[i]!)));
    return sum / count;
  }
  // A count falls as it rises, by factors: lognormal below too.
  const variance = isDrop && !isMoney ? DROP_VARIANCE * T : T;
  const calm = isMoney ? lognormalMoney(S / M, 1 / noise, T, 0, skew) : lognormalPoisson(S, M, variance, 0);
  for (let i = 0; i < count; i++) {
    const mean = effects.logs[i]!;
    const log = isMoney ? lognormalMoney(S / M, 1 / noise, T, mean, skew) : lognormalPoisson(S, M, variance, mean);
    sum += Math.exp(Math.min(LOG_MAX, log - calm));
  }
  return sum / count;
}
