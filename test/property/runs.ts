/** How many random cases a property is held against: few enough for every `make test`, forty times as many with SOAK=1. */
const SOAK_FACTOR = 40;
/** Shrinking a failure ends here with the smallest case found so far. */
const SECONDS_MAX = 240;

export function runs(count: number): { numRuns: number; interruptAfterTimeLimit: number; markInterruptAsFailure: true } {
  const factor = process.env['SOAK'] === '1' ? SOAK_FACTOR : 1;
  return { numRuns: count * factor, interruptAfterTimeLimit: SECONDS_MAX * factor * 1_000, markInterruptAsFailure: true };
}
