/** A block of slots is over: it becomes one number of the hour before, a habit in waiting and, once it is old enough, a lesson. */
import { beginBaseline, driftBaseline, learnBlock, logRate, passEmpty, renewVariance } from './baseline.ts';
import { noteHabit } from './habits.ts';
import type { Kit } from './kit.ts';
import { At, Baseline, Status, WAS_HELD } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';
import { noiseOf, noiseOfBlock } from './noise.ts';
import { weighSeries } from './power.ts';
import type { SlotPlace } from './slot-place.ts';
import { sumBack } from './sums.ts';
import { errorAt } from './tracked-error.ts';

/** Log evidence from which on nothing is learnt, after a day, for as long as the longest span: it may be the beginning of an anomaly. */
const SUSPICIOUS = 7;
const DAY_MINUTES = 1_440;
const YOUNG_MINUTES = 720;
/** While little is known of a series, a block is held against those after it. */
const ABSURD = 1_000;
/** How seldom the power of a series is computed anew. */
const POWER_BLOCKS = 6;

/** A block begins with the slot at `now`. */
export function passBlock(state: SeriesState, kit: Kit, now: SlotPlace): void {
  const { numbers } = state;
  const { model, finished } = kit;
  const { grid, layout } = model;
  const { place, older, pending } = now;
  if (grid.olderBlocks > 0) {
    // The places that the block takes are those of the one that is no longer remembered slot by slot.
    let seen = 0;
    let expected = 0;
    for (let i = place; i < place + grid.blockSlots; i++) {
      seen += numbers[layout.recentSeen + i]!;
      expected += numbers[layout.recentExpected + i]!;
    }
    numbers[layout.olderSeen + older] = seen;
    numbers[layout.olderExpected + older] = expected;
  }
  if (state.habits.length > 0) {
    sumBack(numbers, model, now.slot - 1, grid.blockSlots, finished);
    finished.noise = noiseOf(numbers, model, finished.expected);
    noteHabit(state, model, now.block - 1, finished, isToldWithin(numbers, grid.blockSlots));
  }
  learnPending(numbers, kit, now);
  numbers[layout.pendingSeen + pending] = 0;
  numbers[layout.pendingExposure + pending] = 0;
}

/** An alarm is told, or one ended within the newest `slots`. What is held for a habit, or was, is one: else its edges would fade. */
function isToldWithin(numbers: Float32Array, slots: number): boolean {
  const status = numbers[At.status]!;
  if (status === Status.calm) return numbers[At.reach]! < slots && numbers[At.back] !== WAS_HELD;
  return status === Status.drop || status === Status.rise;
}

/** Learns the oldest of the pending blocks. */
function learnPending(numbers: Float32Array, kit: Kit, now: SlotPlace): void {
  const { model, work } = kit;
  const { grid, layout } = model;
  const block = now.block - grid.pendingBlocks + 1;
  const pending = now.pending === grid.pendingBlocks - 1 ? 0 : now.pending + 1;
  const seen = numbers[layout.pendingSeen + pending]!;
  const isYoung = numbers[At.age]! * grid.slotMinutes < YOUNG_MINUTES;
  // As if it had not been observed.
  const isLeftOut = isYoung && model.form === 'money' && isAbsurd(numbers, model, pending, now.pending);
  const exposure = isLeftOut ? 0 : numbers[layout.pendingExposure + pending]!;
  if (numbers[At.baseline] === Baseline.none) {
    if (exposure <= 0) return;
    if (model.form === 'money' && seen <= 0) return passEmpty(numbers, model, exposure);
    beginBaseline(numbers, model, kit.pool, seen, exposure);
  } else if (numbers[At.baseline] === Baseline.own) {
    driftBaseline(numbers, model, grid.blockMinutes);
    if (exposure > 0 && !isSuspended(numbers, model)) {
      const expected = exposure * Math.exp(logRate(numbers, model, now.learntRow));
      const { learning } = kit;
      learning.seen = seen;
      learning.expected = expected;
      learning.noise = noiseOfBlock(numbers, model, expected, exposure);
      learning.error = blockError(numbers, kit);
      learning.isYoung = isYoung;
      learnBlock(numbers, model, now.learntRow, learning, work);
    }
  }
  if (!kit.isGlance && (block % POWER_BLOCKS === 0 || numbers[At.power] === 0)) renewPower(numbers, kit, now.slot - 1);
  if (numbers[At.baseline] !== Baseline.own) return;
  const minutes = (now.block - block - 0.5) * grid.blockMinutes;
  renewVariance(numbers, model, now.row, minutes, work);
}

/** The oldest of the pending blocks brought far more money than any of those after it, of which two have some: it is no level. `next`: the place of the block that begins. */
function isAbsurd(numbers: Float32Array, { grid, layout }: Model, oldest: number, next: number): boolean {
  const rateOf = (pending: number): number => numbers[layout.pendingSeen + pending]! / numbers[layout.pendingExposure + pending]!;
  let most = 0;
  let some = 0;
  for (let pending = 0; pending < grid.pendingBlocks; pending++) {
    const rate = rateOf(pending);
    if (pending === oldest || pending === next || !(rate > 0)) continue;
    most = Math.max(most, rate);
    some++;
  }
  return some >= 2 && rateOf(oldest) > ABSURD * most;
}

function renewPower(numbers: Float32Array, kit: Kit, newest: number): void {
  const isWeighed = weighSeries(numbers, kit, newest);
  numbers[At.power] = isWeighed ? kit.power.chance * kit.power.worth : 0;
}

function isSuspended(numbers: Float32Array, { grid }: Model): boolean {
  if (numbers[At.status] !== Status.calm) return true;
  const isSuspicious = numbers[At.suspicion]! > SUSPICIOUS && numbers[At.age]! * grid.slotMinutes > DAY_MINUTES;
  if (!isSuspicious) {
    numbers[At.frozenMinutes] = 0;
    return false;
  }
  if (numbers[At.frozenMinutes]! >= grid.spanMinutes) return false;
  numbers[At.frozenMinutes]! += grid.blockMinutes;
  return true;
}

/**
 * Errors of neighbouring blocks are alike: with 12 times the error of an hour, an hour of blocks has the variance that an
 * hour really has.
 */
export function blockError(numbers: Float32Array, { model, shrinkage }: Kit): number {
  const short = errorAt(numbers, model, shrinkage, 1);
  const long = errorAt(numbers, model, shrinkage, 3);
  const blocks = model.grid.horizonMinutes[3]! / model.grid.blockMinutes;
  return Math.max(short, Math.min(blocks * long, 4 * short));
}
