/** A series' values move through its state: into the newest slot, out of it into blocks, and to what learns from them. */
import { arriving, bridgeGap, isScored, noteExposure, scoreDelays } from './arrival.ts';
import { beginBaseline, driftBaseline, learnBlock, logRate, passEmpty, renewVariance } from './baseline.ts';
import type { Block } from './baseline.ts';
import { trackCarryOver } from './carry-over.ts';
import { forgetWaiting, noteHabit } from './habits.ts';
import { At, Baseline, Lump, Status, WAS_HELD, setSlot, slotOf } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';
import { trackNoise } from './money-noise.ts';
import { weighPower } from './power.ts';
import type { Power } from './power.ts';
import { noiseOf } from './scan.ts';
import { moveTo } from './slot-place.ts';
import type { SlotPlace } from './slot-place.ts';
import { errorAt, trackError } from './tracked-error.ts';
import type { Finished, Tracking } from './tracked-error.ts';

/** Log evidence from which on nothing is learnt, after a day, for an hour: it may be the beginning of an anomaly. */
const SUSPICIOUS = 7;
const FROZEN_MINUTES_MAX = 60;
const DAY_MINUTES = 1_440;
const YOUNG_MINUTES = 720;
/** How seldom the power of a series is computed anew. */
const POWER_BLOCKS = 6;
/** Nothing rings before so much was seen, or while the forecast is as uncertain as this (variance of the log). */
const READY_MINUTES = 60;
const READY_VARIANCE = 0.04;

/** What the steps of a series share with those of all others of the entry. */
export interface Common extends Tracking {
  readonly work: Float64Array;
  readonly learning: Block;
  readonly finished: Finished;
  /** The slot at hand, and the one that a series saw last: mostly the one before. */
  readonly now: SlotPlace;
  readonly last: SlotPlace;
  /** Log evidence to be reached in the slot at hand by the series that make most of the budget; the others have to reach more. */
  threshold: number;
  /** Of the series that was weighed last. */
  readonly power: Power;
  /** Delay of arrival that holds: its index. */
  delay: number;
  /** What is entered is forgotten after the look: it has no part in the threshold. */
  readonly isGlance: boolean;
  /** What the roll-ups of the series at hand have in common. */
  readonly offset: Offset;
}

export interface Offset {
  log: number;
  factor: number;
}

/** Most series of a window have the same. */
export function setOffset(offset: Offset, log: number): void {
  if (offset.log === log) return;
  offset.log = log;
  offset.factor = Math.exp(log);
}

/** Enough was seen, and the forecast is sure enough, for evidence to be weighed. */
export function isReady(numbers: Float32Array, { grid }: Model): boolean {
  return (
    numbers[At.baseline] !== Baseline.none && numbers[At.age]! * grid.slotMinutes > READY_MINUTES && numbers[At.variance]! <= READY_VARIANCE
  );
}

/** A state that has seen nothing, about to see `slot`. */
export function bear({ numbers }: SeriesState, slot: number, firstSpread: number): void {
  setSlot(numbers, slot - 1);
  numbers[At.spread] = firstSpread;
}

/** Brings the state up to `slot`; nothing is known of the slots in between, which were not observed. */
function reachSlot(state: SeriesState, common: Common, slot: number): void {
  const { numbers } = state;
  const last = slotOf(numbers);
  if (slot <= last) return;
  finishSlot(numbers, common, moveTo(common.last, common.model, last));
  passSlots(state, common, last, slot);
  setSlot(numbers, slot);
  numbers[At.age]! += 1;
  if (numbers[At.baseline] !== Baseline.none && numbers[At.status] === Status.calm) {
    const { slotsMax } = common.model.grid;
    numbers[At.reach] = Math.min(slotsMax, numbers[At.reach]! + 1);
    numbers[At.onSlots] = isReady(numbers, common.model) ? Math.min(slotsMax, numbers[At.onSlots]! + 1) : 0;
  }
}

function addWindow(numbers: Float32Array, { layout }: Model, { place }: SlotPlace, seen: number, expected: number): void {
  numbers[layout.recentSeen + place]! += seen;
  numbers[layout.recentExpected + place]! += expected;
}

