/**
 * The evidence of all spans that end now, summed over their starts: an e-detector (Shiryaev-Roberts) for each direction.
 */
import { At } from './layout.ts';
import { countDrop, lognormalGamma, lognormalPoisson } from './log-likelihood.ts';
import type { Model } from './model.ts';
import type { Shrinkage } from './tracked-error.ts';
import { errorAt } from './tracked-error.ts';

/** Beyond this the evidence says nothing more, and its exponential would overflow. */
const LOG_MAX = 600;
/** Spans that are not at least this far out, in squared deviations, hold no evidence to speak of: most need no logarithm. */
const DROP_SQUARES = 4;
const RISE_SQUARES = 8;
const DROP_RATIO = 0.8;
const RISE_RATIO = 1.25;

/** The span that contributes most to the evidence of one direction. Reused from one scan to the next. */
export interface Evidence {
  /** ln of the sum over all spans; -Infinity: none. */
  log: number;
  spanLog: number;
  slots: number;
  seen: number;
  expected: number;
  /** Variance of the common factor. */
  variance: number;
  /** Relative variance of counting noise. */
  noise: number;
}

export interface Scan {
  readonly drop: Evidence;
  readonly rise: Evidence;
  /** Tracked error by horizon. */
  readonly errors: Float64Array;
}

export function createScan(model: Model): Scan {
  return { drop: nothing(), rise: nothing(), errors: new Float64Array(model.grid.horizons.length) };
}

function nothing(): Evidence {
  return { log: -Infinity, spanLog: -Infinity, slots: 0, seen: 0, expected: 0, variance: 0, noise: 0 };
}

/** `slot`: the newest one, whose values stand in the state. Fills `scan`. */
export function scanSpans(numbers: Float32Array, model: Model, slot: number, shrinkage: Shrinkage, scan: Scan): void {
  const { grid, layout } = model;
  const { recentSeen, recentExpected, olderSeen, olderExpected } = layout;
  const { errors, drop, rise } = scan;
  for (let i = 0; i < errors.length; i++) errors[i] = errorAt(numbers, model, shrinkage, i);
  drop.log = rise.log = drop.spanLog = rise.spanLog = -Infinity;
  let dropSum = 0;
  let riseSum = 0;

  const block = Math.floor(slot / grid.blockSlots);
  const spans = grid.spans[grid.olderBlocks > 0 ? slot - block * grid.blockSlots : 0]!;
  const reach = numbers[At.reach]!;
  const forecastVariance = shrinkage.bold * numbers[At.variance]!;
  const drops = model.drops.factors.length > 0;
  const rises = model.rises.factors.length > 0;
  let place = slot % grid.recent;
  let seen = 0;
  let expected = 0;
  let slots = 0;
  for (let index = 0; index < spans.slots.length; index++) {
    const length = spans.slots[index]!;
    if (length > reach) break;
    if (index < spans.recentCount) {
      for (; slots < length; slots++) {
        seen += numbers[recentSeen + place]!;
        expected += numbers[recentExpected + place]!;
        place = place === 0 ? grid.recent - 1 : place - 1;
      }
    } else {
      const older = (block - grid.recent / grid.blockSlots - (index - spans.recentCount)) % grid.olderBlocks;
      seen += numbers[olderSeen + older]!;
      expected += numbers[olderExpected + older]!;
      slots = length;
    }
    if (expected <= 0) continue;
    const isDrop = drops && seen < DROP_RATIO * expected;
    if (!isDrop && !(rises && seen > RISE_RATIO * expected)) continue;
    const noise = noiseOf(numbers, model, expected);
    const horizon = spans.horizon[index]!;
    const share = spans.share[index]!;
    const variance = forecastVariance + errors[horizon]! * (1 - share) + errors[horizon + 1]! * share;
    const q = seen / expected;
    const squares = ((q - 1) * (q - 1)) / (noise + variance);
    if (squares < (isDrop ? DROP_SQUARES : RISE_SQUARES)) continue;
    const value = spans.weights[index]! * likelihoodRatio(model, isDrop, seen, expected, variance, noise);
    if (isDrop) dropSum += value;
    else riseSum += value;
    keepLoudest(isDrop ? drop : rise, value, slots, seen, expected, variance, noise);
  }
  drop.log = Math.log(dropSum);
  rise.log = Math.log(riseSum);
}

function keepLoudest(
  evidence: Evidence,
  value: number,
  slots: number,
  seen: number,
  expected: number,
  variance: number,
  noise: number,
): void {
  const log = Math.log(value);
  if (log <= evidence.spanLog) return;
  evidence.spanLog = log;
  evidence.slots = slots;
  evidence.seen = seen;
  evidence.expected = expected;
  evidence.variance = variance;
  evidence.noise = noise;
}

/** Relative variance of what is seen where `expected` is expected. */
export function noiseOf(numbers: Float32Array, model: Model, expected: number): number {
  return model.form === 'money' ? numbers[At.spread]! * (numbers[At.moneyRate]! / expected) : 1 / expected;
}

/** Mean over the effects that are watched. */
export function likelihoodRatio(model: Model, isDrop: boolean, S: number, M: number, T: number, noise: number): number {
  const effects = isDrop ? model.drops : model.rises;
  let sum = 0;
  const count = effects.factors.length;
  const isMoney = model.form === 'money';
  if (isDrop && !isMoney) {
    for (let i = 0; i < count; i++) sum += Math.exp(Math.min(LOG_MAX, countDrop(S, M, T, effects.logs[i]!, effects.factors[i]!)));
    return sum / count;
  }
  const calm = isMoney ? lognormalGamma(S / M, 1 / noise, T, 0) : lognormalPoisson(S, M, T, 0);
  for (let i = 0; i < count; i++) {
    const mean = effects.logs[i]!;
    const log = isMoney ? lognormalGamma(S / M, 1 / noise, T, mean) : lognormalPoisson(S, M, T, mean);
    sum += Math.exp(Math.min(LOG_MAX, log - calm));
  }
  return sum / count;
}
