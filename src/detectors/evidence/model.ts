/** All that is fixed for one detect entry: computed once, shared by all its series. */
import { createArrival, delaysTried } from './arrival.ts';
import type { ArrivalModel } from './arrival.ts';
import { createLayout } from './layout.ts';
import type { MeasureForm, Profile } from './profile.ts';
import { createRhythm } from './rhythm.ts';
import type { Rhythm } from './rhythm.ts';
import { createTimeGrid } from './time-grid.ts';
import type { TimeGrid } from './time-grid.ts';

export interface Model extends ArrivalModel {
  readonly form: MeasureForm;
  readonly profile: Profile;
  readonly grid: TimeGrid;
  readonly rhythm: Rhythm;
  /** Effects that evidence is weighed for, factors of the rate; empty: this direction is not watched. */
  readonly drops: Effects;
  readonly rises: Effects;
  readonly smallestDrop: number | undefined;
  readonly smallestRise: number | undefined;
  readonly hasExposure: boolean;
  /** The longest span that is corrected by what was before it, and by how many slots; 0: none is. */
  readonly carry: { readonly longest: number; readonly before: number };
  /** Logarithm of tests x looks a day / budget: what the evidence of one series alone has to reach. */
  readonly logTests: number;
  /** Least tracked error, by horizon. */
  readonly leastError: readonly number[];
}

export interface Effects {
  readonly factors: readonly number[];
  readonly logs: readonly number[];
  /** Ratio of seen to expected that speaks neither for the nearest effect nor against it. */
  readonly breakEven: number;
}

export interface ModelSettings {
  readonly windowMs: number;
  readonly profile: Profile;
  readonly hasExposure: boolean;
  readonly habits: boolean;
  /** Smallest change worth a bell, as a factor: below 1 for drops, above for rises. */
  readonly drop: number | undefined;
  readonly rise: number | undefined;
  readonly falseAlarmsPerDay: number;
  readonly tests: number;
}

/** The grid of effects, as powers of the smallest one: from somewhat less than it to much more. */
const RATE_POWERS = [0.7, 1.2, 2];
/** Amounts are so noisy that a drop of the smallest size needs all that its minutes say: none of that is spent on sizes far from it. */
const MONEY_DROP_POWERS = [0.8, 1.25];
const COUNT_DROP_POWERS = [0.72, 1.3, 3.3];
const COUNT_RISE_POWERS = [0.72, 1.1];
const DROP_POWERS = { count: COUNT_DROP_POWERS, rate: RATE_POWERS, money: MONEY_DROP_POWERS };
/** No effect is weighed that is nearer to none than this. */
const DROP_FACTOR_LEAST = 0.02;

export function createModel(settings: ModelSettings): Model {
  const { profile, windowMs } = settings;
  const grid = createTimeGrid(windowMs);
  const arrival = createArrival(grid.slotMinutes, grid.windowsPerSlot, profile.form === 'rate');
  const isCount = profile.form === 'count';
  return {
    form: profile.form,
    profile,
    grid,
    layout: createLayout(grid, profile, settings.hasExposure, settings.habits, delaysTried(arrival)),
    arrival,
    rhythm: createRhythm(profile.harmonics),
    drops: effects(settings.drop, DROP_POWERS[profile.form]),
    rises: effects(settings.rise, isCount ? COUNT_RISE_POWERS : RATE_POWERS),
    smallestDrop: settings.drop,
    smallestRise: settings.rise,
    hasExposure: settings.hasExposure,
    carry: isCount ? { longest: grid.horizons[2]!, before: grid.horizons[1]! } : { longest: 0, before: 0 },
    leastError: profile.leastError,
    logTests: Math.log((settings.tests * grid.looksPerDay) / settings.falseAlarmsPerDay),
  };
}

function effects(smallest: number | undefined, powers: readonly number[]): Effects {
  const factors = smallest === undefined ? [] : powers.map((power) => Math.max(smallest, DROP_FACTOR_LEAST) ** power);
  const nearest = factors[0] ?? 1;
  return {
    factors,
    logs: factors.map(Math.log),
    breakEven: nearest === 1 ? 1 : (nearest - 1) / Math.log(nearest),
  };
}
