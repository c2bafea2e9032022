/**
 * Log likelihood ratios of a span: its rate is theta times the forecast, against the forecast. Both hypotheses know one
 * random factor of variance T that the whole span shares: so evidence saturates instead of growing with the volume. S is
 * what was seen, M what was expected, both counts; q = S/M.
 */

/** What came, over what was expected, where nothing or less came. */
const LEAST_RATIO = 1e-9;
const NEWTON_STEPS = 6;

/** Drops of counts: the factor is gamma distributed, which is the heavier tail below. Exact. */
export function countDrop(S: number, M: number, T: number, logTheta: number, theta: number): number {
  const r = 1 / T;
  return S * logTheta - (S + r) * Math.log((r + theta * M) / (r + M));
}

/** Log density, up to a constant, of S where the factor is lognormal around exp(mean): Laplace's approximation. */
export function lognormalPoisson(S: number, M: number, T: number, mean: number): number {
  const precision = 1 / T;
  let u = Math.log((S + Math.exp(Math.min(mean, 1)) * precision) / (M + precision));
  let rate = M * Math.exp(u);
  for (let step = 0; step < 4; step++) {
    const move = (S - rate - (u - mean) * precision) / (rate + precision);
    u += move;
    rate = M * Math.exp(u);
    if (Math.abs(move) < 1e-3) break;
  }
  return S * u - rate - (u - mean) * (u - mean) * precision * 0.5 - 0.5 * Math.log(rate + precision);
}

/** Drops of money: gamma with relative variance 1/k (noise and factor together). */
export function moneyDrop(q: number, k: number, logTheta: number, theta: number): number {
  return -k * (logTheta + q * (1 / theta - 1));
}

/** Rises of money: lognormal with relative variance 1/k, which is the heavier tail above. */
export function moneyRise(q: number, k: number, logTheta: number): number {
  const variance = Math.log1p(1 / k);
  return (logTheta / variance) * (Math.log(Math.max(q, LEAST_RATIO)) + variance / 2 - logTheta / 2);
}

/**
 * The same for money, whose noise has the relative variance 1/k and whose variance goes with the mean to the power `skew`, which
 * is what its skewness tells (an exponential dispersion model): 0 as for normal amounts, 1 as for equal ones that come or do
 * not, 2 as for gamma. The smaller it is the likelier are low sums. Around a lognormal factor.
 */
export function lognormalMoney(q: number, k: number, T: number, mean: number, skew: number): number {
  const precision = 1 / T;
  let u = (Math.log(Math.max(q, LEAST_RATIO)) * k + mean * precision) / (k + precision);
  let bend = 0;
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const grown = k * Math.exp((1 - skew) * u);
    const rate = Math.exp(u);
    bend = grown * Math.max(rate / 8, (2 - skew) * rate - (1 - skew) * q) + precision;
    const move = (grown * (q - rate) - (u - mean) * precision) / bend;
    u += move;
    if (Math.abs(move) < 1e-3) break;
  }
  const fit = k * (q * powerIntegral(u, 1 - skew) - powerIntegral(u, 2 - skew));
  return fit - (u - mean) * (u - mean) * precision * 0.5 - 0.5 * Math.log(bend);
}

/** (e^(power u) - 1) / power, and its limit u at 0. */
function powerIntegral(u: number, power: number): number {
  return Math.abs(power) < 1e-6 ? u : Math.expm1(power * u) / power;
}
