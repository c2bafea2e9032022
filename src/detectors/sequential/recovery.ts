/** When an episode is over: data that are nearer to the old rate than to the one that rang. */

const STEP_MAX = 2;
/** Natural logarithm of how much more likely the data are at the old rate. */
const ENOUGH = 8;
const FACTOR_MIN = 1.25;
const FACTOR_MAX = 3;

/** Half way, in logarithms, from what was expected to what rang. */
export function halfWay(ratio: number): number {
  const far = Math.min(Math.max(Math.sqrt(ratio < 1 ? 1 / Math.max(ratio, 1e-3) : ratio), FACTOR_MIN), FACTOR_MAX);
  return ratio < 1 ? 1 / far : far;
}

/** `back`: evidence of recovery so far; `half`: of `halfWay`. One window weighs little, as one may look well by chance. */
export function recover(back: number, half: number, seen: number, expected: number): number {
  const against = seen * Math.log(half) - expected * (half - 1);
  return Math.max(0, back - Math.min(Math.max(against, -STEP_MAX), STEP_MAX));
}

export function isRecovered(back: number): boolean {
  return back > ENOUGH;
}
