/**
 * Two variants, compared as often as one likes. Given how many successes both have together, those of the first are binomial
 * with the share pi = psi n1 / (psi n1 + n2), where psi is the ratio of their rates: what the rate is at this hour does not
 * matter. Against a pi the evidence is the likelihood of all pi (uniform prior) over its own; in the mean it is 1 under the true
 * one, whenever one looks, so that the pi with less than 1 : 1/alpha against them hold the truth at all times at once, with
 * probability 1 - alpha. Exact for rare successes, careful for frequent ones.
 */
import { logBeta } from '../sequential/log-beta.ts';

export interface Tally {
  readonly successes: number;
  readonly attempts: number;
}

export interface Comparison {
  /** Rate of the first over that of the second, and where it lies; 0 and Infinity are possible. */
  readonly ratio: number;
  readonly range: readonly [low: number, high: number];
  /** Natural logarithm of the evidence against equal rates. */
  readonly logEvidence: number;
}

const STEPS = 60;

/** Undefined where there is nothing to compare: more successes than attempts are no rate. `alpha`: probability that the range ever misses the truth. */
export function compareRates(own: Tally, other: Tally, alpha: number): Comparison | undefined {
  const together = own.successes + other.successes;
  if (own.attempts <= 0 || other.attempts <= 0 || together <= 0) return undefined;
  if (own.successes > own.attempts || other.successes > other.attempts) return undefined;
  const mixed = logBeta(1 + own.successes, 1 + other.successes);
  const against = (share: number): number => mixed - xlogy(own.successes, share) - xlogy(other.successes, 1 - share);
  const middle = own.successes / together;
  const limit = -Math.log(alpha);
  const exposures = other.attempts / own.attempts;
  const ratioAt = (share: number): number => (share >= 1 ? Infinity : (share / (1 - share)) * exposures);
  return {
    ratio: ratioAt(middle),
    range: [ratioAt(edge(against, limit, middle, 0)), ratioAt(edge(against, limit, middle, 1))],
    logEvidence: Math.max(0, against(own.attempts / (own.attempts + other.attempts))),
  };
}

/** Where the evidence reaches the limit, between the best share and an end. */
function edge(against: (share: number) => number, limit: number, best: number, end: 0 | 1): number {
  if (best === end) return end;
  let inside = best;
  let outside: number = end;
  for (let step = 0; step < STEPS; step++) {
    const half = (inside + outside) / 2;
    if (against(half) < limit) inside = half;
    else outside = half;
  }
  return outside;
}

function xlogy(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log(y);
}
