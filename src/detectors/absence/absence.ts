/**
 * A series falls silent that is usually heard of at this hour. It learns how often windows are empty and how long silences
 * last, hour by hour; a series that sleeps at night does not ring at night, and one that speaks every tenth minute is not
 * silent after nine.
 */
import type { Detector, DetectorContext, DetectorKind, Grounds, SeriesInput, Step, Verdict } from '../detector.ts';
import { logThresholdOf, refuse } from '../sequential/promise.ts';
import { gammaRange, oneIn, ratioRange } from '../sequential/ranges.ts';
import { absenceConfig, type AbsenceConfig } from './config.ts';
import {
  keptOf,
  longerThan,
  newHours,
  surpriseOf,
  usualAmount,
  usualShare,
  usualSilence,
  withSilence,
  withWindow,
  type Hours,
} from './hours.ts';

const HOUR_MS = 3_600_000;

/** From how many windows, or visits, an hour is known: the lesser of both. A week is learnt in a week. */
const KNOWN_WINDOWS = 20;
const KNOWN_VISITS = { day: 3, week: 1 } as const;

interface Silence {
  readonly since: number;
  readonly windows: number;
  /** Nats, and what would have come. */
  readonly surprise: number;
  readonly missing: number;
  /** Windows in which something would have come; absent: written when they were not counted yet. */
  readonly heard?: number;
  /** The hour in which it began, and how long silences last then, ms. */
  readonly hour: number;
  readonly usual: number;
  /** What it had to reach when it rang; undefined: it has not rung. */
  readonly needed?: number;
  readonly rang?: number;
}

interface AbsenceState {
  readonly hours: Hours;
  /** Number of the hour seen last, since the epoch. */
  readonly hour: number;
  readonly windows: number;
  readonly first: number;
  /** End of the last window, epoch ms; absent before the first. */
  readonly end?: number;
  readonly silence?: Silence;
}