/** Adds what a window of `slot` brought. Gives what was expected of the window; 0 where nothing can be. */
export function enterWindow(state: SeriesState, common: Common, slot: number, amount: number, exposure: number): number {
  const { numbers } = state;
  const { model } = common;
  const isBorn = numbers[At.age] === 0;
  const isFirst = isBorn || slotOf(numbers) !== slot - 1;
  reachSlot(state, common, slot);
  const now = moveTo(common.now, model, slot);
  const shared = common.offset.factor;
  const isForecast = numbers[At.baseline] === Baseline.own;
  const rate = isForecast ? Math.exp(logRate(numbers, model, now.row)) * shared : 0;
  const isBridged = isFirst && isForecast && !isBorn && common.delay > 0;
  if (isBridged) bridgeGap(numbers, model, common.delay, exposure, amount / rate);
  const scaled = (isFirst && !isBridged ? exposure : arriving(numbers, model, common.delay, exposure)) * shared;
  numbers[At.exposure]! += scaled;
  let expected = 0;
  if (isForecast) {
    expected = (rate * scaled) / shared;
    numbers[At.moneyRate] = model.hasExposure ? rate : 1;
    if (!isFirst && isScored(model, slot) && numbers[At.status] === Status.calm && isReady(numbers, model)) {
      const variance = numbers[At.variance]! + errorAt(numbers, model, common.shrinkage, 0);
      scoreDelays(common.pool.delays, numbers, model, amount, exposure, rate, variance);
    }
  }
  noteExposure(numbers, model, exposure, isFirst && !isBridged);
  addWindow(numbers, model, now, amount, expected);
  return expected;
}

/** A roll-up's window: what its members brought, and what was expected of them. */
export interface MembersSum {
  seen: number;
  expected: number;
  /** Sums over members of expected^2 x variance: of the filter, and of counting. */
  filter: number;
  noise: number;
  /** Money: the same sum of noise x skew. */
  skew: number;
}

export function enterMembers(state: SeriesState, common: Common, slot: number, sum: MembersSum): void {
  const { numbers } = state;
  reachSlot(state, common, slot);
  numbers[At.baseline] = Baseline.members;
  if (sum.expected <= 0) return;
  numbers[At.variance] = sum.filter / (sum.expected * sum.expected);
  numbers[At.moneyRate] = 1;
  numbers[At.spread] = sum.noise / sum.expected;
  if (common.model.form === 'money') numbers[common.model.layout.lumps + Lump.skew] = sum.skew / sum.noise;
  addWindow(numbers, common.model, moveTo(common.now, common.model, slot), sum.seen, sum.expected);
}

/** All series of a roll-up moved by `shift` (log) in the newest window, and in `slotsBefore`: what was expected of them is corrected. */
export function shiftNewest({ numbers }: SeriesState, model: Model, slot: number, shift: number, slotsBefore: number): void {
  const factor = Math.exp(shift);
  for (let back = Math.min(slotsBefore, numbers[At.reach]! - 1, model.grid.recent - 1); back > 0; back--) {
    numbers[model.layout.recentExpected + ((slot - back) % model.grid.recent)]! *= factor;
  }
  numbers[model.layout.recentExpected + (slot % model.grid.recent)]! *= factor;
  numbers[At.exposure]! *= factor;
  if (model.hasExposure) numbers[At.moneyRate]! *= factor;
}

/** The slot is over: its block may be learnt from later, and its forecasts are held against what came. */
function finishSlot(numbers: Float32Array, common: Common, { slot, place, pending, ends }: SlotPlace): void {
  const { model, shrinkage, finished } = common;
  const { grid, layout } = model;
  const exposure = numbers[At.exposure]!;
  numbers[At.exposure] = 0;
  if (numbers[At.status] !== Status.calm || numbers[At.age] === 0) return;
  // The slot in which an episode ended: its exposure was not kept, and what came of it alone would teach too high a level.
  if (numbers[At.baseline] !== Baseline.none && numbers[At.reach] === 0) return;
  const seen = numbers[layout.recentSeen + place]!;
  numbers[layout.pendingSeen + pending]! += seen;
  numbers[layout.pendingExposure + pending]! += exposure;
  if (numbers[At.baseline] === Baseline.none) return;
  for (let i = 0; i < ends.length; i++) {
    if (ends[i] === 0) continue;
    const slots = grid.horizons[i]!;
    if (numbers[At.reach]! < slots) continue;
    let sum = seen;
    let expected = numbers[layout.recentExpected + place]!;
    if (slots > 1) {
      sum = sumBack(numbers, model, slot, slots, layout.recentSeen, layout.olderSeen);
      expected = sumBack(numbers, model, slot, slots, layout.recentExpected, layout.olderExpected);
    }
    if (expected <= 0) continue;
    finished.horizon = i;
    finished.seen = sum;
    finished.expected = expected;
    if (i === 0 && model.form === 'money') {
      if (numbers[At.baseline] === Baseline.own) trackNoise(numbers, common, finished);
      continue;
    }
    finished.noise = noiseOf(numbers, model, expected);
    finished.error = errorAt(numbers, model, shrinkage, i);
    if (model.form === 'count') trackCarryOver(numbers, common, slot, finished);
    trackError(numbers, common, finished);
  }
}

