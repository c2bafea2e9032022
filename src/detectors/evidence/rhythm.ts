/** The daily rhythm's basis: (1, cos, sin, cos 2, sin 2, ..) of the time of day, and its slope per minute. */
const DAY_MINUTES = 1_440;
const OMEGA = (2 * Math.PI) / DAY_MINUTES;

export interface Rhythm {
  readonly size: number;
  /** Row of the table for a time in minutes since the epoch: index of its first number. */
  at(minutes: number): number;
  readonly values: readonly number[];
  readonly slopes: readonly number[];
}

export function createRhythm(harmonics: number): Rhythm {
  const size = 1 + 2 * harmonics;
  const values = Array.from({ length: DAY_MINUTES * size }, () => 0);
  const slopes = [...values];
  for (let minute = 0; minute < DAY_MINUTES; minute++) {
    const row = minute * size;
    values[row] = 1;
    for (let k = 1; k <= harmonics; k++) {
      const [cos, sin] = [Math.cos(k * OMEGA * minute), Math.sin(k * OMEGA * minute)];
      values[row + 2 * k - 1] = cos;
      values[row + 2 * k] = sin;
      slopes[row + 2 * k - 1] = -k * OMEGA * sin;
      slopes[row + 2 * k] = k * OMEGA * cos;
    }
  }
  return {
    size,
    at: (minutes) => (((Math.floor(minutes) % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES) * size,
    values,
    slopes,
  };
}
