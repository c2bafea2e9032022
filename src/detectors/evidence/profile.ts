/** What is assumed of a kind of measure before anything was seen of it. Variances are relative: log units squared. */

/** `count`: events over an exposure of 1; `rate`: events per exposure; `money`: amounts, over either. */
export type MeasureForm = 'count' | 'rate' | 'money';

export interface Profile {
  readonly form: MeasureForm;
  /** Harmonics of the day. */
  readonly harmonics: number;
  /** Variance of a harmonic's two coefficients, by harmonic. */
  readonly harmonicPrior: readonly number[];
  /** Variance that the level, and each coefficient, gains in a minute. */
  readonly levelDrift: number;
  readonly harmonicDrift: number;
  /** Least tracked error, and what the pool starts with, by horizon; then of clumps, in events. */
  readonly leastError: readonly number[];
  readonly firstError: readonly number[];
}

/** Nothing tells that events come one by one for sure. */
const LEAST_CLUMP = 0.02;
const FIRST_CLUMP = 0.1;

const RATE: Profile = {
  form: 'rate',
  harmonics: 2,
  harmonicPrior: [0.25 ** 2, 0.08 ** 2],
  levelDrift: 6e-6,
  harmonicDrift: 3e-7,
  leastError: [2e-4, 2e-4, 2e-4, 2e-4, LEAST_CLUMP],
  firstError: [0.01, 0.01, 0.005, 0.004, FIRST_CLUMP],
};

const COUNT: Profile = {
  form: 'count',
  harmonics: 3,
  harmonicPrior: [0.6 ** 2, 0.2 ** 2, 0.08 ** 2],
  levelDrift: 5e-5,
  harmonicDrift: 1e-6,
  leastError: [0.004, 0.003, 0.002, 0.002, LEAST_CLUMP],
  firstError: [0.05, 0.05, 0.05, 0.05, FIRST_CLUMP],
};

const MONEY_RATE: Profile = { ...RATE, form: 'money', leastError: [5e-4, 5e-4, 5e-4, 5e-4, LEAST_CLUMP] };
/** Money in itself moves as the traffic does. */
const MONEY_SUM: Profile = { ...COUNT, form: 'money' };

export function profileOf(adds: 'events' | 'amounts', hasExposure: boolean): Profile {
  if (adds === 'events') return hasExposure ? RATE : COUNT;
  return hasExposure ? MONEY_RATE : MONEY_SUM;
}
