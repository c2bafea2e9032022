/** Where a chart's axes have their marks: round values, and round times of UTC. */
import type { ScoredPoint } from './score-series.ts';
import type { ValueRange } from './chart-columns.ts';

export interface Tick {
  /** A value, or the index of a point. */
  readonly at: number;
  readonly label: string;
}

/** Multiples of 1, 2 or 5 times a power of ten, within the range. `placesMax`: how many the height has room for. */
export function valueTicks([low, high]: ValueRange, placesMax: number): Tick[] {
  const rough = (high - low) / placesMax;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough) ?? 10 * power;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  // Beyond what a number tells apart there is no round one.
  if (!(count > 0 && count <= 2 * placesMax)) return [];
  return Array.from({ length: count }, (_, i) => {
    const at = (first + i) * step;
    return { at, label: valueText(Number(at.toPrecision(12))) };
  });
}

/** `12K`, `3.5M`, `1e+140`: a mark has little room. */
function valueText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) return value.toExponential();
  return new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 6 }).format(value);
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_STEPS = [
  ...[1, 5, 15, 30].map((count) => count * SECOND),
  ...[1, 5, 15, 30].map((count) => count * MINUTE),
  ...[1, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((count) => count * DAY),
];
/** Weeks begin on Monday; 1970 did on a Thursday. */
const MONDAY = 4 * DAY;

/**
 * The first point from each round time on. Points stand side by side however far apart their times are, so marks that come too close are
 * left out. `placesMax`: how many the width has room for.
 */
export function timeTicks(points: readonly Pick<ScoredPoint, 'timeMs'>[], placesMax: number): Tick[] {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return [];
  const spanMs = last.timeMs - first.timeMs;
  const stepMs =
    TIME_STEPS.find((step) => spanMs / step <= placesMax) ?? TIME_STEPS.at(-1)! * Math.ceil(spanMs / TIME_STEPS.at(-1)! / placesMax);
  const startMs = stepMs < 7 * DAY ? 0 : MONDAY;
  const roomPoints = points.length / placesMax / 1.2;
  const ticks: Tick[] = [];
  let passed = Math.ceil((first.timeMs - startMs) / stepMs) - 1;
  for (const [at, { timeMs }] of points.entries()) {
    const round = Math.floor((timeMs - startMs) / stepMs);
    // A clock that steps back marks nothing twice.
    if (round <= passed) continue;
    passed = round;
    if (at - (ticks.at(-1)?.at ?? -Infinity) >= roomPoints) ticks.push({ at, label: timeText(startMs + round * stepMs, stepMs) });
  }
  return ticks;
}

/** A midnight is told as its date. */
function timeText(timeMs: number, stepMs: number): string {
  const [date = '', clock = ''] = new Date(timeMs).toISOString().split('T');
  if (stepMs >= DAY) return date;
  if (timeMs % DAY === 0) return date.slice(5);
  return clock.slice(0, stepMs < MINUTE ? 8 : 5);
}
