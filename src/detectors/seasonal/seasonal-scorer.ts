/**
 * Scores a dense series point by point: how rarely does this series, by its own history, depart so far from what was expected?
 * Streaming and without a look ahead; the same code from the first point on.
 *
 * A mix of forecasts gives a residual; the residual, as it is and smoothed, is set against a slow spread; what comes out is
 * set against its own history's tail. So a heavy-tailed series needs more for the same score. What was just told counts for
 * less in the points after it: an episode rings when it begins or worsens, not for as long as it lasts. A series that rings more
 * often than it may needs more for it.
 */
import { createDeparture, DEPARTURE_WARM_UP, newDepartureState } from './departure.ts';
import type { Departure, DepartureState } from './departure.ts';
import { createForecast, newForecastState } from './forecast.ts';
import type { Forecast, ForecastState } from './forecast.ts';
import { createHabits, newHabitState } from './habits.ts';
import type { Habits, HabitState } from './habits.ts';
import { createDayProfile, createWeekProfile, newDaySlots, newWeekSlots } from './profile.ts';
import type { Profile } from './profile.ts';
import type { SeasonalSettings } from './settings.ts';
import { createRestraint, newRestraintState } from './restraint.ts';
import type { Restraint, RestraintState } from './restraint.ts';
import { AGE_WHEN_WRONG, createSpread, newSpreadState } from './spread.ts';
import type { Spread, SpreadState } from './spread.ts';
import { createTail, newTailState } from './tail.ts';
import type { Tail, TailState } from './tail.ts';

export interface Reading {
  /** log10 of the periods that pass between two false alarms of this strength: 0 is one a period, 1 is one in ten. */
  readonly evidence: number;
  /** A week, or 1,000 steps of the series where that is longer. */
  readonly periodMs: number;
  readonly expected: number;
  /** One standard deviation of the forecast, as far as is known. */
  readonly spread: number;
  /** What is usual at this time of the day; undefined until a day was seen. */
  readonly usual: number | undefined;
}

/** What becomes of the evidence: what has rung is told, and counts for less in the points after it. */
export interface Bell {
  /** The evidence that rings. */
  readonly threshold: number;
  /** Whether a departure is large enough to ring at all. */
  isWorth(value: number, reading: Pick<Reading, 'expected' | 'spread'>): boolean;
}

export interface SeasonalScorer {
  /** In the order of the file; times may repeat, skip or step back. The value is finite. */
  observe(timeMs: number, value: number, bell?: Bell): Reading;
  /** What it has learnt; live, so store it before the next point. */
  readonly state: SeasonalState;
}

/** Of so many points, the first, nothing is said. */
export const WARM_UP_POINTS = 50;
/** Intervals that tell the step of the series; their median. Before there are as many, nothing is judged. */
export const STEP_INTERVALS = 12;
/** First values kept until the step is known: of a file whose times never go on there is no end of them. */
const FIRST_VALUES_MAX = 1_000_000;
/** More steps than this without a point are a gap. */
const GAP_STEPS = 5;
/** What is told of a single point is capped: beyond, the points after it would be deaf. */
const TOLD_MAX = 3;
/** From so little short of the threshold on, a point counts as told. */
const TOLD_SHORT = 0.16;
/** Points on one straight, sloping line, after which nothing is learnt of the spread: somebody filled a gap. */
const LINE_POINTS = 3;
const SMOOTHED_MAX = 30;
/** As near to what is usual at this time of the day as this, a point is as usual. */
const USUAL_SIGMAS = 1;
/** One false alarm a week, or in so many points where a week has fewer: a few hundred points tell of no rarer thing. */
const POINTS_MIN = 1_000;
/**
 * Points as rare come in clusters, of which one is told: that makes alarms rarer than points. Two sides and several scales
 * are looked at: that makes them more frequent. What remains, measured on
 * series of web companies and of NAB.
 */
const CLUSTER_POINTS = 1.9;
export const WEEK_MS = 604_800_000;
export const EVIDENCE_MIN = -4;
/** One false alarm a period, and nothing is too small. */
const BELL: Bell = { threshold: 0, isWorth: () => true };

/** What evidence counts in, ms: a week, or longer where the step is long. */
export function periodOf(stepMs: number): number {
  return Math.max(WEEK_MS, POINTS_MIN * stepMs);
}

/** Plain numbers and typed arrays; see state-text.ts. */
export interface SeasonalState {
  points: number;
  lastMs: number;
  /** Of the raw values, for straight lines. */
  lastValue: number;
  lastStep: number;
  linePoints: number;
  outliersInRow: number;
  told: number;
  /** Intervals of the first points, ms; empty once the step is known. */
  intervals: number[];
  firstValues: number[];
  learnt: Learnt | undefined;
}

