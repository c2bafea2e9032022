/**
 * What happens at the same minute every day: a job that starts at 03:00 and makes a jump. The forecasts, which learn from
 * clipped values, would be surprised each time; here a residual that came two days in a row is expected on the third.
 */
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
}

const DAY_MS = 86_400_000;
/** Residuals beyond so many standard deviations can become a habit. */
const FROM_SIGMAS = 6;
const RATE = 0.7;

export function newHabitState(slots: number): HabitState {
  return { habits: new Float32Array(slots), before: new Float32Array(slots) };
}

export function createHabits({ habits, before }: HabitState): Habits {
  const slotOf = (timeMs: number): number => Math.floor(((((timeMs % DAY_MS) + DAY_MS) % DAY_MS) * habits.length) / DAY_MS);
  return {
    at: (timeMs) => habits[slotOf(timeMs)]!,
    learn(timeMs, residual, deviation) {
      const slot = slotOf(timeMs);
      const last = before[slot]!;
      const least = Math.min(Math.abs(residual), Math.abs(last));
      // The smaller of the two: a single incident is no habit, however large.
      const target = residual * last > 0 && least > FROM_SIGMAS * deviation ? Math.sign(residual) * least : 0;
      habits[slot] = target === 0 && Math.abs(habits[slot]!) < deviation ? 0 : habits[slot]! + RATE * (target - habits[slot]!);
      before[slot] = Math.abs(residual) > FROM_SIGMAS * deviation ? residual : 0;
    },
  };
}
