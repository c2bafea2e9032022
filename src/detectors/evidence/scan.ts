/**
 * The evidence of all spans that end now, summed over their starts: an e-detector (Shiryaev-Roberts) for each direction.
 */
import { correct, createCorrection, isSettled } from './carry-over.ts';
import type { Correction } from './carry-over.ts';
import { At } from './layout.ts';
import { countDrop, lognormalMoney, lognormalPoisson } from './log-likelihood.ts';
import type { Model } from './model.ts';
import { noiseOf, skewOf } from './noise.ts';
import type { SlotPlace } from './slot-place.ts';
import { isAnyOut, sumUp } from './sums.ts';
import type { Bar, Sums } from './sums.ts';
import type { Spans } from './time-grid.ts';
import { aloneOf, clumpAt, errorAt } from './tracked-error.ts';
import type { Shrinkage } from './tracked-error.ts';

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
  /** Drops of counts: events that come together, and what they leave of the variance of the factor. */
  clump: number;
  alike: number;
  /** Relative variance of counting noise. */
  noise: number;
}

export interface Scan extends Sums {
  readonly drop: Evidence;
  readonly rise: Evidence;
  /** What is believed of what was seen. */
  readonly believed: number[];
  /** Tracked error by horizon. */
  readonly errors: number[];
  /** Drops of counts: of one slot's error what is its own, and events of a clump beyond the first; else 0. */
  alone: number;
  clump: number;
  readonly corrected: Correction;
  readonly bar: Bar;
}

export function createScan({ grid }: Model): Scan {
  const sums = (): number[] => Array.from({ length: grid.slotsMax + 1 }, () => 0);
  const errors = grid.horizons.map(() => 0);
  return {
    drop: nothing(),
    rise: nothing(),
    seen: sums(),
    expected: sums(),
    believed: sums(),
    errors,
    alone: 0,
    clump: 0,
    corrected: createCorrection(),
    bar: { isDrop: false, breakEven: 1, squares: 0, grain: 0, variance: 0 },
  };
}

function nothing(): Evidence {
  return { log: -Infinity, spanLog: -Infinity, slots: 0, seen: 0, expected: 0, variance: 0, whole: 0, clump: 1, alike: 0, noise: 0 };
}

/**
 * `at`: the newest slot, whose values stand in the state as far as it is `filled` (1: whole); spans of up to `reach` slots. Fills `scan`. Only the direction that the newest slot itself
 * speaks for is weighed, if it does: other evidence can have grown no larger than it was.
 */
export function scanSpans(
  numbers: Float32Array,
  model: Model,
  at: SlotPlace,
  shrinkage: Shrinkage,
  scan: Scan,
  reach: number,
  filled: number,
): void {
  const { grid, layout } = model;
  scan.drop.log = scan.rise.log = scan.drop.spanLog = scan.rise.spanLog = -Infinity;
  const newestSeen = numbers[layout.recentSeen + at.place]!;
  const newestExpected = numbers[layout.recentExpected + at.place]!;
  const isDrop = newestSeen < newestExpected;
  const { breakEven, factors } = isDrop ? model.drops : model.rises;
  if (factors.length === 0 || (isDrop ? newestSeen >= breakEven * newestExpected : newestSeen <= breakEven * newestExpected)) return;
  const spans = grid.spans[grid.olderBlocks > 0 ? at.phase : 0]!;
  // Variance of counting, for an expectation of 1.
  const grain = noiseOf(numbers, model, 1);
  const isCounted = isDrop && model.form !== 'money';
  const isRough = !isDrop && model.form === 'money';
  const forecastVariance = shrinkage.bold * numbers[At.variance]!;
  const squaresLeast = isDrop ? DROP_SQUARES : RISE_SQUARES;
  const { before, longest } = model.carry;
  const carried = longest > 0 && isSettled(numbers, model, forecastVariance, errorAt(numbers, model, shrinkage, 1)) ? longest : 0;
  // What spans are corrected by has to be summed up first.
  if (carried === 0) {
    const { bar } = scan;
    bar.isDrop = isDrop;
    bar.breakEven = breakEven;
    bar.squares = squaresLeast;
    bar.grain = grain;
    bar.variance = forecastVariance;
    if (!isAnyOut(numbers, model, at, spans, reach, bar)) return;
  }
  sumUp(numbers, model, at, spans, reach, scan);
  if (isRough) believe(numbers, model, at, spans, reach, scan, grain);
  const { seen: seenOf, expected: expectedOf, errors, corrected } = scan;
  const believedOf = isRough ? scan.believed : seenOf;
  const { slots: lengths, weights, horizon, share } = spans;
  const evidence = isDrop ? scan.drop : scan.rise;
  let hasErrors = false;
  let total = 0;
  for (let index = 0; index < lengths.length; index++) {
    const slots = lengths[index]!;
    if (slots > reach) break;
    const expected = expectedOf[slots]!;
    if (expected <= 0) continue;
    let mean = expected;
    // Not known yet: of most spans it need not be.
    let variance = -1;
    if (slots <= carried && slots + before <= reach) {
      const seen = seenOf[slots]!;
      const expectedBefore = expectedOf[slots + before]! - expected;
      const seenBefore = seenOf[slots + before]! - seen;
      if (expectedBefore > 0) {
        // A correction at most follows what was before, and for rises only up: where that is not enough the span says nothing.
        const limit = breakEven * expected * (isDrop ? Math.max(seenBefore, expectedBefore) : expectedBefore);
        if (isDrop ? seen * expectedBefore >= limit : seen * expectedBefore <= limit) continue;
        if (!hasErrors) {
          fillErrors(numbers, model, shrinkage, scan, isCounted);
          hasErrors = true;
        }
        const from = horizon[index]!;
        const part = share[index]!;
        corrected.seenBefore = seenBefore;
        corrected.expectedBefore = expectedBefore;
        corrected.filter = forecastVariance;
        corrected.error = sharedError(scan, model, from, part, slots, expected) * shorterBy(slots, filled);
        corrected.errorBefore = errors[1]!;
        corrected.share = shrinkage.together[from]! * (1 - part) + shrinkage.together[from + 1]! * part;
        correct(corrected);
        // That a drop nobody was told of is over is no rise: what was missing before makes nothing larger of what came.
        mean = expected * (isDrop ? corrected.factor : Math.max(1, corrected.factor));
        variance = corrected.variance;
      }
    }
    const believed = believedOf[slots]!;
    if (isDrop ? believed >= breakEven * mean : believed <= breakEven * mean) continue;
    const square = (believed - mean) * (believed - mean);
    if (square < squaresLeast * mean * (grain + mean * (variance < 0 ? forecastVariance : variance))) continue;
    if (!hasErrors) {
      fillErrors(numbers, model, shrinkage, scan, isCounted);
      hasErrors = true;
    }
    const from = horizon[index]!;
    const part = share[index]!;
    const whole = forecastVariance + sharedError(scan, model, from, part, slots, mean) * shorterBy(slots, filled);
    if (variance < 0) {
      variance = whole;
      if (square < squaresLeast * mean * (grain + mean * variance + scan.clump)) continue;
    }
    const noise = grain / mean;
    const skew = skewOf(numbers, model, shrinkage);
    // Slots share no clumps, and those come as single events do: a drop is weighed in clumps, not in events. Of rises the lognormal tail has room for them.
    const clump = 1 + scan.clump;
    const value = weights[index]! * likelihoodRatio(model, isDrop, believed / clump, mean / clump, variance, noise, skew);
    total += value;
    const log = Math.log(value);
    if (log <= evidence.spanLog) continue;
    evidence.spanLog = log;
    evidence.slots = slots;
    evidence.seen = seenOf[slots]!;
    evidence.expected = mean;
    evidence.variance = variance + scan.clump / mean;
    evidence.whole = whole + scan.clump / mean;
    evidence.clump = clump;
    evidence.alike = variance;
    evidence.noise = noise;
  }
  if (total > 0) evidence.log = Math.log(total);
}