interface Learnt {
  readonly stepMs: number;
  readonly daySlots: Float32Array;
  readonly weekSlots: Float32Array;
  readonly forecast: ForecastState;
  readonly habits: HabitState;
  readonly spread: SpreadState;
  /** Per scale. */
  readonly smoothed: Float64Array;
  readonly departure: DepartureState;
  readonly restraint: RestraintState;
  /** Per scale, and last for the departure: above, below. */
  readonly tails: TailState[];
}

interface Parts {
  readonly day: Profile;
  readonly forecast: Forecast;
  readonly habits: Habits;
  readonly spread: Spread;
  readonly departure: Departure;
  readonly restraint: Restraint;
  readonly tails: readonly Tail[];
}

export function newSeasonalState(): SeasonalState {
  return {
    points: 0,
    lastMs: 0,
    lastValue: 0,
    lastStep: 0,
    linePoints: 0,
    outliersInRow: 0,
    told: 0,
    intervals: [],
    firstValues: [],
    learnt: undefined,
  };
}

/** `stepMs`: of the series, where it is known; else its first intervals tell. */
export function createSeasonalScorer(
  settings: SeasonalSettings,
  state: SeasonalState = newSeasonalState(),
  stepMs?: number,
): SeasonalScorer {
  const toldDecay = Math.pow(0.5, 1 / settings.toldHalfLife);
  const errorRateMin = 1 - Math.pow(0.5, 1 / settings.errorHalfLife);
  const rates = settings.scales.map((points) => 2 / (points + 1));
  let parts = state.learnt && assemble(settings, state.learnt);

  return {
    state,
    observe(timeMs, value, bell = BELL) {
      const gapMs = state.points === 0 ? 0 : timeMs - state.lastMs;
      state.points++;
      noteLine(value);
      state.lastMs = timeMs;
      state.lastValue = value;
      if (!state.learnt || !parts) return begin(gapMs, value);
      return judge(state.learnt, parts, timeMs, value, gapMs, bell);
    },
  };

  function noteLine(value: number): void {
    const step = value - state.lastValue;
    const isLine = step !== 0 && Math.abs(step - state.lastStep) <= 1e-9 * (Math.abs(step) + Math.abs(value));
    state.linePoints = isLine ? state.linePoints + 1 : 0;
    state.lastStep = step;
  }

  function begin(gapMs: number, value: number): Reading {
    if (gapMs > 0) state.intervals.push(gapMs);
    if (state.firstValues.length < FIRST_VALUES_MAX) state.firstValues.push(value);
    if (state.intervals.length >= STEP_INTERVALS) {
      const values = state.firstValues;
      const steps = values.slice(1).map((each, i) => Math.abs(each - values[i]!));
      state.learnt = newLearnt(settings, stepMs ?? median(state.intervals), median(values), mean(steps));
      state.intervals = [];
      state.firstValues = [];
      parts = assemble(settings, state.learnt);
    }
    return { evidence: EVIDENCE_MIN, periodMs: WEEK_MS, expected: value, spread: 0, usual: undefined };
  }

  function judge(learnt: Learnt, all: Parts, timeMs: number, value: number, gapMs: number, bell: Bell): Reading {
    const { day, forecast, habits, spread, departure, restraint, tails } = all;
    const usual = day.at(timeMs);
    const habit = habits.at(timeMs);
    const expected = forecast.predict(timeMs, gapMs <= GAP_STEPS * learnt.stepMs) + habit;
    const deviation = spread.at(timeMs, learnt.forecast.level);
    const residual = value - expected;
    const sigmas = residual / deviation;
    const isFilled = state.linePoints >= LINE_POINTS;
    // An episode that was told fills the tails less: else one long outage would make the next one ordinary.
    const weight = isFilled ? 0 : Math.pow(2, -state.told);
    let surprise = 0;
    for (let scale = 0; scale < rates.length; scale++) {
      const bounded = scale === 0 ? sigmas : Math.max(-SMOOTHED_MAX, Math.min(SMOOTHED_MAX, sigmas));
      const smoothed = learnt.smoothed[scale]! + rates[scale]! * (bounded - learnt.smoothed[scale]!);
      learnt.smoothed[scale] = Math.max(-1e12, Math.min(1e12, smoothed));
      surprise = Math.max(surprise, against(tails, scale, smoothed, weight));
    }
    const departed = departure.measure(timeMs, value - habit, deviation);
    if (departed !== undefined) {
      const much = against(tails, rates.length, departed, weight) - settings.departureDiscount;
      if (learnt.departure.points > DEPARTURE_WARM_UP) surprise = Math.max(surprise, much);
    }
    // A straight line was drawn by somebody who filled a gap; and what is as it usually is at this time is no news, however it came about.
    if (isFilled || (usual !== undefined && Math.abs(value - usual) <= USUAL_SIGMAS * deviation)) surprise = 0;
    const periodMs = periodOf(learnt.stepMs);
    const told = bell.isWorth(value, { expected, spread: deviation }) ? bell.threshold - TOLD_SHORT : Infinity;
    const steps = periodMs / learnt.stepMs;
    const evidence = tell(surprise - restraint.excess - Math.log10(steps / CLUSTER_POINTS), told);
    const isWarm = state.points > WARM_UP_POINTS;
    const hasRung = evidence >= bell.threshold && told < Infinity && isWarm;
    restraint.learn(hasRung, Math.pow(10, -bell.threshold) / steps);
    learn(all, timeMs, value, residual, deviation, habit, isFilled);
    return {
      evidence: isWarm ? Math.max(EVIDENCE_MIN, evidence) : EVIDENCE_MIN,
      periodMs,
      expected,
      spread: deviation,
      usual,
    };
  }

  /** The surprise of a statistic in the tail of its side; both sides learn. Weight 0: nothing is learnt. */
  function against(tails: readonly Tail[], index: number, statistic: number, weight: number): number {
    const size = Math.log1p(Math.abs(statistic));
    const above = tails[2 * index]!;
    const below = tails[2 * index + 1]!;
    const surprise = (statistic > 0 ? above : below).surprise(size);
    if (weight > 0) {
      above.learn(statistic > 0 ? size : 0, weight);
      below.learn(statistic < 0 ? size : 0, weight);
    }
    return surprise;
  }

  /** Takes off what the points before have told, and remembers what this one tells. */
  function tell(evidence: number, from: number): number {
    const news = evidence - state.told;
    state.told *= toldDecay;
    if (news > from) state.told += settings.toldShare * Math.min(TOLD_MAX, news - from);
    return news;
  }

  function learn(
    { forecast, habits, spread, tails }: Parts,
    timeMs: number,
    value: number,
    residual: number,
    deviation: number,
    habit: number,
    isFilled: boolean,
  ): void {
    habits.learn(timeMs, residual + habit, deviation);
    if (!isFilled && spread.learn(timeMs, residual, deviation)) {
      for (const tail of tails) tail.shrinkTo(AGE_WHEN_WRONG);
    }
    const isOutlier = Math.abs(residual) > settings.clip * deviation;
    state.outliersInRow = isOutlier ? state.outliersInRow + 1 : Math.max(0, state.outliersInRow - 2);
    const expected = value - residual;
    const clipped = expected + Math.max(-settings.clip, Math.min(settings.clip, residual / deviation)) * deviation;
    if (state.outliersInRow > settings.releaseAfter) {
      state.outliersInRow = 0;
      forecast.jumpTo(timeMs, value - habit);
    } else {
      forecast.learn(timeMs, clipped - habit, deviation, Math.max(1 / state.points, errorRateMin));
    }
  }
}

