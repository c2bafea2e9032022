/**
 * What happens at the same minute every day: a job that starts at 03:00 and makes a jump. The forecasts, which learn from
 * clipped values, would be surprised each time; here a residual that came on several days in a row is expected on the next: on two,
 * or on as many as chance does not bring about in a series that often bursts.
 */
import { single } from './single.ts';

export interface Habits {
  /** What is added to the forecast; 0 at most times. */
  at(timeMs: number): number;
  /** `residual` is against the forecast without the habit, `deviation` its standard deviation. */
  learn(timeMs: number, residual: number, deviation: number): void;
}

export interface HabitState {
  /** Per slot of the day. */
  readonly habits: Float32Array;
  /** The residual of the last time, where it was large; 0 at most times. */
  readonly before: Float32Array;
  /** On how many days in a row it was large, on one side. */
  readonly days: Float32Array;
  /** Share of points with a large residual that the day before did not have; and the points that it stands for. */
  bursts: number;
  points: number;
}

const DAY_MS = 86_400_000;
/** Residuals beyond so many standard deviations can become a habit. */
const FROM_SIGMAS = 6;
const RATE = 0.7;
const DAYS_LEAST = 2;
const MEMORY_DAYS = 7;
/**
 * Slots that chance may take for a habit, a day. Each is an alarm when the next day does not go along, so it is far
 * below the one a week that is the usual budget.
 */
const BY_CHANCE_A_DAY = 0.02;

export function newHabitState(slots: number): HabitState {
  const zeros = (): Float32Array => new Float32Array(slots);
  return { habits: zeros(), before: zeros(), days: zeros(), bursts: 0, points: 0 };
}

export function createHabits(state: HabitState): Habits {
  const { habits, before, days } = state;
  const slots = habits.length;
  const slotOf = (timeMs: number): number => Math.floor(((((timeMs % DAY_MS) + DAY_MS) % DAY_MS) * slots) / DAY_MS);

  /** That bursts which come at random, this often, fall into one slot on so many days in a row: in all slots less than that. */
  function daysNeeded(): number {
    if (state.bursts <= 0) return DAYS_LEAST;
    const needed = Math.log(slots / BY_CHANCE_A_DAY) / -Math.log(Math.min(state.bursts, 0.5));
    return Math.max(DAYS_LEAST, Math.ceil(needed));
  }

  return {
    at: (timeMs) => habits[slotOf(timeMs)]!,
    learn(timeMs, residual, deviation) {
      const slot = slotOf(timeMs);
      const last = before[slot]!;
      const isLarge = Math.abs(residual) > FROM_SIGMAS * deviation;
      const goesOn = isLarge && residual * last > 0;
      state.points = Math.min(state.points + 1, MEMORY_DAYS * slots);
      state.bursts += (Number(isLarge && !goesOn) - state.bursts) / state.points;
      days[slot] = goesOn ? days[slot]! + 1 : Number(isLarge);
      // The smaller of the last two: a single incident is no habit, however large.
      const target = goesOn && days[slot] >= daysNeeded() ? Math.sign(residual) * Math.min(Math.abs(residual), Math.abs(last)) : 0;
      habits[slot] = target === 0 && Math.abs(habits[slot]!) < deviation ? 0 : habits[slot]! + RATE * (target - habits[slot]!);
      before[slot] = isLarge ? single(residual) : 0;
    },
  };
}
