/** The standard deviation of the residuals: slow, unmoved by outliers, and larger at those times of the day where it is. */
import type { SeasonalSettings } from './settings.ts';

export interface SpreadState {
  /** Mean absolute residual, corrected for the time of the day. */
  mean: number;
  /** Points that the mean stands for; set back when the spread turns out wrong. */
  age: number;
  /** Share of outliers among the last points. */
  outliers: number;
  /** Mean absolute residual and mean squared residual with hardly any clipping: their ratio is the size of a burst. */
  absolute: number;
  squared: number;
  /** Per half hour of the day, the spread relative to the mean. */
  readonly byTime: Float32Array;
}

export interface Spread {
  /** One standard deviation, always positive. */
  at(timeMs: number, level: number): number;
  /** `residual` as it was, `spread` the value of `at` by which it was judged. True: the spread was wrong and is learnt anew. */
  learn(timeMs: number, residual: number, spread: number): boolean;
}

/** Of a normal variable, and near enough for others. */
const DEVIATION_OF_MEAN_ABSOLUTE = 1.25;
const HALF_HOUR_MS = 1_800_000;
const TIMES = 48;
const TIME_RATE = 0.01;
/** More than this share of outliers is no accident: the spread is wrong. Looked at over about 50 points. */
const OUTLIERS_MAX = 0.3;
const OUTLIER_RATE = 0.02;
/** The points that a spread which turned out wrong still counts for. */
export const AGE_WHEN_WRONG = 50;
const BURST_CLIP = 6;

export function newSpreadState(mean: number): SpreadState {
  return { mean, age: 10, outliers: 0, absolute: mean, squared: mean * mean, byTime: new Float32Array(TIMES).fill(1) };
}

export function createSpread(settings: SeasonalSettings, stepMs: number, state: SpreadState): Spread {
  const { byTime } = state;
  const slowest = 1 - Math.pow(0.5, 1 / settings.spreadHalfLife);
  const timeRate = TIME_RATE * Math.min(1, stepMs / 300_000 + 0.2);
  const timeOf = (timeMs: number): number => ((Math.floor(timeMs / HALF_HOUR_MS) % TIMES) + TIMES) % TIMES;

  return {
    at(timeMs, level) {
      const burst = state.absolute > 0 ? state.squared / state.absolute : 0;
      const usual = state.mean * byTime[timeOf(timeMs)]! * DEVIATION_OF_MEAN_ABSOLUTE;
      return Math.max(usual, settings.burstFloor * burst, 1e-9 * (1e-9 + Math.abs(level)));
    },
    learn(timeMs, residual, spread) {
      const time = timeOf(timeMs);
      const size = Math.abs(residual);
      const isOutlier = size > settings.clip * spread;
      const clipped = Math.min(size, settings.clip * spread);
      const burst = state.absolute > 0 ? state.squared / state.absolute : size;
      const burstSize = Math.min(size, BURST_CLIP * burst);
      state.age++;
      const rate = Math.max(1 / state.age, slowest);
      state.absolute += rate * (burstSize - state.absolute);
      state.squared += rate * (burstSize * burstSize - state.squared);
      state.mean += rate * (clipped / Math.max(byTime[time]!, 0.1) - state.mean);
      const relative = Math.min((clipped / spread) * DEVIATION_OF_MEAN_ABSOLUTE * byTime[time]!, 10);
      byTime[time] = Math.max(0.2, byTime[time]! + timeRate * (relative - byTime[time]!));
      state.outliers += OUTLIER_RATE * ((isOutlier ? 1 : 0) - state.outliers);
      if (state.outliers <= OUTLIERS_MAX) return false;
      state.outliers = 0.1;
      state.age = Math.min(state.age, AGE_WHEN_WRONG);
      return true;
    },
  };
}
