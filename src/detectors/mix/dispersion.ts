/**
 * How much windows scatter among themselves: their variance for each unit that is expected, as quasi-likelihood has it. Events
 * that come one by one have 1, clumps their size, money the mean square of an amount over its mean. What scatters so averages
 * out over a longer span, and is larger beside little volume: unlike a share that swings.
 */
export interface Dispersion {
  /** Decayed sums over blocks of windows: squared distances, and what their mean is where the dispersion is 1. */
  readonly squares: number;
  readonly units: number;
}

/** Blocks remembered, about. */
const MEMORY = 200;
const LEAST = 1e-9;

/** Until there was a block: of events those that come one by one. Of amounts nothing is known then, and nothing may be judged by it. */
export function dispersionOf(dispersion: Dispersion | undefined, adds: 'events' | 'amounts'): number {
  const least = adds === 'events' ? 1 : LEAST;
  return dispersion ? Math.max(least, dispersion.squares / dispersion.units) : least;
}

/**
 * `windows`: what a member and all of its group counted. Distances are those from the block's own share: that the share as a
 * whole has moved is no scatter.
 */
export function learnBlock(
  known: Dispersion | undefined,
  windows: readonly { readonly own: number; readonly all: number }[],
  adds: 'events' | 'amounts',
): Dispersion | undefined {
  let own = 0;
  let all = 0;
  let allSquares = 0;
  for (const one of windows) {
    own += one.own;
    all += one.all;
    allSquares += one.all ** 2;
  }
  // What the windows themselves have drawn their share to is one of their number.
  const units = own * (1 - allSquares / all ** 2);
  if (!(units > 0)) return known;
  const share = own / all;
  const squares = windows.reduce((sum, one) => sum + (one.own - share * one.all) ** 2, 0);
  // The first block counts once more as a prior: as if its events had come one by one, a window's amount in one piece.
  const perUnit = adds === 'events' ? 1 : (share * allSquares) / all;
  const before = known ?? { units, squares: units * perUnit };
  const kept = 1 - 1 / MEMORY;
  return { squares: kept * before.squares + squares, units: kept * before.units + units };
}
