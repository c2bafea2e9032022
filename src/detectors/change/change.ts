/**
 * Holds each span against the same time yesterday or last week. Both sides were counted, and days differ: the test knows the
 * noise of both, and learns from the days themselves how much they differ.
 */
import { DIRECTIONS } from '../detector.ts';
import type { Detector, DetectorContext, DetectorKind, Direction, Observation, SeriesInput, Step, Verdict } from '../detector.ts';
import { beginEpisode, goOn, groundsOf, perSpan, type Episode } from '../sequential/episode.ts';
import { logThresholdOf, refuse, refuseHopping } from '../sequential/promise.ts';
import { scanSpans, thetasOf, type ScanPlan, type Span } from '../sequential/span-scan.ts';
import { learnError, startVariance, varianceOf, type TrackedVariance } from '../sequential/tracked-variance.ts';
import { changeConfig, type ChangeConfig } from './config.ts';
import { NOT_KNOWN, readPast, writePast, type Counted, type Past } from './past.ts';

const DAY_MS = 86_400_000;
const SPAN_DEFAULT_MS = { '1d': 900_000, '7d': 3_600_000 } as const;
/** Spans in the past that a state has room for. */
const SPANS_MAX = 300;
const LENGTHS = [1, 2, 3, 5, 8] as const;
/** Days differ by a fifth, until they have shown by how much they do. */
const PRIOR_VARIANCE = 0.04;

interface ChangeState {
  readonly past?: Past;
  /** The span that is being counted, and how many of its windows were seen. */
  readonly now?: { readonly span: number; readonly windows: number } & Counted;
  /** The newest first. */
  readonly recent: readonly Span[];
  readonly days: TrackedVariance;
  readonly compared: number;
  /** End of the span compared last, epoch ms; absent before the first, and where it was not noted yet. */
  readonly judged?: number;
  readonly first: number;
  readonly down?: Episode;
  readonly up?: Episode;
}

