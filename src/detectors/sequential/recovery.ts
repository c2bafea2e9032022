/** When an episode is over: data that are nearer to the old rate than to the one that rang. */

const STEP_MAX = 2;
/** Natural logarithm of how much more likely the data are at the old rate. */
const ENOUGH = 8;
const FACTOR_MIN = 1.25;
const FACTOR_MAX = 3;

/**
 * Half way, in logarithms, from what was expected to what rang. `smallest`: ratio of the smallest change worth a bell. Half way to that
 * is far enough, or what still rings would count as over.
 */
export function halfWay(ratio: number, smallest: number): number {
  const least = Math.min(rootOf(smallest), FACTOR_MIN);
  const far = Math.min(Math.max(rootOf(ratio), least), FACTOR_MAX);
  return ratio < 1 ? 1 / far : far;
}

/** How far a ratio is from 1, halved in logarithms: a factor above 1. */
function rootOf(ratio: number): number {
  return Math.sqrt(ratio < 1 ? 1 / Math.max(ratio, 1e-3) : ratio);
}

/** `back`: evidence of recovery so far; `half`: of `halfWay`. One window weighs little, as one may look well by chance. */
export function recover(back: number, half: number, seen: number, expected: number): number {
  const against = seen * Math.log(half) - expected * (half - 1);
  return Math.max(0, back - Math.min(Math.max(against, -STEP_MAX), STEP_MAX));
}

export function isRecovered(back: number): boolean {
  return back > ENOUGH;
}
