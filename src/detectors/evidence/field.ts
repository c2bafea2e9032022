/**
 * The core: all series of one detect entry, one slot after the other. A window's rows are entered one by one, what they
 * have in common is settled, then each is judged. Rows may also be judged as they come: then an alarm that could be a
 * common shift waits until the slot is settled.
 */
import { chosenDelay } from './arrival.ts';
import { doubtBaseline, isReady, logRate } from './baseline.ts';
import { createCommonMode } from './common-mode.ts';
import type { CommonMode, Member, Past, Shifts } from './common-mode.ts';
import { beginEpisode, discard, isDropping, isHabitual, isHeld, slotsOn, stepEpisode } from './episode.ts';
import type { Bar } from './episode.ts';
import { foresee, foreseeAs } from './foresee.ts';
import { createKit, setOffset } from './kit.ts';
import type { Kit } from './kit.ts';
import { At, Baseline, Status, emptyState, slotOf } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';
import { noiseOf, skewOf } from './noise.ts';
import { WORTH_MOST, thresholdOf, weighSeries } from './power.ts';
import { createScan, scanSpans } from './scan.ts';
import type { Evidence, Scan } from './scan.ts';
import { bear, enterMembers, enterWindow, shiftNewest } from './series-slots.ts';
import type { MembersSum } from './series-slots.ts';
import { moveTo } from './slot-place.ts';
import { amountPerEvent, firstSpread } from './spread-pool.ts';
import { sumBack } from './sums.ts';
import type { Sum } from './sums.ts';
import { clumpAt, copyPool, createPool, errorAt, fadePool, renewShrinkage } from './tracked-error.ts';
import type { StoredPool } from './tracked-error.ts';

const SUSPICION_MAX = 1e6;
/** What is left of a suspicion after a slot that does not share it, logs. */
const SUSPICION_FADES = 1;
const NONE: readonly number[] = [];
/** Log evidence that one slot has to bring for its bell to be what a common shift may do: what came by and by is not this slot's doing. */
const SUDDEN = 2;

/** Log evidence from which on a forecast that is about to be believed is not. */
const DOUBT = 7;

/** No evidence is older than the forecast is sure enough. */
function reachOf(numbers: Float32Array): number {
  return Math.min(numbers[At.reach]!, numbers[At.onSlots]!);
}

/** What the series of an entry share, from window to window. Plain JSON. */
export interface FieldMemory {
  readonly pool: StoredPool;
  /** What the series of the window before took of the budget, chance x worth, on average; null: there was none. */
  readonly power: number | null;
  readonly newest: number;
}

export interface Field {
  readonly common: CommonMode;
  memory(): FieldMemory;
  /** Delay of arrival that holds in the window at hand: its index. */
  delay(): number;
  /** The newest scan: of the series that was judged last. */
  readonly scan: Scan;
  /** A window of slot `slot` begins, of `series` series. */
  begin(slot: number, series: number): void;
  /** Log evidence that a series has to reach in the window at hand. */
  thresholdOf(state: SeriesState): number;
  bear(slot: number): SeriesState;
  /** Money: the power of its mean that the variance of a series goes with. */
  skewOf(state: SeriesState): number;
  /** Gives what was expected; 0: nothing could be. `events`: that an amount without exposure is the sum of; by default one a slot. */
  enter(state: SeriesState, slot: number, amount: number, exposure: number, events?: number): number;
  /** The same for a roll-up, by its members. */
  enterMembers(state: SeriesState, slot: number, sum: MembersSum): void;
  /** Common shifts of the window at hand, to be applied to all who were entered; undefined: none. */
  settle(): Shifts | undefined;
  /** Gives the factor by which the series' own forecast changed. */
  apply(state: SeriesState, slot: number, shifts: Shifts): number;
  /**
   * `filled`: how much of the slot is over, 1: it is complete; `isSettled`: what its series have in common is known. False: it would ring, for what may be common to
   * all, and nothing was changed.
   */
  judge(state: SeriesState, slot: number, filled: number, isSettled: boolean): boolean;
  /** What all series tell of errors holds as of now: before `eventsIn` is asked of a window that may not begin. */
  renew(): void;
  /** How many events a window of `slot` brings by the forecast: of those that come alone. Undefined: there is none. */
  eventsIn(state: SeriesState, slot: number): number | undefined;
  /** False: whatever the state holds, a look at these values would find no rise. */
  mayRise(state: SeriesState, slot: number, amount: number, exposure: number): boolean;
  /** Enters and judges a copy of a state, for rises alone; nothing that is written but the copy changes. Gives what was expected. */
  look(state: SeriesState, copy: SeriesState, slot: number, filled: number, amount: number, exposure: number): number;
}

