/**
 * How far forecasts were off, beside what counting alone explains: the variance of the factor between seen and expected,
 * learnt from the forecasts' own errors. It is what keeps evidence from growing where the past is a poor guide.
 */
export interface TrackedVariance {
  /** Weighted sums of squared errors less their noise, and of the weights. */
  readonly errors: number;
  readonly weights: number;
}

/** Errors remembered, about; and those that the prior is worth. */
const MEMORY = 200;
const PRIOR_ERRORS = 20;
const LEAST = 1e-4;
/** In variances: one outlier is no reason to expect many. */
const CUT = 16;

export function startVariance(prior: number): TrackedVariance {
  return { errors: PRIOR_ERRORS / prior, weights: PRIOR_ERRORS / prior ** 2 };
}

export function varianceOf({ errors, weights }: TrackedVariance): number {
  return Math.max(LEAST, errors / weights);
}

/** `ratio`: seen over expected; `noise`: its relative variance if the factor were 1. */
export function learnError(tracked: TrackedVariance, ratio: number, noise: number): TrackedVariance {
  const all = noise + varianceOf(tracked);
  const weight = 1 / all ** 2;
  const kept = 1 - 1 / MEMORY;
  return {
    errors: kept * tracked.errors + weight * (Math.min((ratio - 1) ** 2, CUT * all) - noise),
    weights: kept * tracked.weights + weight,
  };
}
