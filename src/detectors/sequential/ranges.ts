/** Intervals of 95 % for counts and their ratios. */

const Z = 1.959964;

/**
 * Where 95 % of what has this mean and variance lies, if it is never negative: quantiles of a gamma distribution by the cube
 * root rule (Wilson and Hilferty, 1931).
 */
export function gammaRange(mean: number, variance: number): readonly [low: number, high: number] {
  if (mean <= 0) return [0, 0];
  const part = variance / (9 * mean * mean);
  const cube = (z: number): number => mean * Math.max(0, 1 - part + z * Math.sqrt(part)) ** 3;
  return [cube(-Z), cube(Z)];
}

/**
 * Where the true ratio lies with 95 %, of `seen` events where `expected` were; `variance`: relative, of everything beside the
 * counting of those seen. Amounts may be below 0, and so may the ratio then.
 */
export function ratioRange(seen: number, expected: number, variance: number): readonly [low: number, high: number] {
  if (expected <= 0) return [0, 0];
  const side = (count: number): readonly [number, number] =>
    count <= 0 ? [0, 0] : gammaRange(count / expected, (count / expected) ** 2 * (1 / count + variance));
  return [seen < 0 ? seen / expected - Z * Math.sqrt(variance) : side(seen)[0], side(seen + 1)[1]];
}

/**
 * The same of amounts, such as money, alike in every unit. `variance` is of everything here. `piece`: what comes at once; where less has come,
 * one may have stayed away by chance.
 */
export function amountRatioRange(seen: number, expected: number, variance: number, piece: number): readonly [low: number, high: number] {
  if (expected <= 0) return [0, 0];
  const side = (amount: number, noise: number): readonly [number, number] =>
    gammaRange(amount / expected, (amount / expected) ** 2 * noise);
  const low = seen < 0 ? seen / expected - Z * Math.sqrt(variance) : side(seen, variance)[0];
  return [low, Math.max(side(seen, variance)[1], side(piece, 1 + variance)[1])];
}

/** `1 : M` from a logarithm: two digits, at most 1e300. */
export function oneIn(log: number): number {
  return Number(Math.exp(Math.min(log, Math.log(1e300))).toPrecision(2));
}
