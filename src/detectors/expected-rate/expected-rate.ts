/**
 * Holds attempts and successes against the rate that was designed: item drops, draws, coupons. The null is known, so that the
 * promise is a theorem and evidence never runs out of memory: what is wrong by little is found late, and is found.
 */
import { DIRECTIONS } from '../detector.ts';
import type { Detector, DetectorContext, DetectorKind, Direction, Grounds, Observation, SeriesInput, Step, Verdict } from '../detector.ts';
import { loseAfter } from '../lose-after.ts';
import { addStep, loudestOf, type ChangeSum, type Loudest } from '../sequential/change-sum.ts';
import { logThresholdOf, refuse, refuseHopping } from '../sequential/promise.ts';
import { gammaRange, oneIn, ratioRange } from '../sequential/ranges.ts';
import { halfWay, isRecovered, recover } from '../sequential/recovery.ts';
import { changesOf, expectedRateConfig, type ExpectedRateConfig } from './config.ts';
import { parseRate } from './rate-text.ts';
import { tiltsOf, weigh, type Tilt } from './tilts.ts';

/** An item drawn once a month is still the same item. */
const FORGET_AFTER_MS = 30 * 86_400_000;

/** Successes may be told so much later than their attempts: in time, and in windows where these are longer. */
const HELD_MS = 3_600_000;
const HELD_WINDOWS = 10;

/** An alarm that is on: what rang, and what has been counted since that span began. */
interface Episode {
  readonly log: number;
  readonly needed: number;
  readonly since: number;
  readonly seen: number;
  readonly exposure: number;
  readonly half: number;
  readonly back: number;
}

interface Side {
  readonly sum?: ChangeSum;
  readonly on?: Episode;
}

/** Windows with more successes than attempts, taken together: they wait for attempts, as most of theirs came before. */
interface Held {
  readonly startMs: number;
  readonly amount: number;
  readonly exposure: number;
}

interface RateState {
  /** End of the window it first saw, epoch ms, and how many it has judged. */
  readonly first: number;
  readonly windows: number;
  /** Beginning of the window judged last, epoch ms; states of before it was noted have none. */
  readonly judged?: number;
  readonly held?: Held;
  readonly down?: Side;
  readonly up?: Side;
}

interface Design {
  readonly rate: number;
  readonly tilts: readonly (readonly [direction: Direction, change: number, tilts: readonly Tilt[]])[];
}

