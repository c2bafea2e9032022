/**
 * What the series' own record of alarms says of its promise. A series that keeps ringing more often than it may has a wilder
 * tail than could be seen, or is in trouble that its owner knows: either way it needs more to ring.
 */
import type { SeasonalSettings } from './settings.ts';

export interface RestraintState {
  /** Episodes that rang, and those that the budget allowed in the same time. */
  episodes: number;
  allowed: number;
  /** Points since the last alarm. */
  quiet: number;
}

export interface Restraint {
  /** log10, 0 or more: taken off the evidence. */
  readonly excess: number;
  /** One point on. `allowed`: false alarms that the budget allows in a point. */
  learn(hasRung: boolean, allowed: number): void;
}

export function newRestraintState(): RestraintState {
  return { episodes: 0, allowed: 0, quiet: 1e6 };
}

export function createRestraint({ promiseWorth, toldHalfLife }: SeasonalSettings, state: RestraintState): Restraint {
  return {
    get excess() {
      return Math.log10(Math.max(1, (state.episodes + promiseWorth) / (state.allowed + promiseWorth)));
    },
    learn(hasRung, allowed) {
      state.allowed += allowed;
      state.quiet++;
      if (!hasRung) return;
      if (state.quiet > toldHalfLife) state.episodes++;
      state.quiet = 0;
    },
  };
}