function createChange(config: ChangeConfig, context: DetectorContext): Detector {
  const { measure, window, adds = 'events' } = context;
  const backMs = config.against === '1d' ? DAY_MS : 7 * DAY_MS;
  const spanMs = config.span ?? Math.max(SPAN_DEFAULT_MS[config.against], window.sizeMs);
  const length = backMs / spanMs;
  /** Spans begin where windows do. */
  const offsetMs = (window.offsetMs ?? 0) % spanMs;
  const spanAt = (startMs: number): number => Math.floor((startMs - offsetMs) / spanMs);
  const hasExposure = measure.kind === 'ratio';
  if (!hasExposure && measure.kind !== 'count' && measure.kind !== 'sum' && measure.kind !== 'distinct') {
    refuse(context, `the detector change for a measure of kind ${measure.kind}`, 'a count, a sum, or a ratio of such');
  }
  refuseHopping(context, 'change');
  if (DAY_MS % spanMs !== 0 || spanMs % window.sizeMs !== 0) {
    refuse(context, `spans of ${spanMs / 60_000} minutes`, `spans that a day and ${window.name} windows fit into, such as 15m or 1h`);
  }
  if (length > SPANS_MAX) {
    refuse(
      context,
      `${length} spans in ${config.against}`,
      `at most ${SPANS_MAX}: a longer "span", such as ${config.against === '1d' ? '15m' : '1h'}`,
    );
  }
  const windowsPerSpan = spanMs / window.sizeMs;
  const scale = measure.kind === 'ratio' ? measure.scale : 1;
  const plans = DIRECTIONS.flatMap((direction): [ScanPlan, number][] => {
    const change = config[direction];
    return change === undefined ? [] : [[{ direction, thetas: thetasOf(direction, change), lengths: LENGTHS, adds }, change]];
  });

  function observe({ state: known, observation }: SeriesInput<ChangeState>, needed: number): Step<ChangeState> {
    const { startMs, endMs } = observation;
    const span = spanAt(startMs);
    const parts = partsOf(observation, hasExposure);
    let state: ChangeState = known ?? { recent: [], days: startVariance(PRIOR_VARIANCE), compared: 0, first: startMs };
    const before = state.now?.span === span ? state.now : { span, windows: 0, amount: 0, exposure: 0 };
    const now = { span, windows: before.windows + 1, amount: before.amount + parts.amount, exposure: before.exposure + parts.exposure };
    if ((endMs - offsetMs) % spanMs !== 0) return { state: { ...state, now }, verdicts: [] };
    const { now: _, ...rest } = state;
    state = rest;
    // What was paid back is taken off within the span; a span of less than nothing is one of nothing.
    const counted = { amount: Math.max(0, now.amount), exposure: hasExposure ? Math.max(0, now.exposure) : 1 };
    if (now.windows < windowsPerSpan)
      return { state: { ...state, past: writePast(state.past, span, length, NOT_KNOWN, hasExposure) }, verdicts: [] };
    return compare(state, span, counted, needed, observation);
  }

  function compare(known: ChangeState, span: number, counted: Counted, needed: number, { startMs, endMs }: Observation): Step<ChangeState> {
    const state = startMs - (known.judged ?? Infinity) >= backMs ? withoutAlarms(known) : known;
    const then = readPast(state.past, span, length);
    const canCompare = then !== undefined && then.amount > 0 && then.exposure > 0 && counted.exposure > 0;
    if (!canCompare) {
      // While an alarm is on, what goes wrong is nobody's yesterday.
      const kept = state.down || state.up ? (then ?? NOT_KNOWN) : counted;
      return { state: { ...state, recent: [], past: writePast(state.past, span, length, kept, hasExposure) }, verdicts: [] };
    }
    const expected = (then.amount / then.exposure) * counted.exposure;
    const newest: Span = {
      startMs: span * spanMs + offsetMs,
      seen: counted.amount,
      expected,
      variance: adds === 'events' ? 1 / then.amount : 0,
    };
    const recent = [newest, ...state.recent].slice(0, LENGTHS.at(-1));
    /** What weighs as much as one event: of amounts as much as the days differ by, in whatever unit they are. */
    const piece = adds === 'events' ? 1 : varianceOf(state.days) * expected;
    const next: { -readonly [Key in keyof ChangeState]: ChangeState[Key] } = {
      ...state,
      recent,
      compared: state.compared + 1,
      judged: endMs,
    };
    let isOn = false;
    let said: Span[] = [];
    /** What lasted for as long as it is held against is how it is now. */
    let lasting: Episode | undefined;
    const verdicts = plans.map(([plan, change]): Verdict => {
      const { direction } = plan;
      const held = state[direction];
      let on = held && goOn(held, newest, piece);
      const isLasting = on !== undefined && endMs - on.since >= backMs;
      if (isLasting) {
        lasting = on;
        on = undefined;
      }
      if (!held) {
        const scanned = scanSpans(plan, recent, varianceOf(state.days));
        if (scanned && scanned.log >= needed) {
          said = recent.slice(0, scanned.length);
          on = beginEpisode(plan, scanned, needed, said.at(-1)!.startMs, piece);
        }
      }
      // What rang is told once: neither its spans nor its end are to ring again.
      if (held && !on) next.recent = [];
      delete next[direction];
      if (on) next[direction] = on;
      isOn ||= on !== undefined;
      return { ...verdictOf(direction, change, on, next, counted, newest, endMs), ...(isLasting && { isLasting }) };
    });
    if (!isOn) next.days = learnError(state.days, counted.amount / expected, (adds === 'events' ? 1 / expected : 0) + newest.variance);
    next.past = writePast(state.past, span, length, isOn ? undefined : counted, hasExposure);
    if (lasting) next.past = scaled(next.past, lasting.seen / lasting.expected, span);
    // The days to come are held against what was expected here, not against what went wrong.
    for (const one of said) {
      const number = spanAt(one.startMs);
      if (number < span) next.past = restored(next.past, number, one);
    }
    return { state: next, verdicts };
  }

  /** Their alerts have ended as of nobody knows what: that it is still wrong has to be seen anew. */
  function withoutAlarms({ down: _down, up: _up, ...rest }: ChangeState): ChangeState {
    return rest;
  }

  /** All but the newest span, which was counted at the new level. */
  function scaled(past: Past, by: number, span: number): Past {
    const amounts = past.amounts.map((amount, at) => (amount < 0 || at === span % length ? amount : Number((amount * by).toPrecision(6))));
    return { ...past, amounts };
  }

  function restored(past: Past, number: number, { expected }: Span): Past {
    const amounts = [...past.amounts];
    amounts[number % length] = Number(expected.toPrecision(6));
    return { ...past, amounts };
  }

  function verdictOf(
    direction: Direction,
    change: number,
    on: Episode | undefined,
    state: ChangeState,
    counted: Counted,
    { expected }: Span,
    endMs: number,
  ): Verdict {
    // Counts are told as of one window, which is what the measure is.
    const exposure = hasExposure ? counted.exposure / scale : windowsPerSpan;
    return {
      direction,
      status: on ? 'firing' : 'clear',
      observed: counted.amount / exposure,
      expected: expected / exposure,
      threshold: (expected / exposure) * (direction === 'up' ? 1 + change : 1 - change),
      baselineWindows: state.compared * windowsPerSpan,
      ...(on && { grounds: groundsOf(on, unitOf(on, counted, expected, endMs), state.first, endMs) }),
    };
  }

  /** From sums over an episode to the measure's unit; a ratio's exposure is not kept, and follows from what was expected. */
  function unitOf(on: Episode, counted: Counted, expected: number, endMs: number): number {
    if (!hasExposure) return perSpan(on, spanMs, endMs) / windowsPerSpan;
    return (scale * expected) / counted.exposure / on.expected;
  }

  return {
    stateVersion: 1,
    stateSettings: `${config.against} ${spanMs / 60_000}m`,
    seesAbsent: true,
    forgetAfterMs: 2 * backMs,
    loseAfterMs: backMs,
    observeWindow(inputs) {
      const needed = logThresholdOf(context, inputs.length, spanMs);
      return { steps: inputs.map((input) => observe(input as SeriesInput<ChangeState>, needed)) };
    },
  };
}

function partsOf({ parts, value }: Observation, hasExposure: boolean): Counted {
  return parts ?? { amount: hasExposure ? 0 : (value ?? 0), exposure: hasExposure ? 0 : 1 };
}

export const change: DetectorKind<typeof changeConfig> = {
  name: 'change',
  description: 'Holds each span against the same time yesterday or last week, and learns how much the days differ by themselves.',
  config: changeConfig,
  tests: (config) => (config.down === undefined ? 0 : 1) + (config.up === undefined ? 0 : 1),
  watches: (config, direction) => config[direction] !== undefined,
  create: createChange,
};