/** Sum of the newest `slots` slots. Where they do not fit into single slots they end with a block. */
export function sumBack(numbers: Float32Array, model: Model, slot: number, slots: number, recent: number, older: number): number {
  const { grid } = model;
  const block = Math.floor(slot / grid.blockSlots);
  const single = grid.olderBlocks > 0 ? Math.min(slots, grid.recent - grid.blockSlots + 1 + (slot - block * grid.blockSlots)) : slots;
  let sum = 0;
  for (let left = single, place = slot % grid.recent; left > 0; left--, place = place === 0 ? grid.recent - 1 : place - 1) {
    sum += numbers[recent + place]!;
  }
  for (let left = slots - single, at = block - grid.recent / grid.blockSlots; left > 0; left -= grid.blockSlots, at--) {
    sum += numbers[older + (at % grid.olderBlocks)]!;
  }
  return sum;
}

/** Clears the places of the slots after `last` up to `slot`, and learns from the blocks that become old enough. */
function passSlots(state: SeriesState, common: Common, last: number, slot: number): void {
  const { numbers } = state;
  const { model } = common;
  const { grid, layout } = model;
  const first = Math.max(last + 1, slot - grid.recent - (grid.olderBlocks + grid.pendingBlocks + grid.habitDelay) * grid.blockSlots);
  if (first > last + 1) forgetPending(state, model, (first - last - 1) * grid.slotMinutes);
  for (let at = first; at <= slot; at++) {
    const { phase, block, place } = moveTo(common.now, model, at);
    if (phase === 0) passBlock(state, common, block);
    numbers[layout.recentSeen + place] = 0;
    numbers[layout.recentExpected + place] = 0;
  }
}

/** After a gap so long that what waits in blocks would be taken for another time of the day. */
function forgetPending({ numbers, habits }: SeriesState, model: Model, minutes: number): void {
  const { pendingSeen, pendingExposure } = model.layout;
  numbers.fill(0, pendingSeen, pendingSeen + model.grid.pendingBlocks);
  numbers.fill(0, pendingExposure, pendingExposure + model.grid.pendingBlocks);
  forgetWaiting(habits, model);
  if (numbers[At.baseline] === Baseline.own) driftBaseline(numbers, model, minutes);
}

/** Block `block` begins. */
function passBlock(state: SeriesState, common: Common, block: number): void {
  const { numbers } = state;
  const { model } = common;
  const { grid, layout } = model;
  if (grid.olderBlocks > 0) {
    const leaving = block - grid.recent / grid.blockSlots;
    const older = leaving % grid.olderBlocks;
    let seen = 0;
    let expected = 0;
    for (let i = 0; i < grid.blockSlots; i++) {
      const place = (leaving * grid.blockSlots + i) % grid.recent;
      seen += numbers[layout.recentSeen + place]!;
      expected += numbers[layout.recentExpected + place]!;
    }
    numbers[layout.olderSeen + older] = seen;
    numbers[layout.olderExpected + older] = expected;
  }
  if (state.habits.length > 0) {
    let seen = 0;
    let expected = 0;
    const newest = (block * grid.blockSlots - 1) % grid.recent;
    for (let left = grid.blockSlots, place = newest; left > 0; left--, place = place === 0 ? grid.recent - 1 : place - 1) {
      seen += numbers[layout.recentSeen + place]!;
      expected += numbers[layout.recentExpected + place]!;
    }
    const isTold = isToldWithin(numbers, grid.blockSlots);
    noteHabit(state, model, block - 1, { seen, expected, noise: noiseOf(numbers, model, expected), isTold });
  }
  const oldest = block - grid.pendingBlocks + 1;
  learnPending(numbers, common, oldest, block);
  const pending = block % grid.pendingBlocks;
  numbers[layout.pendingSeen + pending] = 0;
  numbers[layout.pendingExposure + pending] = 0;
}

