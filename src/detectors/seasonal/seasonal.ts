/**
 * A dense series against its own day and week: how rarely does it depart so far from its forecast, by its own history? For
 * measures of any kind that always have a value; what is rare or mostly zero is better weighed by `evidence`.
 */
import { DIRECTIONS } from '../detector.ts';
import type { Detector, DetectorContext, DetectorKind, Direction, Observation, SeriesInput, Step, Verdict } from '../detector.ts';
import { loseAfter } from '../lose-after.ts';
import { refuse, refuseHopping } from '../sequential/promise.ts';
import { seasonalConfig, type SeasonalConfig } from './config.ts';
import { beginEpisode, effectOf, goOn, groundsOf, isLasting, referenceOf, type SeasonalEpisode } from './episode.ts';
import { createSeasonalScorer, periodOf, type Bell, type Reading, type SeasonalScorer, type SeasonalState } from './seasonal-scorer.ts';
import { SEASONAL_SETTINGS } from './settings.ts';
import { decodeSeasonalState, encodeSeasonalState } from './state-text.ts';

const DAY_MS = 86_400_000;
const STATE_VERSION = 2;
/** However large the budget is: what comes ten times in a period is no news. */
const THRESHOLD_MIN = -1;
/** The smallest fall that counts where only rises were asked for, and the other way round, is at most this. */
const OTHER_SIDE_MAX = 0.9;

interface WatchedState {
  readonly scorer: SeasonalScorer;
  readonly firstMs: number;
  episode: SeasonalEpisode | undefined;
}

function createSeasonal(config: SeasonalConfig, context: DetectorContext): Detector<WatchedState> {
  const { measure, window, adds = 'events', budget = { falseAlarmsPerDay: 1, tests: 1 } } = context;
  if (measure.kind === 'heavy_hitters') refuse(context, 'the detector seasonal for heavy hitters', 'a measure with one value a window');
  refuseHopping(context, 'seasonal');
  const directions = DIRECTIONS.filter((direction) => config[direction] !== undefined);
  const least = {
    down: config.down ?? config.up! / (1 + config.up!),
    up: config.up ?? config.down! / (1 - Math.min(config.down!, OTHER_SIDE_MAX)),
  };
  const isWorth: Bell['isWorth'] = (value, reading) => {
    const effect = effectOf(value, reading);
    return effect < 0 ? -effect >= least.down : effect >= least.up;
  };
  const periodMs = periodOf(window.sizeMs);
  const loseAfterMs = loseAfter(window.sizeMs);
  const isNonNegative = measure.kind === 'count' || measure.kind === 'distinct' || (measure.kind === 'ratio' && adds === 'events');

  function scorerOf(state?: SeasonalState): SeasonalScorer {
    return createSeasonalScorer(SEASONAL_SETTINGS, state, window.sizeMs);
  }

  /** The evidence is of rises and falls together: a direction alone has twice its part. */
  function thresholdFor(series: number): number {
    const perPeriod = (2 * budget.falseAlarmsPerDay * (periodMs / DAY_MS)) / (Math.max(1, budget.tests) * Math.max(1, series));
    return Math.max(THRESHOLD_MIN, -Math.log10(perPeriod));
  }

  function observe({ state: known, observation }: SeriesInput<WatchedState>, bell: Bell): Step<WatchedState> {
    const { startMs, value } = observation;
    if (value === null || !Number.isFinite(value)) return { state: known, verdicts: [] };
    const state = known ?? { scorer: scorerOf(), firstMs: startMs, episode: undefined };
    // Its alert has ended as of nobody knows what: that it is still wrong has to be seen anew.
    if (startMs - state.scorer.state.lastMs > loseAfterMs) state.episode = undefined;
    const reading = state.scorer.observe(startMs, value, bell);
    const before = state.episode;
    if (before) state.episode = goOn(before, value, reading.usual, reading.spread);
    const { episode } = state;
    const isBack = episode !== undefined && !isWorth(value, { expected: referenceOf(episode, reading.usual), spread: reading.spread });
    const rings = reading.evidence >= bell.threshold && isWorth(value, reading) && !isBack;
    const direction: Direction = value < reading.expected ? 'down' : 'up';
    // An episode that is on and worsens is the same one; that the other side rings ends it.
    if (rings && directions.includes(direction) && (!episode || episode.isOver || episode.direction !== direction)) {
      state.episode = beginEpisode(startMs, value, reading, window.sizeMs, bell.threshold);
    }
    const lasts = before !== undefined && !before.isOver && episode !== undefined && isLasting(episode);
    return { state, verdicts: directions.map((each) => verdictOf(each, state, observation, value, reading, lasts)) };
  }

  function verdictOf(
    direction: Direction,
    state: WatchedState,
    { endMs }: Observation,
    observed: number,
    reading: Reading,
    lasts: boolean,
  ): Verdict {
    const { episode, scorer, firstMs } = state;
    const on = episode && !episode.isOver && episode.direction === direction ? episode : undefined;
    const expected = on ? referenceOf(on, reading.usual) : reading.expected;
    const change = config[direction]! * Math.max(Math.abs(expected), reading.spread);
    return {
      direction,
      status: on ? 'firing' : 'clear',
      observed,
      expected,
      threshold: direction === 'down' ? expected - change : expected + change,
      baselineWindows: scorer.state.points,
      ...(on && { grounds: groundsOf(on, endMs - firstMs, isNonNegative) }),
      ...(!on && lasts && { isLasting: lasts }),
    };
  }

  return {
    stateVersion: STATE_VERSION,
    stateForm: {
      encode: ({ scorer, firstMs, episode }) =>
        Buffer.from(JSON.stringify({ firstMs, episode, scorer: encodeSeasonalState(scorer.state) })),
      decode(bytes, version) {
        if (version !== STATE_VERSION) return undefined;
        try {
          const { firstMs, episode, scorer } = JSON.parse(new TextDecoder().decode(bytes)) as Stored;
          const state = decodeSeasonalState(scorer);
          // An earlier version took the step from the first values: of a series that was sparse then it is too long for good.
          if (!state || (state.learnt && state.learnt.stepMs !== window.sizeMs)) return undefined;
          return { firstMs, episode, scorer: scorerOf(state) };
        } catch {
          return undefined;
        }
      },
    },
    seesAbsent: true,
    forgetAfterMs: config.forget_after,
    loseAfterMs,
    observeWindow(inputs) {
      const bell: Bell = { threshold: thresholdFor(inputs.length), isWorth };
      return { steps: inputs.map((input) => observe(input, bell)) };
    },
  };
}

interface Stored {
  readonly firstMs: number;
  readonly episode?: SeasonalEpisode;
  readonly scorer: string;
}

export const seasonal: DetectorKind<typeof seasonalConfig> = {
  name: 'seasonal',
  description: 'Holds a dense series against a forecast from its own days and weeks, and asks how rarely it departs so far.',
  config: seasonalConfig,
  tests: (config) => (config.down === undefined ? 0 : 1) + (config.up === undefined ? 0 : 1),
  watches: (config, direction) => config[direction] !== undefined,
  ofValues: true,
  create: createSeasonal,
};
