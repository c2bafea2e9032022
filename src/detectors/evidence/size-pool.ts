/** The spreads of amounts as such (`spread-pool`), in units of what one event of its series brings, and whether series are alike in these. */

/** Weight of the first one: how many events bring nothing at all is not known before. */
const PSEUDO_WEIGHT = 4;
/** Variance of the logarithm of what an event brings, between series: below it both units say the same. */
const UNITS_ALIKE = 0.05;

export interface SizePool {
  sum: number;
  weight: number;
  /** Series x slots, and sums over them: logarithms of what an event brings and of the series' own spread, and their products. */
  count: number;
  unit: number;
  unitSquare: number;
  spread: number;
  both: number;
}

export function createSizePool(): SizePool {
  return { sum: 0, weight: 0, count: 0, unit: 0, unitSquare: 0, spread: 0, both: 0 };
}

export function fadeSizePool(sizes: SizePool, keep: number): void {
  sizes.sum *= keep;
  sizes.weight *= keep;
  sizes.count *= keep;
  sizes.unit *= keep;
  sizes.unitSquare *= keep;
  sizes.spread *= keep;
  sizes.both *= keep;
}

/** `term` and `weight` as of an amount; `before`: the series' spread as it was, `alone`: by what came of it alone. An event of it brings `unit`. */
export function addSize(sizes: SizePool, term: number, weight: number, before: number, unit: number, alone: number): void {
  if (sizes.weight === 0) {
    sizes.sum = (PSEUDO_WEIGHT * before) / unit;
    sizes.weight = PSEUDO_WEIGHT;
  }
  sizes.sum += term / unit;
  sizes.weight += weight;
  const log = Math.log(unit);
  const own = Math.log(alone);
  if (!Number.isFinite(own)) return;
  sizes.count++;
  sizes.unit += log;
  sizes.unitSquare += log * log;
  sizes.spread += own;
  sizes.both += log * own;
}

/** By event the spreads differ less than as amounts: as a rule one is larger with the other, by more than half. */
export function isAlikeByEvent({ count, unit, unitSquare, spread, both }: SizePool): boolean {
  if (count === 0) return true;
  const variance = unitSquare / count - (unit / count) ** 2;
  const covariance = both / count - (unit / count) * (spread / count);
  return variance < UNITS_ALIKE || 2 * covariance > variance;
}