function newLearnt(settings: SeasonalSettings, stepMs: number, level: number, meanStep: number): Learnt {
  const daySlots = newDaySlots(stepMs);
  return {
    stepMs,
    daySlots,
    weekSlots: newWeekSlots(stepMs),
    forecast: newForecastState(level),
    habits: newHabitState(daySlots.length),
    spread: newSpreadState(meanStep),
    smoothed: new Float64Array(settings.scales.length),
    departure: newDepartureState(level, meanStep),
    restraint: newRestraintState(),
    tails: Array.from({ length: 2 * (settings.scales.length + 1) }, () => newTailState(settings)),
  };
}

function assemble(settings: SeasonalSettings, learnt: Learnt): Parts {
  const day = createDayProfile(learnt.daySlots, settings.slotRate);
  const week = createWeekProfile(learnt.weekSlots, learnt.stepMs, settings.slotRate);
  return {
    day,
    forecast: createForecast(settings, day, week, learnt.forecast),
    habits: createHabits(learnt.habits),
    spread: createSpread(settings, learnt.stepMs, learnt.spread),
    departure: createDeparture(settings, learnt.stepMs, day, learnt.departure),
    restraint: createRestraint(settings, learnt.restraint),
    tails: learnt.tails.map((tail) => createTail(settings, tail)),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
