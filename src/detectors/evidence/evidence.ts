/**
 * Weighs evidence against a forecast that knows how wrong it may be, until it outweighs the false-alarm budget. Full segments
 * have a forecast of their own, roll-ups the sum of their members'. The files of this room, in the order of the data's way:
 *
 * - What is fixed: `config` is what the user says, `profile` what is assumed of a kind of measure; with `time-grid`, `rhythm` and `arrival`
 *   they make the `model` of a detect entry. `layout` is the state of one series, `state-bytes` how it is written.
 * - A window comes: here, or in `rows` where nobody says when it is over. `unheard` says which series it tells nothing of, `groups` who is a
 *   member of what (`newcomers`: who stands in for whom), and `field` leads the series of the entry through it, with one `kit` for all.
 * - Its values enter a state: `series-slots` (`slot-place`: where), as `baseline` forecast them. What forecasts were wrong by goes into
 *   `tracked-error`, `carry-over` and `noise` (`spread-pool`, `size-pool`: what others say of it); a full block (`blocks`) is learnt, and becomes one of the `habits`.
 * - What many do together is taken out of the forecasts: `common-mode` finds it in a `common-group`, and asks their `agreement` whether it is common.
 * - Each is judged: `scan` weighs all spans (`sums`) by their `log-likelihood`, `power` says what has to be reached, `episode` is the life of an alarm.
 * - It is told: `verdicts`, and `contributors` for a roll-up. Between windows `look` asks the same of the open one; `foresee` spares it most of the work.
 */
import { AppError } from '../../core/errors.ts';
import { atOnce, createPace, type Sliced } from '../../core/slices.ts';
import type {
  Contributor,
  Detector,
  DetectorContext,
  DetectorKind,
  Observation,
  SeriesInput,
  Step,
  Verdict,
  WindowSteps,
} from '../detector.ts';
import { percentText } from '../fields.ts';
import { evidenceConfig } from './config.ts';
import type { EvidenceConfig } from './config.ts';
import { contributorsOf } from './contributors.ts';
import { createField } from './field.ts';
import type { Field, FieldMemory } from './field.ts';
import { createGroups } from './groups.ts';
import type { Groups, GroupsMemory, MemberForecast } from './groups.ts';
import { At, Baseline, HAS_LASTED, Status, bounded } from './layout.ts';
import type { SeriesState } from './layout.ts';
import { createLooker } from './look.ts';
import { createModel } from './model.ts';
import type { Model } from './model.ts';
import { noiseOf } from './noise.ts';
import { profileOf } from './profile.ts';
import { stateBytes, stateVersionOf } from './state-bytes.ts';
import { markUnheard } from './unheard.ts';
import { verdictsOf } from './verdicts.ts';
import type { Seen } from './verdicts.ts';

/** Of so many events that are expected none at all come by chance in one window of 20,000. */
const NEVER_NONE = 10;
const NOBODY: readonly Contributor[] = [];
const NOTHING: readonly Verdict[] = [];

/** All that the detector remembers besides the states of its series; `Shared` is how it is written. */
interface Memory {
  readonly segments: Field;
  readonly rollUps: Field;
  readonly groups: Groups;
}

interface Shared {
  readonly segments: FieldMemory;
  readonly rollUps: FieldMemory;
  readonly groups: GroupsMemory;
}

/** One series in the window at hand. Reused from window to window. */
interface Turn extends Seen {
  scale: number;
  state: SeriesState;
  observation: Observation;
  /** Number of the roll-up that it is; undefined: a segment, with a forecast of its own. */
  group: number | undefined;
  /** Nobody asks what of it is in order. */
  isCalm: boolean;
  /** It has no row, and that says nothing of it. */
  isUnheard: boolean;
  startMs: number;
  amount: number;
  exposure: number;
  events: number;
  expected: number;
}

