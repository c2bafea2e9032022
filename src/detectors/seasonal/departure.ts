/**
 * How far is the series from where it usually is at this time of the day? The forecast follows what happens and so forgives
 * a slow change; this does not: it compares with the daily profile, moved by a day's average alone.
 */
import type { Profile } from './profile.ts';
import type { SeasonalSettings } from './settings.ts';

export interface DepartureState {
  points: number;
  /** Without a profile: where the series usually is. */
  level: number;
  /** How far the last day as a whole was above the profile. */
  offset: number;
  /** Mean absolute departure. */
  spread: number;
  smoothed: number;
}

export interface Departure {
  /** In standard deviations of the usual departure, smoothed; undefined while too little is known. */
  measure(timeMs: number, value: number, deviation: number): number | undefined;
}

const DAY_MS = 86_400_000;
const MEMORY_POINTS_MAX = 2_000;
/** Before so many points a departure is not judged. */
export const DEPARTURE_WARM_UP = 200;
const LEARN_FROM = 60;
const CLIP = 4;
const BOUND = 10;
const SPREAD_RATE = 0.0005;

export function newDepartureState(value: number, spread: number): DepartureState {
  return { points: 0, level: value, offset: 0, spread, smoothed: 0 };
}

export function createDeparture(settings: SeasonalSettings, stepMs: number, day: Profile, state: DepartureState): Departure {
  const dayPoints = DAY_MS / stepMs;
  const memory = Math.min(MEMORY_POINTS_MAX, dayPoints);
  const rate = 2 / (settings.departureScale + 1);
  return {
    measure(timeMs, value, deviation) {
      state.points++;
      // A profile is of use once it has seen more than one day.
      const slot = state.points > 1.2 * dayPoints ? day.at(timeMs) : undefined;
      const departure = value - (slot === undefined ? state.level : slot + state.offset);
      const unit = Math.max(state.spread * 1.25, deviation * 0.5);
      state.smoothed += rate * (Math.max(-BOUND, Math.min(BOUND, departure / unit)) - state.smoothed);
      const share = Math.max(1 / state.points, 1 / memory);
      const clipped = Math.max(-CLIP * unit, Math.min(CLIP * unit, departure));
      state.level += share * Math.max(-CLIP * unit, Math.min(CLIP * unit, value - state.level));
      if (slot !== undefined) state.offset += share * clipped;
      state.spread += Math.max(1 / state.points, SPREAD_RATE) * (Math.abs(clipped) - state.spread);
      return state.points > LEARN_FROM ? state.smoothed : undefined;
    },
  };
}