/** An alarm is told, or one ended within the newest `slots`. What is held for a habit, or was, is one: else its edges would fade. */
function isToldWithin(numbers: Float32Array, slots: number): boolean {
  const status = numbers[At.status]!;
  if (status === Status.calm) return numbers[At.reach]! < slots && numbers[At.back] !== WAS_HELD;
  return status === Status.drop || status === Status.rise;
}

/** `block`: the oldest of the pending ones; `now`: the one that begins. */
function learnPending(numbers: Float32Array, common: Common, block: number, now: number): void {
  const { model, work } = common;
  const { grid, layout, rhythm } = model;
  const pending = ((block % grid.pendingBlocks) + grid.pendingBlocks) % grid.pendingBlocks;
  const seen = numbers[layout.pendingSeen + pending]!;
  const exposure = numbers[layout.pendingExposure + pending]!;
  if (numbers[At.baseline] === Baseline.none) {
    if (exposure <= 0) return;
    if (model.form === 'money' && seen <= 0) return passEmpty(numbers, model, exposure);
    beginBaseline(numbers, model, seen, exposure);
  } else if (numbers[At.baseline] === Baseline.own) {
    driftBaseline(numbers, model, grid.blockMinutes);
    if (exposure > 0 && !isSuspended(numbers, model)) {
      const row = rhythm.at((block + 0.5) * grid.blockMinutes - grid.slotMinutes / 2);
      const expected = exposure * Math.exp(logRate(numbers, model, row));
      const { learning } = common;
      learning.seen = seen;
      learning.expected = expected;
      learning.noise = noiseOfBlock(numbers, model, expected, exposure);
      learning.error = blockError(numbers, common);
      learning.isYoung = numbers[At.age]! * grid.slotMinutes < YOUNG_MINUTES;
      learnBlock(numbers, model, row, learning, work);
    }
  }
  if (!common.isGlance && (block % POWER_BLOCKS === 0 || numbers[At.power] === 0)) renewPower(numbers, common, now * grid.blockSlots - 1);
  if (numbers[At.baseline] !== Baseline.own) return;
  const minutes = (now - block - 0.5) * grid.blockMinutes;
  renewVariance(numbers, model, rhythm.at(now * grid.blockMinutes), minutes, work);
}

function renewPower(numbers: Float32Array, common: Common, newest: number): void {
  const isWeighed = weighSeries(numbers, common, newest);
  numbers[At.power] = isWeighed ? common.power.chance * common.power.worth : 0;
}

/** What the series makes of the budget as of slot `newest`, into `common.power`. False: nothing can be judged. */
export function weighSeries(numbers: Float32Array, { model, shrinkage, threshold, power }: Common, newest: number): boolean {
  const { grid, layout } = model;
  const forecast = sumBack(numbers, model, newest, grid.slotsMax, layout.recentExpected, layout.olderExpected);
  if (forecast <= 0 || !isReady(numbers, model)) return false;
  weighPower(numbers, model, shrinkage, threshold, forecast, noiseOf(numbers, model, forecast), power);
  return true;
}

function isSuspended(numbers: Float32Array, { grid }: Model): boolean {
  if (numbers[At.status] !== Status.calm) return true;
  const isSuspicious = numbers[At.suspicion]! > SUSPICIOUS && numbers[At.age]! * grid.slotMinutes > DAY_MINUTES;
  if (!isSuspicious) {
    numbers[At.frozenMinutes] = 0;
    return false;
  }
  if (numbers[At.frozenMinutes]! >= FROZEN_MINUTES_MAX) return false;
  numbers[At.frozenMinutes]! += grid.blockMinutes;
  return true;
}

export function noiseOfBlock(numbers: Float32Array, model: Model, expected: number, exposure: number): number {
  return model.form === 'money' ? numbers[At.spread]! / (model.hasExposure ? exposure : expected) : 1 / expected;
}

/**
 * Errors of neighbouring blocks are alike: with 12 times the error of an hour, an hour of blocks has the variance that an
 * hour really has.
 */
export function blockError(numbers: Float32Array, { model, shrinkage }: Common): number {
  const short = errorAt(numbers, model, shrinkage, 1);
  const long = errorAt(numbers, model, shrinkage, 3);
  const blocks = model.grid.horizonMinutes[3]! / model.grid.blockMinutes;
  return Math.max(short, Math.min(blocks * long, 4 * short));
}