const NONE: readonly number[] = [];
const BLANK = { group: undefined, isCalm: false, isUnheard: false, startMs: 0, amount: 0, exposure: 0, events: 0, expected: 0 };

function createEvidence(config: EvidenceConfig, context: DetectorContext): Detector<SeriesState> {
  const model = modelOf(config, context);
  const { grid } = model;
  const scale = context.measure.kind === 'ratio' ? context.measure.scale : 1;
  const isUnion = context.measure.kind === 'distinct';
  const full = context.groupings?.reduce((most, one) => (one.length > most.length ? one : most), []) ?? [];
  const rollUps = (context.groupings ?? []).filter((one) => one !== full);
  const turns: Turn[] = [];
  const forecast: MemberForecast = { expected: 0, variance: 0, noise: 0, skew: 0, isFirst: false };
  const isDue = createPace();
  let given: unknown;
  let memory: Memory = remember(undefined);

  function remember(shared: Shared | undefined): Memory {
    const segments = createField(model, shared?.segments);
    const groups = createGroups(segments.common, rollUps, grid.spanMinutes, shared?.groups ?? {}, model.drops.factors.length > 0);
    return { segments, rollUps: createField(model, shared?.rollUps), groups };
  }

  function recall(shared: unknown): Memory {
    if (shared !== given) memory = remember(shared as Shared | undefined);
    given = shared;
    return memory;
  }

  /** What it is among the roll-ups is asked of its labels once: a state keeps the answer. */
  function stateOf({ state: known, observation: { labels } }: SeriesInput<SeriesState>, slot: number, at: Memory): SeriesState {
    if (known && (known.groups || known.rollUp !== undefined)) return known;
    const { segments, rollUps: sums, groups } = at;
    const count = Object.keys(labels).length;
    const rollUp = count < full.length ? groups.numbered(labels) : undefined;
    const state = known ?? (rollUp === undefined ? segments : sums).bear(slot);
    state.rollUp = rollUp;
    if (rollUp === undefined) state.groups = count === full.length ? groups.of(labels) : [];
    return state;
  }

  function* turnsOf(inputs: readonly SeriesInput<SeriesState>[], slot: number, at: Memory): Sliced<void> {
    const share = model.hasExposure ? 1 : 1 / grid.windowsPerSlot;
    turns.length = Math.min(turns.length, inputs.length);
    for (const [i, input] of inputs.entries()) {
      if (isDue()) yield;
      const state = stateOf(input, slot, at);
      const { observation } = input;
      const turn = (turns[i] ??= { ...BLANK, state, observation, scale });
      turn.state = state;
      turn.observation = observation;
      turn.group = state.rollUp;
      turn.isCalm = input.isCalm === true;
      turn.isUnheard = false;
      turn.startMs = observation.startMs;
      turn.amount = bounded(observation.parts?.amount ?? 0);
      turn.exposure = bounded(observation.parts?.exposure ?? 0) * share;
      turn.events = observation.volume;
      turn.expected = 0;
      turn.scale = scale;
    }
  }

  function* observing(inputs: readonly SeriesInput<SeriesState>[], shared: unknown): Sliced<WindowSteps<SeriesState>> {
    const first = inputs[0]?.observation;
    const at = recall(shared);
    const window = first ? Math.round(first.startMs / grid.windowMs) : 0;
    const slot = grid.slotAt(window);
    if (!first || (inputs.every(({ observation }) => observation.absent) && isSourceSilent(inputs, slot, at))) {
      return { steps: inputs.map(({ state }): Step<SeriesState> => ({ state, verdicts: [] })), shared };
    }
    const filled = grid.filledBy(window);
    yield* turnsOf(inputs, slot, at);
    yield* enterAll(slot, at);
    const steps: Step<SeriesState>[] = [];
    for (const turn of turns) {
      steps.push({ state: turn.state, verdicts: judge(turn, slot, filled, at) });
      // A roll-up that breaks asks all series who has a part in it.
      if (isDue() || turn.group !== undefined) yield;
    }
    yield* forgetRollUps(at.groups);
    given = { segments: at.segments.memory(), rollUps: at.rollUps.memory(), groups: at.groups.memory() } satisfies Shared;
    return { steps, shared: given };
  }

  /**
   * No row of any series. Where so much is expected it was the source that was silent, not each of them; where little is, nothing came. A rate learns nothing of
   * it, and while there is no forecast nobody can tell.
   */
  function isSourceSilent(inputs: readonly SeriesInput<SeriesState>[], slot: number, at: Memory): boolean {
    if (model.hasExposure) return true;
    at.segments.renew();
    /** By the names of the segments' labels: each event is in one segment of each grouping. */
    const events = new Map<string, number>();
    for (const input of inputs) {
      const state = stateOf(input, slot, at);
      if (state.rollUp !== undefined) continue;
      const one = at.segments.eventsIn(state, slot);
      if (one === undefined) continue;
      const names = Object.keys(input.observation.labels).join();
      events.set(names, (events.get(names) ?? 0) + one);
    }
    return events.size === 0 || Math.max(...events.values()) >= NEVER_NONE;
  }

  /** Those that no series is, or is a part of, any more. */
  function* forgetRollUps(groups: Groups): Sliced<void> {
    const isUsed = new Uint8Array(groups.size);
    for (const { group, state } of turns) {
      if (isDue()) yield;
      if (group !== undefined) isUsed[group] = 1;
      for (const number of state.groups ?? NONE) isUsed[number] = 1;
    }
    const moved = groups.forgetUnused(isUsed);
    if (!moved) return;
    for (const { group, state } of turns) {
      if (isDue()) yield;
      if (group !== undefined) state.rollUp = moved[group]!;
      state.groups = state.groups?.map((number) => moved[number]!);
    }
  }

  function* enterAll(slot: number, { segments, rollUps: sums, groups }: Memory): Sliced<void> {
    segments.begin(slot, turns.length);
    sums.begin(slot, turns.length);
    for (const { group, state } of turns) if (group !== undefined && state.numbers[At.status] !== Status.calm) groups.hold(group);
    groups.begin(grid.slotMinutes / grid.windowsPerSlot);
    markUnheard(turns, model, segments.delay());
    for (const turn of turns) {
      if (isDue()) yield;
      if (turn.group !== undefined || turn.isUnheard) continue;
      const { state, amount, exposure, events } = turn;
      const { numbers } = state;
      const isNew = numbers[At.baseline] === Baseline.none;
      turn.expected = segments.enter(state, slot, amount, exposure, events);
      if (!state.groups?.length) continue;
      if (turn.expected <= 0) {
        if (numbers[At.baseline] === Baseline.none) groups.addStranger(state.groups, amount);
        continue;
      }
      forecast.isFirst = isNew;
      // A first forecast was made under the offsets that hold.
      forecast.expected = isNew ? turn.expected : turn.expected * Math.exp(groups.behind(state.groups));
      forecast.variance = numbers[At.variance]!;
      forecast.noise = noiseOf(numbers, model, turn.expected);
      forecast.skew = segments.skewOf(state);
      groups.addMember(state.groups, amount, exposure, forecast);
    }
    const shifts = segments.settle();
    for (const turn of turns) {
      if (isDue()) yield;
      if (turn.isUnheard) continue;
      if (turn.group === undefined) {
        if (shifts) turn.expected *= segments.apply(turn.state, slot, shifts);
      } else {
        enterRollUp(turn, turn.group, slot, groups, sums);
      }
    }
  }

  /** Its members are judged, and its own row is told. */
  function enterRollUp(turn: Turn, group: number, slot: number, groups: Groups, sums: Field): void {
    const sum = groups.sum(group);
    const members = sum.seen + sum.strangers;
    if (!model.hasExposure && model.drops.factors.length > 0) groups.standIn(group, model.drops.breakEven);
    sums.enterMembers(turn.state, slot, sum);
    turn.expected = sum.expected;
    if (model.hasExposure) {
      // Of a rate both sides are told as they were judged: of those that have a forecast.
      turn.amount = sum.seen;
      turn.exposure = sum.exposure;
      return;
    }
    // Of different values a roll-up has fewer than its members together.
    if (isUnion) {
      turn.scale = members > 0 ? turn.amount / members : 1;
      turn.amount = members;
    }
    // What nobody has a forecast of is taken to be as it should.
    if (sum.expected > 0) turn.expected += Math.max(0, turn.amount - sum.seen);
  }

  function judge(turn: Turn, slot: number, filled: number, { segments, rollUps: sums, groups }: Memory): readonly Verdict[] {
    if (turn.isUnheard) return NOTHING;
    const { state, group } = turn;
    const before = state.numbers[At.status]!;
    (group === undefined ? segments : sums).judge(state, slot, filled, true);
    const status = state.numbers[At.status]!;
    let contributors: readonly Contributor[] = NOBODY;
    if (group !== undefined) {
      if (before !== Status.calm && status === Status.calm) groups.adopt(group);
      if (status !== before && status !== Status.calm) contributors = contributorsOf(turns, group, model, slot, state, groups);
    }
    const isLasting = status === Status.calm && state.numbers[At.back] === HAS_LASTED;
    if (turn.isCalm && !isLasting && status !== Status.drop && status !== Status.rise) return NOTHING;
    const verdicts = verdictsOf(state.numbers, model, turn, contributors, isLasting);
    // Said with the first verdict there is: nothing came, or the new level has to be learnt first.
    if (isLasting && verdicts.length > 0) state.numbers[At.back] = 0;
    return verdicts;
  }

  return {
    stateVersion: stateVersionOf(model),
    stateForm: stateBytes(model),
    seesAbsent: true,
    forgetAfterMs: config.forget_after,
    observeWindow: (inputs, shared) => atOnce(observing(inputs, shared)),
    observing,
    look: createLooker(model, scale, (shared) => recall(shared).segments),
  };
}

