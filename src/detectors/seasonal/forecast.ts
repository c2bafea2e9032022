/**
 * What is expected of the next point: five simple forecasts, each weighed by the inverse of its own squared error. Which one
 * suits a series is learnt: a flat line, a random walk, a day, a week.
 */
import type { Profile } from './profile.ts';
import type { SeasonalSettings } from './settings.ts';

export interface ForecastState {
  level: number;
  last: number;
  /** The day slot of the last point; meaningless unless `hasLastSlot`. */
  lastSlot: number;
  hasLastSlot: boolean;
  /** How far the series is above its daily and weekly profile just now. */
  dayOffset: number;
  weekOffset: number;
  /** Mean squared error per forecaster; 0: never judged. */
  readonly errors: Float64Array;
}

export interface Forecast {
  /** `isFresh`: the last point is a few steps old at most. */
  predict(timeMs: number, isFresh: boolean): number;
  /** `value` is clipped by the caller; `errorRate` is the share of this point in what is remembered of the errors. */
  learn(timeMs: number, value: number, spread: number, errorRate: number): void;
  /** The series has a new level: take it as it is. */
  jumpTo(timeMs: number, value: number): void;
}

const LEVEL = 0;
const LAST = 1;
const DAY = 2;
const LAST_WITH_DAY = 3;
const WEEK = 4;
const FORECASTERS = 5;
/** A forecaster's error counts at most so many standard deviations. */
const ERROR_CLIP = 6;

export function newForecastState(value: number): ForecastState {
  return {
    level: value,
    last: value,
    lastSlot: 0,
    hasLastSlot: false,
    dayOffset: 0,
    weekOffset: 0,
    errors: new Float64Array(FORECASTERS),
  };
}

export function createForecast(settings: SeasonalSettings, day: Profile, week: Profile, state: ForecastState): Forecast {
  const { errors } = state;
  const forecasts = new Float64Array(FORECASTERS);
  const isKnown = new Uint8Array(FORECASTERS);

  function known(forecaster: number, value: number | undefined): void {
    isKnown[forecaster] = value === undefined ? 0 : 1;
    forecasts[forecaster] = value ?? 0;
  }

  return {
    predict(timeMs, isFresh) {
      const daySlot = day.at(timeMs);
      const weekSlot = week.at(timeMs);
      known(LEVEL, state.level);
      // After a gap what was just before it says little, if there is a profile to go by.
      known(LAST, isFresh || daySlot === undefined ? state.last : undefined);
      known(DAY, daySlot === undefined ? undefined : daySlot + state.dayOffset);
      known(LAST_WITH_DAY, daySlot === undefined || !state.hasLastSlot || !isFresh ? undefined : state.last + daySlot - state.lastSlot);
      known(WEEK, weekSlot === undefined ? undefined : weekSlot + state.weekOffset);
      // The smallest error that is told apart: else a constant series divides by zero.
      const least = 1e-12 * (1e-12 + state.level * state.level + errors[LEVEL]!);
      let weights = 0;
      let sum = 0;
      for (let i = 0; i < FORECASTERS; i++) {
        if (!isKnown[i]) continue;
        const error = (errors[i] || errors[LEVEL]!) + least;
        const weight = settings.weightPower === 1 ? 1 / error : Math.pow(error, -settings.weightPower);
        weights += weight;
        sum += weight * forecasts[i]!;
      }
      return weights > 0 && Number.isFinite(weights) ? sum / weights : state.level;
    },
    learn(timeMs, value, spread, errorRate) {
      for (let i = 0; i < FORECASTERS; i++) {
        if (!isKnown[i]) continue;
        const limit = ERROR_CLIP * spread;
        const error = Math.max(-limit, Math.min(limit, value - forecasts[i]!));
        errors[i] = errors[i]! + (errors[i] === 0 ? 1 : errorRate) * (error * error - errors[i]!);
      }
      state.level += settings.levelRate * (value - state.level);
      const daySlot = day.at(timeMs);
      const weekSlot = week.at(timeMs);
      if (daySlot !== undefined) state.dayOffset += settings.correctionRate * (value - daySlot - state.dayOffset);
      if (weekSlot !== undefined) state.weekOffset += settings.correctionRate * (value - weekSlot - state.weekOffset);
      remember(timeMs, value, daySlot);
    },
    jumpTo(timeMs, value) {
      const daySlot = day.at(timeMs);
      const weekSlot = week.at(timeMs);
      state.level = value;
      if (daySlot !== undefined) state.dayOffset = value - daySlot;
      if (weekSlot !== undefined) state.weekOffset = value - weekSlot;
      remember(timeMs, value, daySlot);
    },
  };

  function remember(timeMs: number, value: number, daySlot: number | undefined): void {
    state.hasLastSlot = daySlot !== undefined;
    state.lastSlot = daySlot ?? 0;
    state.last = value;
    day.learn(timeMs, value);
    week.learn(timeMs, value);
  }
}