function createAbsence(config: AbsenceConfig, context: DetectorContext): Detector {
  const { measure, window, adds = 'events' } = context;
  if (measure.kind !== 'count' && measure.kind !== 'sum' && measure.kind !== 'distinct') {
    refuse(context, `the detector absence for a measure of kind ${measure.kind}`, 'a count, a sum or a distinct count');
  }
  const count = config.habits === 'week' ? 168 : 24;
  const least = Math.min(KNOWN_WINDOWS, keptOf(KNOWN_VISITS[config.habits], Math.max(1, HOUR_MS / window.slideMs)));
  // Windows that overlap are silent together: only what is new in each is news.
  const shareOfWindow = window.slideMs / window.sizeMs;

  function observe({ state: known, observation }: SeriesInput<AbsenceState>, needed: number): Step<AbsenceState> {
    const { startMs, endMs, value } = observation;
    const hourNumber = Math.floor(startMs / HOUR_MS);
    const hour = hourNumber % count;
    // State that was written without its settings may be of other habits: its hours are none of these.
    const isOfHabits = known?.hours.windows.length === count;
    const begun = known && isOfHabits ? known : { hours: newHours(count), hour: -1, windows: 0, first: startMs };
    const state = passGap(begun, endMs, needed);
    if (observation.absent || observation.volume <= 0 || value === 0) {
      const next = passEmpty(state, startMs, 1, needed);
      const { missing, windows, rang } = next.silence;
      return { state: next, verdicts: [verdictOf(next, 0, missing / windows, rang === undefined ? undefined : next.silence, endMs)] };
    }
    const amount = Math.max(0, value ?? 0);
    const { silence, ...rest } = { ...state, hour: hourNumber, windows: state.windows + 1, end: endMs };
    const learnt = silence ? learn(state.hours, silence) : state.hours;
    const hours = withWindow(learnt, hour, { amount, isVisit: state.hour !== hourNumber, isEmpty: false });
    return { state: { ...rest, hours }, verdicts: [verdictOf(rest, amount, usualAmount(hours, hour), undefined, endMs)] };
  }

  /** Windows that nobody told of, as after a long silence only the next ones are told: nothing was in them either. */
  function passGap(state: AbsenceState, endMs: number, needed: number): AbsenceState {
    if (state.end === undefined) return state;
    const untold = Math.round((endMs - state.end) / window.slideMs) - 1;
    let next = state;
    for (const [startMs, windows] of hoursOf(state.end + window.slideMs - window.sizeMs, untold))
      next = passEmpty(next, startMs, windows, needed);
    return next;
  }

  /**
   * Nobody knows whether anything was in the windows before. A silence that has rung goes on until something comes; of any other it is not known
   * whether it is one.
   */
  function passUnknown(state: AbsenceState, unknownBefore: number): AbsenceState {
    if (state.end === undefined) return state;
    const unknown = Math.ceil((unknownBefore - state.end + window.sizeMs) / window.slideMs) - 1;
    if (unknown <= 0) return state;
    const { silence, ...rest } = state;
    return { ...rest, end: state.end + unknown * window.slideMs, ...(silence?.rang !== undefined && { silence }) };
  }

  /** Empty windows within one hour, the first from `startMs` on. Whether they ring is asked at the end of the last. */
  function passEmpty(state: AbsenceState, startMs: number, windows: number, needed: number): AbsenceState & { readonly silence: Silence } {
    const hourNumber = Math.floor(startMs / HOUR_MS);
    const hour = hourNumber % count;
    const end = startMs + (windows - 1) * window.slideMs + window.sizeMs;
    const silence = goOn(state, startMs, windows, hour);
    const rings = silence.rang === undefined && isTooLong(silence, end, needed);
    // Where nothing is missed an empty window is learnt at once; else when the silence has ended, if it was a usual one.
    const seen = { amount: 0, isVisit: state.hour !== hourNumber, isEmpty: true, count: windows };
    const hours = surpriseOf(state.hours, hour, least) === 0 ? withWindow(state.hours, hour, seen) : state.hours;
    const held = rings ? { ...silence, rang: silence.surprise, needed } : silence;
    return { ...state, hours, hour: hourNumber, windows: state.windows + windows, end, silence: held };
  }

  function goOn({ hours, silence }: AbsenceState, startMs: number, windows: number, hour: number): Silence {
    const begun = silence ?? { since: startMs, windows: 0, surprise: 0, missing: 0, heard: 0, hour, usual: usualSilence(hours, hour) };
    return {
      ...begun,
      windows: begun.windows + windows,
      surprise: begun.surprise + windows * surpriseOf(hours, hour, least) * shareOfWindow,
      missing: begun.missing + windows * usualAmount(hours, hour),
      heard: (begun.heard ?? begun.windows) + windows * usualShare(hours, hour),
    };
  }

  function isTooLong({ since, surprise, usual }: Silence, endMs: number, needed: number): boolean {
    const lasted = endMs - since;
    return lasted >= config.for && lasted >= longerThan(usual) && surprise >= needed;
  }

  /** The windows of a silence that ended without ringing were empty, as is usual. Those that nobody missed were learnt as they came. */
  function learn(hours: Hours, { since, windows, hour: began, rang }: Silence): Hours {
    let learnt = withSilence(hours, began, windows * window.slideMs, rang !== undefined);
    if (rang !== undefined) return learnt;
    for (const [startMs, inHour] of hoursOf(since, windows)) {
      const hour = Math.floor(startMs / HOUR_MS) % count;
      const seen = { amount: 0, isVisit: false, isEmpty: true, count: inHour };
      if (surpriseOf(learnt, hour, least) > 0) learnt = withWindow(learnt, hour, seen);
    }
    return learnt;
  }

  /** Splits windows that follow each other by the hour in which they begin. */
  function* hoursOf(startMs: number, windows: number): Generator<[startMs: number, windows: number]> {
    for (let at = startMs, left = windows; left > 0;) {
      const nextHour = (Math.floor(at / HOUR_MS) + 1) * HOUR_MS;
      const inHour = Math.min(left, Math.ceil((nextHour - at) / window.slideMs));
      yield [at, inHour];
      at += inHour * window.slideMs;
      left -= inHour;
    }
  }

  function verdictOf(state: AbsenceState, observed: number, expected: number, silence: Silence | undefined, endMs: number): Verdict {
    return {
      direction: 'down',
      status: silence ? 'firing' : 'clear',
      observed,
      expected,
      threshold: 0,
      baselineWindows: state.windows,
      ...(silence && { grounds: groundsOf(silence, piecesOf(silence), state.first, endMs), lastsSince: silence.since }),
    };
  }

  /** In how many pieces would have come what is missing: events, or amounts of a window, as nobody knows how large single ones are. */
  function piecesOf({ missing, windows, heard = windows }: Silence): number {
    return (adds === 'events' ? missing : heard) * shareOfWindow;
  }

  return {
    stateVersion: 1,
    stateSettings: config.habits,
    seesAbsent: true,
    hearsSilence: true,
    forgetAfterMs: config.forget_after,
    passUnknown: (state, unknownBefore) => passUnknown(state as AbsenceState, unknownBefore),
    observeWindow(inputs) {
      const needed = logThresholdOf(context, inputs.length, window.slideMs);
      return { steps: inputs.map((input) => observe(input as SeriesInput<AbsenceState>, needed)) };
    },
  };
}

function groundsOf({ since, windows, missing, rang = 0, needed = 0 }: Silence, pieces: number, firstMs: number, untilMs: number): Grounds {
  const [low, high] = gammaRange(pieces, pieces);
  const perPiece = pieces > 0 ? missing / windows / pieces : 0;
  return {
    logEvidence: rang,
    logThreshold: needed,
    oneIn: oneIn(rang),
    sinceMs: since,
    untilMs,
    observed: 0,
    expected: missing / windows,
    expectedRange: [low * perPiece, high * perPiece],
    ratio: 0,
    ratioRange: ratioRange(0, pieces, 0),
    baselineAgeMs: untilMs - firstMs,
    contributors: [],
  };
}

export const absence: DetectorKind<typeof absenceConfig> = {
  name: 'absence',
  description: 'Rings when a series falls silent that is usually heard of at this hour.',
  config: absenceConfig,
  tests: () => 1,
  create: createAbsence,
};
