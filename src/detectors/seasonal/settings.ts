/**
 * The constants of the method. They are the same for every series: what differs between series is learnt from the series.
 * Half-lives and counts are in points.
 */
export interface SeasonalSettings {
  /** Share of each new point in the plain level. */
  readonly levelRate: number;
  /** Share of each new point in the correction of the profiles' level. */
  readonly correctionRate: number;
  /** Share of each new day, or week, in a slot of a profile. */
  readonly slotRate: number;
  /** Memory of each forecaster's squared error. */
  readonly errorHalfLife: number;
  /** Exponent on the inverse squared errors that weigh the forecasters. */
  readonly weightPower: number;
  readonly spreadHalfLife: number;
  /** Residuals count at most so many standard deviations in whatever is learnt. */
  readonly clip: number;
  /** Outliers in a row, or nearly, after which a new level is accepted. */
  readonly releaseAfter: number;
  /** The spread is at least this share of the usual size of a burst: what lies idle most of the time is not infinitely surprising. */
  readonly burstFloor: number;
  /** Residuals are judged as they are and smoothed over so many points. */
  readonly scales: readonly number[];
  /** The departure from the daily profile is smoothed over so many points. */
  readonly departureScale: number;
  /** What a departure's evidence counts less, log10: it is slow to come and slow to go. */
  readonly departureDiscount: number;
  readonly tailHalfLife: number;
  /** Shares of the history beyond which the tail is taken as exponential; where there are several, the more cautious answer holds. */
  readonly tailShares: readonly number[];
  /** Episodes that the promise is worth against the series' own record: one that rings more often than it may needs more to ring. */
  readonly promiseWorth: number;
  /** Memory of the evidence already told in this episode. */
  readonly toldHalfLife: number;
  /** Share of a point's evidence that is taken off the points after it. */
  readonly toldShare: number;
}

export const SEASONAL_SETTINGS: SeasonalSettings = {
  levelRate: 0.1,
  correctionRate: 0.1,
  slotRate: 0.3,
  errorHalfLife: 1_000,
  weightPower: 2,
  spreadHalfLife: 5_000,
  clip: 4,
  releaseAfter: 30,
  burstFloor: 0.12,
  scales: [1, 2, 5],
  departureScale: 6,
  departureDiscount: 0.5,
  tailHalfLife: 3_000,
  tailShares: [0.005],
  promiseWorth: 10,
  toldHalfLife: 60,
  toldShare: 1,
};
