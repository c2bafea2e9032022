/**
 * The rates that a designed one is held against. Of n attempts with S successes at mean rate p, the likelihood ratio of odds
 * `odds` times as high is odds^S / (1 - p + odds p)^n. In the mean it is at most 1 while p is the designed rate, also where p
 * is only the mean of the attempts' own rates: ln(1 - p + odds p) is concave in p.
 */
export interface Tilt {
  readonly logOdds: number;
  /** ln(1 - p + odds p) */
  readonly logMean: number;
}

const LOG_RATIO_STEP = 1.6;
/** A twentieth, or twenty times as much: whatever is further out is found at once with these too. */
const LOG_RATIO_MAX = Math.log(20);

/**
 * Rates from the smallest change worth a bell on, in steps wide enough to be few and narrow enough to lose little. Empty where
 * there is no such rate: what is worth a bell would be above 1.
 */
export function tiltsOf(rate: number, direction: 'down' | 'up', change: number): Tilt[] {
  const tilts: Tilt[] = [];
  const least = direction === 'up' ? Math.log1p(change) : -Math.log1p(-change);
  for (let far = least; far <= Math.max(LOG_RATIO_MAX, least); far *= LOG_RATIO_STEP) {
    const other = rate * Math.exp(direction === 'up' ? far : -far);
    if (other >= 1) break;
    const odds = (other * (1 - rate)) / (rate * (1 - other));
    tilts.push({ logOdds: Math.log(odds), logMean: Math.log1p(rate * (odds - 1)) });
  }
  return tilts;
}

/** Logarithm of the likelihood ratio. */
export function weigh(tilt: Tilt, successes: number, attempts: number): number {
  return successes * tilt.logOdds - attempts * tilt.logMean;
}