function modelOf(config: EvidenceConfig, { measure, window, adds = 'events', budget }: DetectorContext): Model {
  const isRatio = measure.kind === 'ratio';
  if (!isRatio && measure.kind !== 'count' && measure.kind !== 'sum' && measure.kind !== 'distinct') {
    throw new AppError(
      'config_invalid',
      `detect: ${measure.name}: found the detector evidence for a measure of kind ${measure.kind}; it weighs counts, sums and ratios of ` +
        'them. Expected one of those, or another detector',
    );
  }
  if (window.sizeMs !== window.slideMs) {
    throw new AppError(
      'config_invalid',
      `detect: ${measure.name}: found the hopping window ${window.name}; evidence needs windows that share no event. Expected a tumbling one`,
    );
  }
  return createModel({
    windowMs: window.sizeMs,
    profile: profileOf(adds, isRatio),
    hasExposure: isRatio,
    habits: config.habits,
    drop: config.down === undefined ? undefined : 1 - config.down,
    rise: config.up === undefined ? undefined : 1 + config.up,
    falseAlarmsPerDay: budget?.falseAlarmsPerDay ?? 1,
    tests: budget?.tests ?? 1,
  });
}

export const evidence: DetectorKind<typeof evidenceConfig> = {
  name: 'evidence',
  description: 'Weighs evidence against a forecast with level and daily rhythm, for as many false alarms a day as the budget allows.',
  config: evidenceConfig,
  tests: (config) => (config.down === undefined ? 0 : 1) + (config.up === undefined ? 0 : 1),
  watches: (config, direction) => config[direction] !== undefined,
  outline: ({ down, up }) =>
    [...(down === undefined ? [] : [`down ${percentText(down)}`]), ...(up === undefined ? [] : [`up ${percentText(up)}`])].join(', '),
  create: createEvidence,
};