export function createField(model: Model, stored?: FieldMemory): Field {
  const pool = stored ? copyPool(stored.pool) : createPool(model);
  const kit = createKit(model, pool);
  const { shrinkage } = kit;
  /** Of looks: they leave no error in the pool. */
  const glance: Kit = { ...kit, pool: createPool(model), isGlance: true };
  const common = createCommonMode(model.form === 'money');
  const member: Member = { q: 0, weight: 0, noise: 0 };
  /** Of the window at hand, as they were added to what is common. */
  const members: SeriesState[] = [];
  let memberCount = 0;
  const back: Sum = { seen: 0, expected: 0 };
  const scan = createScan(model);
  let newest = stored?.newest ?? -1;
  let before = stored?.power ?? null;
  /**
   * What the series of the window at hand take, and how many they are; the window before's decides the threshold. In an array: a
   * variable would be a new number on the heap for every row.
   */
  const power = [0];
  let entered = 0;
  let sharing = 1;
  /** In this life. */
  let hasBegun = false;

  /** What this series has to reach: most never ask. */
  function thresholdFor(numbers: Float32Array, slot: number): number {
    return weighSeries(numbers, kit, slot) ? thresholdOf(model, sharing, before, kit.power.worth) : Infinity;
  }

  function barOf({ numbers }: SeriesState, threshold: number): Bar {
    return { threshold, skew: skewOf(numbers, model, shrinkage) };
  }

  /** Of what has been on for fewer slots than the evidence is of, those alone are told if they are enough. `evidence`: of `scan`. */
  function narrow(numbers: Float32Array, slot: number, filled: number, evidence: Evidence, threshold: number, on: number): void {
    if (on >= evidence.slots) return;
    const whole = { ...evidence };
    scanSpans(numbers, model, moveTo(kit.now, model, slot), shrinkage, scan, on, filled);
    if (evidence.log <= threshold) Object.assign(evidence, whole);
  }

  /** What was held for a habit when it began goes beyond it by now: the evidence for that, to be told. */
  function beyondHabit(state: SeriesState, slot: number): { evidence: Evidence; bar: Bar } | undefined {
    const { numbers } = state;
    const isDrop = isDropping(numbers);
    scanSpans(numbers, model, moveTo(kit.now, model, slot), shrinkage, scan, numbers[At.onSlots]! + numbers[At.rangSlots]! + 1, 1);
    const evidence = isDrop ? scan.drop : scan.rise;
    if (evidence.log <= kit.threshold) return undefined;
    const bar = barOf(state, thresholdFor(numbers, slot));
    if (evidence.log <= bar.threshold || slotsOn(numbers, kit, slot, evidence, isDrop) === 0) return undefined;
    return isHabitual(state, model, slot, evidence, isDrop, bar) ? undefined : { evidence, bar };
  }

  const recall: Past = (number, windows, into) => {
    const { numbers } = members[number]!;
    const { windowsPerSlot, recent } = model.grid;
    sumBack(numbers, model, slotOf(numbers), Math.min(Math.ceil(windows / windowsPerSlot), recent), back);
    into.q = back.seen / back.expected;
    into.noise = noiseOf(numbers, model, back.expected);
  };

  return {
    common,
    delay: () => kit.delay,
    memory: () => ({ pool: copyPool(pool), power: entered === 0 ? before : power[0]! / entered, newest }),
    scan,
    renew() {
      renewShrinkage(shrinkage, pool, model);
    },
    begin(slot, series) {
      hasBegun = true;
      if (slot > newest) {
        fadePool(pool, model);
        newest = slot;
      }
      renewShrinkage(shrinkage, pool, model);
      kit.delay = chosenDelay(pool.delays);
      common.begin(slot * model.grid.slotMinutes);
      if (entered > 0) before = power[0]! / entered;
      sharing = series;
      kit.threshold = thresholdOf(model, series, before, WORTH_MOST);
      power[0] = entered = memberCount = 0;
    },
    thresholdOf: ({ numbers }) => thresholdFor(numbers, slotOf(numbers)),
    bear(slot) {
      const state = emptyState(model.layout);
      bear(state, slot, firstSpread(pool, model));
      return state;
    },
    skewOf: ({ numbers }) => skewOf(numbers, model, shrinkage),
    enter(state, slot, amount, exposure, events = exposure) {
      const { numbers } = state;
      const groups = state.groups ?? NONE;
      setOffset(kit.offset, common.offset(groups));
      const expected = enterWindow(state, kit, slot, amount, exposure, events);
      power[0]! += numbers[At.power]!;
      entered++;
      if (expected <= 0) return 0;
      if (groups.length > 0) members[memberCount++] = state;
      member.q = amount / expected;
      member.noise = noiseOf(numbers, model, expected);
      // In a part of a slot what clumps in time averages out over less of it.
      const error = errorAt(numbers, model, shrinkage, 0) * model.grid.windowsPerSlot;
      member.weight = 1 / (member.noise + shrinkage.bold * numbers[At.variance]! + error);
      common.add(groups, member);
      return expected;
    },
    enterMembers(state, slot, sum) {
      enterMembers(state, kit, slot, sum);
      power[0]! += state.numbers[At.power]!;
      entered++;
    },
    settle: () => common.settle(recall),
    apply(state, slot, shifts) {
      let shift = 0;
      let windowsBefore = 0;
      for (const group of state.groups ?? []) {
        shift += shifts.shift[group] ?? 0;
        windowsBefore = Math.max(windowsBefore, shifts.slotsBefore[group] ?? 0);
      }
      const slotsBefore = Math.floor(windowsBefore / model.grid.windowsPerSlot);
      if (shift !== 0 && slotOf(state.numbers) === slot) shiftNewest(state, model, slot, shift, slotsBefore);
      return Math.exp(shift);
    },
    judge(state, slot, filled, isSettled) {
      const { numbers } = state;
      if (numbers[At.status] !== Status.calm) {
        if (filled < 1) return true;
        const beyond = isHeld(numbers) ? beyondHabit(state, slot) : undefined;
        if (beyond && !isSettled) return false;
        if (beyond) beginEpisode(state, model, slot, beyond.evidence, isDropping(numbers), beyond.bar);
        else stepEpisode(state, kit, slot);
        return true;
      }
      if (!isReady(numbers, model)) {
        numbers[At.suspicion] = 0;
        return true;
      }
      const isFirst = numbers[At.onSlots]! <= 1;
      scanSpans(numbers, model, moveTo(kit.now, model, slot), shrinkage, scan, isFirst ? numbers[At.reach]! : reachOf(numbers), filled);
      const isDrop = scan.drop.log >= scan.rise.log;
      const evidence = isDrop ? scan.drop : scan.rise;
      if (isFirst && evidence.log > DOUBT) {
        doubtBaseline(numbers, model);
        return true;
      }
      const threshold = evidence.log > kit.threshold ? thresholdFor(numbers, slot) : Infinity;
      if (evidence.log > threshold) {
        const on = slotsOn(numbers, kit, slot, evidence, isDrop);
        if (on === 0) {
          discard(numbers, model, slot, evidence.slots);
          return true;
        }
        if (!isSettled && evidence.log > numbers[At.suspicion]! + SUDDEN) return false;
        narrow(numbers, slot, filled, evidence, threshold, on);
        beginEpisode(state, model, slot, evidence, isDrop, barOf(state, threshold));
      }
      numbers[At.suspicion] = Math.max(0, Math.min(evidence.log, SUSPICION_MAX), numbers[At.suspicion]! - SUSPICION_FADES);
      return true;
    },
    eventsIn({ numbers, groups }, slot) {
      if (numbers[At.baseline] !== Baseline.own) return undefined;
      setOffset(kit.offset, common.offset(groups ?? NONE));
      const { grid, form } = model;
      const expected = (Math.exp(logRate(numbers, model, moveTo(kit.now, model, slot).row)) * kit.offset.factor) / grid.windowsPerSlot;
      if (form !== 'money') return expected / (1 + clumpAt(numbers, model, shrinkage));
      const unit = amountPerEvent(numbers, model);
      return unit === undefined ? undefined : expected / unit;
    },
    mayRise(state, slot, amount, exposure) {
      // How sure a forecast is, and how much has to be reached, is known from the first window on.
      if (!hasBegun) return false;
      setOffset(kit.offset, common.offset(state.groups ?? NONE));
      const foreseen = foresee(state, kit, slot, exposure);
      // As the scan does, of values as they stand in a state.
      return foreseen === undefined || !(Math.fround(amount) <= model.rises.breakEven * Math.fround(foreseen));
    },
    look(state, copy, slot, filled, amount, exposure) {
      const { numbers } = copy;
      copy.bytes.set(state.bytes);
      setOffset(kit.offset, common.offset(state.groups ?? NONE));
      glance.threshold = kit.threshold;
      glance.delay = kit.delay;
      glance.pool.spreadSum = pool.spreadSum;
      glance.pool.spreadWeight = pool.spreadWeight;
      Object.assign(glance.pool.sizes, pool.sizes);
      glance.pool.skewSum = pool.skewSum;
      glance.pool.skewWeight = pool.skewWeight;
      const expected = enterWindow(copy, glance, slot, amount, exposure, 0);
      foreseeAs(state, numbers, kit, slot);
      if (expected <= 0 || !isReady(numbers, model)) return 0;
      scanSpans(numbers, model, moveTo(kit.now, model, slot), shrinkage, scan, reachOf(numbers), filled);
      const threshold = scan.rise.log > kit.threshold ? thresholdFor(numbers, slot) : Infinity;
      // As the final row would be: what is over rings nothing.
      const on = scan.rise.log > threshold ? slotsOn(numbers, kit, slot, scan.rise, false) : 0;
      if (on > 0) {
        narrow(numbers, slot, filled, scan.rise, threshold, on);
        beginEpisode(copy, model, slot, scan.rise, false, barOf(copy, threshold));
      }
      return expected;
    },
  };
}
