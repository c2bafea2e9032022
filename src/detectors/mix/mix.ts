/**
 * The shares of a dimension's values against what they were: who gains, who loses, and who was never there before. What all of
 * them do together changes no share, and rings nothing.
 */
import { DIRECTIONS } from '../detector.ts';
import type { Detector, DetectorContext, DetectorKind, Direction, SeriesInput, Step, Verdict } from '../detector.ts';
import { beginEpisode, goOn, groundsOf, perSpan, type Episode } from '../sequential/episode.ts';
import { logThresholdOf, refuse, refuseHopping } from '../sequential/promise.ts';
import { scanSpans, thetasOf, type ScanPlan } from '../sequential/span-scan.ts';
import { mixConfig, type MixConfig } from './config.ts';
import { dispersionOf } from './dispersion.ts';
import { amountOf, groupsOf, type Group } from './groups.ts';
import { canJudge, factorOf, LENGTHS, newShare, REACH, shareOf, spansOf, withWindow, type Share } from './share.ts';

const FORGET_AFTER_MS = 7 * 86_400_000;
/** After this long, and after as many windows as evidence reaches back, a changed share is how it is: learnt anew, and not told again. */
const LASTING_MS = 2 * 3_600_000;
/** Fewer are no share of anything. */
const UNSEEN_EVENTS_MIN = 20;

interface MixState {
  /** Start of the first window in which it stood, epoch ms. */
  readonly first: number;
  readonly windows: number;
  readonly share: Share;
  readonly down?: Episode;
  readonly up?: Episode;
  /** It came when the others were known: `new` until it is told or has become one of them. */
  readonly unseen?: 'new' | 'told';
}

