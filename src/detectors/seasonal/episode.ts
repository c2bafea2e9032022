/**
 * An alarm that is on. The forecast follows what happens, so it cannot say when things are as they should be again: the
 * episode keeps what was expected when it began, and moves it along the day.
 */
import type { Direction, Grounds } from '../detector.ts';
import { oneIn } from '../sequential/ranges.ts';
import type { Reading } from './seasonal-scorer.ts';

export interface SeasonalEpisode {
  readonly direction: Direction;
  readonly sinceMs: number;
  /** log10 of the steps between two false alarms: of the point that rang, and needed. */
  readonly decades: number;
  readonly needed: number;
  readonly observed: number;
  readonly expected: number;
  readonly spread: number;
  /** What was usual at that time of the day; null: not known. */
  readonly usual: number | null;
  /** Windows since it began, or since it was over. */
  readonly windows: number;
  /** Windows in a row that were as they should be. */
  readonly calm: number;
  readonly isOver: boolean;
}

/** Windows in a row as they should be, after which it is over. */
const CALM_WINDOWS = 3;
/** After so many windows it is how things are now: the forecast has taken the level long before. */
const LASTING_WINDOWS = 120;
/** For so long after it is over, or how things are now, the way back to what had been usual is no news. */
const AFTERMATH_WINDOWS = 60;
const Z95 = 1.959964;

export function beginEpisode(startMs: number, observed: number, reading: Reading, stepMs: number, threshold: number): SeasonalEpisode {
  const { expected, spread, usual = null, evidence, periodMs } = reading;
  const steps = Math.log10(periodMs / stepMs);
  const on = { windows: 0, calm: 0, isOver: false, observed, expected, spread, usual };
  return { ...on, direction: observed < expected ? 'down' : 'up', sinceMs: startMs, decades: evidence + steps, needed: threshold + steps };
}

/** What would be expected now had nothing happened. */
export function referenceOf(episode: SeasonalEpisode, usual: number | undefined): number {
  return usual === undefined || episode.usual === null ? episode.expected : episode.expected + usual - episode.usual;
}

/** So many standard deviations from what would be expected are no departure. */
const NEAR_SPREADS = 2;

/** One window on; undefined: nothing of it is left to remember. It is over, too, when it is how things are now. `spread`: of the forecast, now. */
export function goOn(episode: SeasonalEpisode, value: number, usual: number | undefined, spread: number): SeasonalEpisode | undefined {
  const windows = episode.windows + 1;
  if (episode.isOver) return windows > AFTERMATH_WINDOWS ? undefined : { ...episode, windows };
  const calm = isNear(episode, value, referenceOf(episode, usual), spread) ? episode.calm + 1 : 0;
  if (calm >= CALM_WINDOWS) return { ...episode, windows: 0, calm, isOver: true };
  return windows >= LASTING_WINDOWS ? { ...episode, windows: 0, calm, isOver: true } : { ...episode, windows, calm };
}

/** It is over, and nothing is as it was. */
export function isLasting({ isOver, calm }: SeasonalEpisode): boolean {
  return isOver && calm < CALM_WINDOWS;
}

/**
 * Nearer to what would be expected than to what rang: in amount, and, where the day has gone down since then, also in proportion.
 * A fall to a tenth at noon is no lesser fall at night.
 */
function isNear({ observed, expected }: SeasonalEpisode, value: number, reference: number, spread: number): boolean {
  const departure = observed - expected;
  const gap = (value - reference) * Math.sign(departure);
  if (gap >= Math.abs(departure) / 2) return false;
  if (expected <= 0 || reference <= 0 || gap <= NEAR_SPREADS * spread) return true;
  return gap / reference < Math.abs(departure) / expected / 2;
}

/** Relative to what was expected, or to its spread where that is larger: next to nothing everything is infinitely much. */
export function effectOf(value: number, { expected, spread }: Pick<Reading, 'expected' | 'spread'>): number {
  return (value - expected) / baseOf(expected, spread);
}

export function groundsOf(episode: SeasonalEpisode, baselineAgeMs: number, isNonNegative: boolean): Grounds {
  const { decades, needed, sinceMs, observed, expected, spread } = episode;
  const base = baseOf(expected, spread);
  const least = isNonNegative ? 0 : -Infinity;
  const ratio = (value: number): number => 1 + (value - expected) / base;
  // Amounts may be below 0, as where more money was paid back than came in; what was above 0 was no less than nothing.
  const ratioLeast = observed < 0 ? least : 0;
  return {
    logEvidence: decades * Math.LN10,
    logThreshold: needed * Math.LN10,
    oneIn: oneIn(decades * Math.LN10),
    sinceMs,
    observed,
    expected,
    expectedRange: [Math.max(least, expected - Z95 * spread), expected + Z95 * spread],
    ratio: Math.max(ratioLeast, ratio(observed)),
    ratioRange: [Math.max(ratioLeast, ratio(observed - Z95 * spread)), Math.max(ratioLeast, ratio(observed + Z95 * spread))],
    baselineAgeMs,
    contributors: [],
  };
}

function baseOf(expected: number, spread: number): number {
  return Math.max(Math.abs(expected), spread, Number.MIN_VALUE);
}