/** Errors are tracked for whole slots: in a span whose newest one is not over, what clumps in time averages out over less of it. */
function shorterBy(slots: number, filled: number): number {
  return slots / (slots - 1 + filled);
}

/** Rises of money: of each slot, or block, no more than it can believably bring, and the two slots farthest out as much as was expected. */
function believe(numbers: Float32Array, model: Model, at: SlotPlace, spans: Spans, reach: number, scan: Scan, grain: number): void {
  const { grid, layout } = model;
  const { slots: lengths, recentCount } = spans;
  const { seen, believed } = scan;
  const single = Math.min(reach, lengths[recentCount - 1]!);
  const most = model.smallestRise ?? 1;
  let cut = 0;
  let first = 0;
  let second = 0;
  for (let slots = 1, place = at.place; slots <= single; slots++, place = place === 0 ? grid.recent - 1 : place - 1) {
    const one = numbers[layout.recentSeen + place]!;
    const of = numbers[layout.recentExpected + place]!;
    if (one > of) {
      const excess = believable(one, of, grain, most) - of;
      cut += one - of - excess;
      if (excess > first) {
        second = first;
        first = excess;
      } else if (excess > second) second = excess;
    }
    believed[slots] = seen[slots]! - cut - first - second;
  }
  for (let index = recentCount, older = at.older; index < lengths.length && lengths[index]! <= reach; index++) {
    const one = numbers[layout.olderSeen + older]!;
    const of = numbers[layout.olderExpected + older]!;
    if (one > of) cut += one - believable(one, of, grain, most);
    believed[lengths[index]!] = seen[lengths[index]!]! - cut - first - second;
    older = older === 0 ? grid.olderBlocks - 1 : older - 1;
  }
}

/** A single large amount is no rise: what is believed of a slot, at least `most` times what was expected. Nothing, where nothing was. */
function believable(seen: number, expected: number, grain: number, most: number): number {
  return Math.min(seen, Math.max(most * expected, expected + BELIEVED_DEVIATIONS * Math.sqrt(grain * expected)));
}

function fillErrors(numbers: Float32Array, model: Model, shrinkage: Shrinkage, scan: Scan, isCounted: boolean): void {
  const { errors } = scan;
  for (let i = 0; i < errors.length; i++) errors[i] = errorAt(numbers, model, shrinkage, i);
  scan.alone = isCounted ? aloneOf(model, errors[0]!, errors[model.grid.several]!) : 0;
  scan.clump = isCounted ? clumpAt(numbers, model, shrinkage) : 0;
}

/**
 * What a span is out by besides its clumps, which were tracked with it: `part` of the way from horizon `from` to the next. No more is taken away than
 * clumps bring beside what is expected: what the newest slots are out by on their own may be of another kind, which no traffic averages out.
 */
function sharedError(
  { errors, alone, clump }: Scan,
  { leastError }: Model,
  from: number,
  part: number,
  slots: number,
  expected: number,
): number {
  const tracked = errors[from]! * (1 - part) + errors[from + 1]! * part;
  return Math.max(leastError[from]!, tracked - Math.min(alone / slots, clump / expected));
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
