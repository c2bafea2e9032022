/** How the permitted error of one experiment is dealt out among the values that are compared with its control. */

/** Less is left over by rounding alone. */
const SHARE_LEAST = 1e-9;

/**
 * Each value's share, in the order of `held`: what it holds, 0 of one that has just come. Those that come take what `variants` has them
 * expect, one of `comparisons`; where less is left, that in equal parts; where nothing is left, nothing. Shares add up to at most 1
 * and do not grow while they are held, so that the error is kept at all times, however many values come, and whenever.
 */
export function dealOut(held: readonly number[], comparisons: number): number[] {
  const most = 1 / comparisons;
  // `variants` may have been raised since.
  const kept = held.map((share) => Math.min(share, most));
  const left = 1 - kept.reduce((sum, share) => sum + share, 0);
  const newcomers = kept.filter((share) => share === 0).length;
  const share = left < SHARE_LEAST ? 0 : Math.min(most, left / newcomers);
  return kept.map((one) => (one > 0 ? one : share));
}