function createExpectedRate(config: ExpectedRateConfig, context: DetectorContext): Detector {
  const { measure, window } = context;
  if (measure.kind !== 'ratio') {
    refuse(context, `the detector expected-rate for a measure of kind ${measure.kind}`, 'a ratio: [successes, attempts]');
  }
  refuseHopping(context, 'expected-rate');
  const { scale } = measure;
  const heldMs = Math.max(HELD_MS, HELD_WINDOWS * window.sizeMs);
  const loseAfterMs = loseAfter(window.sizeMs);
  const changes = changesOf(config);
  const isKnown = (name: string): boolean => context.groupings?.some((dimensions) => dimensions.includes(name)) ?? true;
  if (config.rate_in !== undefined && !isKnown(config.rate_in)) {
    refuse(context, `rate_in: ${config.rate_in}, which is no dimension of this pipeline`, 'one of its dimensions');
  }
  if (config.rate !== undefined && changes.up !== undefined && config.rate * (1 + changes.up) >= 1) {
    refuse(context, `up: ${changes.up * 100}% of the rate ${config.rate * 100}%, which is never reached`, 'a smaller "up", or none');
  }
  const designs = new Map<number, Design>();

  function designOf({ labels }: Observation): Design | undefined {
    const rate = config.rate ?? parseRate(labels[config.rate_in ?? '']);
    if (rate === undefined) return undefined;
    let design = designs.get(rate);
    if (!design) {
      const tilts = DIRECTIONS.flatMap((direction) => {
        const change = changes[direction];
        const found = change === undefined ? [] : tiltsOf(rate, direction, change);
        return found.length === 0 ? [] : [[direction, change!, found] as const];
      });
      designs.set(rate, (design = { rate, tilts }));
    }
    return design;
  }

  function observe({ state, observation }: SeriesInput<RateState>, design: Design | undefined, needed: number): Step<RateState> {
    const { amount: came = 0, exposure: tried = 0 } = observation.parts ?? {};
    if (!design || came < 0 || (came === 0 && tried <= 0)) return { state, verdicts: [] };
    const { first = observation.startMs, windows = 0, judged = Infinity } = state ?? {};
    const held = state?.held && observation.startMs - state.held.startMs < heldMs ? state.held : undefined;
    const startMs = held?.startMs ?? observation.startMs;
    const amount = came + (held?.amount ?? 0);
    const exposure = Math.max(0, tried) + (held?.exposure ?? 0);
    // More successes than attempts are not of one and the same attempts, and say nothing about a rate by themselves.
    if (amount > exposure) return { state: { ...state, first, windows, held: { startMs, amount, exposure } }, verdicts: [] };
    const next: { first: number; windows: number; judged: number; down?: Side; up?: Side } = {
      first,
      windows: windows + 1,
      judged: observation.startMs,
    };
    // Its alert has ended as of nobody knows what: that it is still wrong has to be seen anew.
    const isLost = observation.startMs - judged > loseAfterMs;
    const verdicts: Verdict[] = [];
    for (const [direction, change, tilts] of design.tilts) {
      const smallest = direction === 'up' ? 1 + change : 1 - change;
      const before = isLost && state?.[direction]?.on ? undefined : state?.[direction];
      const side = turn(before, tilts, design.rate, smallest, { startMs, amount, exposure, needed });
      next[direction] = side;
      verdicts.push({
        direction,
        status: side.on ? 'firing' : 'clear',
        observed: (amount / exposure) * scale,
        expected: design.rate * scale,
        threshold: design.rate * smallest * scale,
        baselineWindows: next.windows,
        ...(side.on && { grounds: groundsOf(side.on, design.rate, first, observation.endMs) }),
      });
    }
    return { state: next, verdicts };
  }

  function groundsOf(on: Episode, rate: number, firstMs: number, untilMs: number): Grounds {
    const mean = on.exposure * rate;
    const [low, high] = gammaRange(mean, mean * (1 - rate));
    const perAttempt = scale / on.exposure;
    return {
      logEvidence: on.log,
      logThreshold: on.needed,
      oneIn: oneIn(on.log),
      sinceMs: on.since,
      untilMs,
      observed: on.seen * perAttempt,
      expected: rate * scale,
      expectedRange: [low * perAttempt, high * perAttempt],
      ratio: on.seen / mean,
      ratioRange: ratioRange(on.seen, mean, 0),
      baselineAgeMs: untilMs - firstMs,
      contributors: [],
    };
  }

  return {
    stateVersion: 1,
    stateSettings: config.rate === undefined ? `in ${config.rate_in}` : `${config.rate}`,
    seesAbsent: true,
    forgetAfterMs: FORGET_AFTER_MS,
    loseAfterMs,
    observeWindow(inputs) {
      const known = inputs.map(({ observation }) => designOf(observation));
      const needed = logThresholdOf(context, known.filter((design) => design !== undefined).length, window.sizeMs);
      return { steps: inputs.map((input, index) => observe(input as SeriesInput<RateState>, known[index], needed)) };
    },
  };
}

interface Counted {
  readonly startMs: number;
  readonly amount: number;
  readonly exposure: number;
  readonly needed: number;
}

/** `smallest`: ratio of the smallest change worth a bell. */
function turn(side: Side | undefined, tilts: readonly Tilt[], rate: number, smallest: number, counted: Counted): Side {
  const { startMs, amount, exposure, needed } = counted;
  const { on } = side ?? {};
  if (on) {
    const back = recover(on.back, on.half, amount, exposure * rate);
    // Over: what comes now is judged as if nothing had been seen before.
    return isRecovered(back) ? {} : { on: { ...on, back, seen: on.seen + amount, exposure: on.exposure + exposure } };
  }
  const sum = addStep(
    side?.sum,
    tilts.map((tilt) => weigh(tilt, amount, exposure)),
    startMs,
    amount,
    exposure,
  );
  const loudest = loudestOf(sum);
  return loudest.log < needed ? { sum } : { on: began(loudest, needed, rate, smallest) };
}

function began({ log, since, seen, exposure }: Loudest, needed: number, rate: number, smallest: number): Episode {
  return { log, needed, since, seen, exposure, half: halfWay(seen / (exposure * rate), smallest), back: 0 };
}

export const expectedRate: DetectorKind<typeof expectedRateConfig> = {
  name: 'expected-rate',
  description: 'Holds successes among attempts against the designed rate, with a test that may be looked at after every window.',
  config: expectedRateConfig,
  tests: (config) => Object.values(changesOf(config)).filter((change) => change !== undefined).length,
  watches: (config, direction) => changesOf(config)[direction] !== undefined,
  learns: false,
  create: createExpectedRate,
};
