/** A series' values move through its state: into the newest slot, out of it into blocks, and to what learns from them. */
import { arriving, bridgeGap, isScored, noteExposure, scoreDelays } from './arrival.ts';
import { driftBaseline, isReady, logRate } from './baseline.ts';
import { passBlock } from './blocks.ts';
import { trackCarryOver } from './carry-over.ts';
import { forgetWaiting } from './habits.ts';
import type { Kit } from './kit.ts';
import { At, Baseline, Lump, Status, setSlot, slotOf } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';
import { noiseOf, trackNoise } from './noise.ts';
import { moveTo } from './slot-place.ts';
import type { SlotPlace } from './slot-place.ts';
import { notePerEvent } from './spread-pool.ts';
import { sumBack } from './sums.ts';
import { errorAt, readErrors, trackClumps, trackError } from './tracked-error.ts';

/** A state that has seen nothing, about to see `slot`. */
export function bear({ numbers }: SeriesState, slot: number, firstSpread: number): void {
  setSlot(numbers, slot - 1);
  numbers[At.spread] = firstSpread;
}

/** Brings the state up to `slot`; nothing is known of the slots in between, which were not observed. */
function reachSlot(state: SeriesState, kit: Kit, slot: number): void {
  const { numbers } = state;
  const last = slotOf(numbers);
  if (slot <= last) return;
  finishSlot(numbers, kit, moveTo(kit.last, kit.model, last));
  passSlots(state, kit, last, slot);
  setSlot(numbers, slot);
  numbers[At.age]! += 1;
  if (numbers[At.baseline] !== Baseline.none && numbers[At.status] === Status.calm) {
    const { slotsMax } = kit.model.grid;
    numbers[At.reach] = Math.min(slotsMax, numbers[At.reach]! + 1);
    numbers[At.onSlots] = isReady(numbers, kit.model) ? Math.min(slotsMax, numbers[At.onSlots]! + 1) : 0;
  }
}

function addWindow(numbers: Float32Array, { layout }: Model, { place }: SlotPlace, seen: number, expected: number): void {
  numbers[layout.recentSeen + place]! += seen;
  numbers[layout.recentExpected + place]! += expected;
}

/** Adds what a window of `slot` brought, in so many events. Gives what was expected of the window; 0 where nothing can be. */
export function enterWindow(state: SeriesState, kit: Kit, slot: number, amount: number, exposure: number, events: number): number {
  const { numbers } = state;
  const { model } = kit;
  const isBorn = numbers[At.age] === 0;
  const isFirst = isBorn || slotOf(numbers) !== slot - 1;
  reachSlot(state, kit, slot);
  const now = moveTo(kit.now, model, slot);
  const { factor } = kit.offset;
  const isForecast = numbers[At.baseline] === Baseline.own;
  const rate = isForecast ? Math.exp(logRate(numbers, model, now.row)) * factor : 0;
  const isBridged = isFirst && isForecast && !isBorn && kit.delay > 0;
  if (isBridged) bridgeGap(numbers, model, kit.delay, exposure, amount / rate);
  const scaled = (isFirst && !isBridged ? exposure : arriving(numbers, model, kit.delay, exposure)) * factor;
  numbers[At.exposure]! += scaled;
  let expected = 0;
  if (isForecast) {
    expected = (rate * scaled) / factor;
    numbers[At.moneyRate] = model.hasExposure ? rate : 1;
    if (!isFirst && isScored(model, slot) && numbers[At.status] === Status.calm && isReady(numbers, model)) {
      const variance = numbers[At.variance]! + errorAt(numbers, model, kit.shrinkage, 0);
      scoreDelays(kit.pool.delays, numbers, model, amount, exposure, rate, variance);
    }
  }
  noteExposure(numbers, model, exposure, isFirst && !isBridged);
  addWindow(numbers, model, now, amount, expected);
  if (numbers[At.status] === Status.calm) notePerEvent(numbers, model, amount, expected, events);
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

export function enterMembers(state: SeriesState, kit: Kit, slot: number, sum: MembersSum): void {
  const { numbers } = state;
  reachSlot(state, kit, slot);
  numbers[At.baseline] = Baseline.members;
  if (sum.expected <= 0) return;
  numbers[At.variance] = sum.filter / (sum.expected * sum.expected);
  numbers[At.moneyRate] = 1;
  numbers[At.spread] = sum.noise / sum.expected;
  if (kit.model.form === 'money') numbers[kit.model.layout.lumps + Lump.skew] = sum.skew / sum.noise;
  addWindow(numbers, kit.model, moveTo(kit.now, kit.model, slot), sum.seen, sum.expected);
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
  if (numbers[At.baseline] === Baseline.none) rescaleFirst(numbers, model, factor);
}

/** The shift is that of others: what one without a forecast brought until now is held against the offset that it will be forecast with. */
function rescaleFirst(numbers: Float32Array, { grid, layout }: Model, factor: number): void {
  for (let i = 0; i < grid.pendingBlocks; i++) numbers[layout.pendingExposure + i]! *= factor;
  // Money that has not come yet: see `passEmpty`.
  numbers[layout.mean]! *= factor;
}

/** The slot is over: its block may be learnt from later, and its forecasts are held against what came. */
function finishSlot(numbers: Float32Array, kit: Kit, { slot, place, pending, ends, longest }: SlotPlace): void {
  const { model, finished } = kit;
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
  for (let i = 0; i <= longest; i++) {
    if (ends[i] === 0) continue;
    const slots = grid.horizons[i]!;
    if (numbers[At.reach]! < slots) continue;
    if (slots === 1) {
      finished.seen = seen;
      finished.expected = numbers[layout.recentExpected + place]!;
    } else sumBack(numbers, model, slot, slots, finished);
    if (finished.expected <= 0) continue;
    finished.horizon = i;
    if (i === 0 && model.form === 'money') {
      if (numbers[At.baseline] === Baseline.own) trackNoise(numbers, kit, finished);
      continue;
    }
    readErrors(numbers, kit, i);
    finished.noise = noiseOf(numbers, model, finished.expected);
    finished.error = kit.errors[i]!;
    if (model.form === 'count') trackCarryOver(numbers, kit, slot, finished);
    trackError(numbers, kit, finished);
    if (i === 0) trackClumps(numbers, kit, finished);
  }
}

/** Clears the places of the slots after `last` up to `slot`, and learns from the blocks that become old enough. */
function passSlots(state: SeriesState, kit: Kit, last: number, slot: number): void {
  const { numbers } = state;
  const { model } = kit;
  const { grid, layout } = model;
  const first = Math.max(last + 1, slot - grid.recent - (grid.olderBlocks + grid.pendingBlocks + grid.habitDelay) * grid.blockSlots);
  if (first > last + 1) forgetPending(state, model, (first - last - 1) * grid.slotMinutes);
  for (let at = first; at <= slot; at++) {
    const now = moveTo(kit.now, model, at);
    if (now.phase === 0) passBlock(state, kit, now);
    numbers[layout.recentSeen + now.place] = 0;
    numbers[layout.recentExpected + now.place] = 0;
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
