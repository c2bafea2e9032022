/** The largest number of single precision, which profiles and habits are kept in. */
const SINGLE_MAX = 3.4028234663852886e38;

/** The nearest number that is finite there: from an infinite one nothing could be told any more. */
export function single(value: number): number {
  return Math.max(-SINGLE_MAX, Math.min(SINGLE_MAX, value));
}