function createMix(config: MixConfig, context: DetectorContext): Detector {
  const { measure, window, adds = 'events', groupings } = context;
  if (measure.kind !== 'count' && measure.kind !== 'sum') {
    refuse(context, `the detector mix for a measure of kind ${measure.kind}`, 'a count or a sum, which parts can have shares of');
  }
  refuseHopping(context, 'mix');
  if (groupings?.some((dimensions) => dimensions.includes(config.of)) === false) {
    refuse(context, `of: ${config.of}, which is no dimension of the series that it watches`, 'one of their dimensions');
  }
  const keep = 2 ** (-window.sizeMs / config.half_life);
  const reachMs = REACH * window.sizeMs;
  const lastingMs = Math.max(LASTING_MS, reachMs);
  /** A value is new for as long as its last windows are all that there is of it, at least. */
  const newForMs = Math.max(config.warm_up, reachMs);
  const plans = DIRECTIONS.flatMap((direction): [ScanPlan, number][] => {
    const change = config[direction];
    return change === undefined ? [] : [[{ direction, thetas: thetasOf(direction, change), lengths: LENGTHS, adds }, change]];
  });

  function observe(
    { state: known, observation }: SeriesInput<MixState>,
    group: Group<MixState> | undefined,
    needed: number,
  ): Step<MixState> {
    if (!group) return { state: undefined, verdicts: [] };
    const { startMs, endMs } = observation;
    const state = known ?? born(startMs, group);
    if (group.total <= 0) return { state, verdicts: [] };
    const isNew = state.unseen !== undefined && config.unseen !== undefined;
    const events = isNew && adds === 'amounts' ? { events: observation.volume } : {};
    const counted = { startMs, own: amountOf(observation), all: group.total, ...events };
    const isOn = plans.some(([{ direction }]) => state[direction] !== undefined);
    const share = withWindow(state.share, counted, keep, !isOn, adds);
    const next: { -readonly [Key in keyof MixState]: MixState[Key] } = { ...state, windows: state.windows + 1, share };
    if (isNew) return unseenStep(next, counted, endMs);
    const age = startMs - state.first;
    if (age < config.warm_up || share.all <= 0) return { state: next, verdicts: [] };
    const expected = shareOf(share, adds) * counted.all;
    const newest = { seen: counted.own, expected };
    const dispersion = dispersionOf(share.scatter, adds);
    const verdicts = plans.flatMap(([plan, change]): Verdict[] => {
      const { direction } = plan;
      const held = state[direction];
      if (!held && !canJudge(share, adds)) return [];
      let on = held && goOn(held, newest, dispersion);
      const isOld = held !== undefined && endMs - held.since >= lastingMs;
      const isLasting = isOld && on !== undefined;
      if (!held) {
        const spans = spansOf(share, adds);
        const scanned = scanSpans(plan, spans, factorOf(share), dispersion);
        if (scanned && scanned.log >= needed) on = beginEpisode(plan, scanned, needed, spans[scanned.length - 1]!.startMs, dispersion);
      }
      if (isOld) on = undefined;
      delete next[direction];
      if (on) next[direction] = on;
      else if (held) next.share = isOld ? relearnt(share) : { ...share, recent: [] };
      return [{ ...verdictOf(direction, change, on, next, newest, endMs), ...(isLasting && { isLasting }) }];
    });
    return { state: next, verdicts };
  }

  function born(startMs: number, { states }: Group<MixState>): MixState {
    const isUnseen = config.unseen !== undefined && states.some((other) => other && startMs - other.first >= newForMs);
    return { first: startMs, windows: 0, share: newShare(), ...(isUnseen && { unseen: 'new' }) };
  }

  /** A rule, not a test: no one can say how likely a value is that was never there. */
  function unseenStep(state: MixState, { own, all }: { own: number; all: number }, endMs: number): Step<MixState> {
    const { recent } = state.share;
    const seen = recent.reduce((sum, one) => sum + one.own, 0);
    const total = recent.reduce((sum, one) => sum + one.all, 0);
    const events = adds === 'events' ? seen : recent.reduce((sum, one) => sum + (one.events ?? 0), 0);
    const isLarge = events >= UNSEEN_EVENTS_MIN && seen >= config.unseen! * total;
    const told = state.unseen === 'told' || isLarge;
    const { unseen: _, ...rest } = state;
    const isKnown = endMs - state.first >= newForMs;
    const next: MixState = isKnown ? rest : { ...state, unseen: told ? 'told' : 'new' };
    if (!told) return { state: next, verdicts: [] };
    const verdict = {
      direction: 'up',
      observed: own,
      expected: config.unseen! * all,
      threshold: config.unseen! * all,
      baselineWindows: null,
      isUnseen: true,
    } as const;
    if (!isKnown) return { state: next, verdicts: [{ ...verdict, status: 'firing' }] };
    return { state: next, verdicts: [{ ...verdict, status: 'clear', ...(isLarge && { isLasting: true }) }] };
  }

  function verdictOf(
    direction: Direction,
    change: number,
    on: Episode | undefined,
    state: MixState,
    { seen, expected }: { seen: number; expected: number },
    endMs: number,
  ): Verdict {
    return {
      direction,
      status: on ? 'firing' : 'clear',
      // In the measure's own unit: of the group's total, what the share at hand makes, and what the share learnt would make.
      observed: seen,
      expected,
      threshold: expected * (direction === 'up' ? 1 + change : 1 - change),
      baselineWindows: state.windows,
      ...(on && { grounds: groundsOf(on, perSpan(on, window.sizeMs, endMs), state.first, endMs) }),
    };
  }

  return {
    stateVersion: 2,
    stateSettings: config.of,
    seesAbsent: true,
    forgetAfterMs: FORGET_AFTER_MS,
    observeWindow(inputs) {
      const groups = groupsOf(inputs as readonly SeriesInput<MixState>[], config.of);
      const needed = logThresholdOf(context, groups.filter((group) => group !== undefined).length, window.sizeMs);
      return { steps: inputs.map((input, index) => observe(input as SeriesInput<MixState>, groups[index], needed)) };
    },
  };
}

/** The shares of the windows at hand are the new ones. */
function relearnt(share: Share): Share {
  const own = share.recent.reduce((sum, one) => sum + one.own, 0);
  const all = share.recent.reduce((sum, one) => sum + one.all, 0);
  return { ...share, own, all, recent: [], pending: 0 };
}

export const mix: DetectorKind<typeof mixConfig> = {
  name: 'mix',
  description: 'Watches the shares that the values of a dimension have in their total, and tells values that were never seen before.',
  config: mixConfig,
  tests: (config) => (config.down === undefined ? 0 : 1) + (config.up === undefined ? 0 : 1),
  watches: (config, direction) => config[direction] !== undefined || (direction === 'up' && config.unseen !== undefined),
  create: createMix,
};
