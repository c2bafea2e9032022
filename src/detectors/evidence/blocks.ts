/** A block of slots is over: it becomes one number of the hour before, a habit in waiting and, once it is old enough, a lesson. */
import { beginBaseline, driftBaseline, learnBlock, logRate, passEmpty, renewVariance } from './baseline.ts';
import { noteHabit } from './habits.ts';
import type { Kit } from './kit.ts';
import { At, Baseline, Status, WAS_HELD } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';
import { noiseOf, noiseOfBlock } from './noise.ts';
import { weighSeries } from './power.ts';
import { sumBack } from './sums.ts';
import { errorAt } from './tracked-error.ts';

/** Log evidence from which on nothing is learnt, after a day, for as long as the longest span: it may be the beginning of an anomaly. */
const SUSPICIOUS = 7;
const DAY_MINUTES = 1_440;
const YOUNG_MINUTES = 720;
/** How seldom the power of a series is computed anew. */
const POWER_BLOCKS = 6;

/** Block `block` begins. */
export function passBlock(state: SeriesState, kit: Kit, block: number): void {
  const { numbers } = state;
  const { model } = kit;
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
    const newest = block * grid.blockSlots - 1;
    const seen = sumBack(numbers, model, newest, grid.blockSlots, layout.recentSeen, layout.olderSeen);
    const expected = sumBack(numbers, model, newest, grid.blockSlots, layout.recentExpected, layout.olderExpected);
    const isTold = isToldWithin(numbers, grid.blockSlots);
    noteHabit(state, model, block - 1, { seen, expected, noise: noiseOf(numbers, model, expected), isTold });
  }
  const oldest = block - grid.pendingBlocks + 1;
  learnPending(numbers, kit, oldest, block);
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
function learnPending(numbers: Float32Array, kit: Kit, block: number, now: number): void {
  const { model, work } = kit;
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
      const { learning } = kit;
      learning.seen = seen;
      learning.expected = expected;
      learning.noise = noiseOfBlock(numbers, model, expected, exposure);
      learning.error = blockError(numbers, kit);
      learning.isYoung = numbers[At.age]! * grid.slotMinutes < YOUNG_MINUTES;
      learnBlock(numbers, model, row, learning, work);
    }
  }
  if (!kit.isGlance && (block % POWER_BLOCKS === 0 || numbers[At.power] === 0)) renewPower(numbers, kit, now * grid.blockSlots - 1);
  if (numbers[At.baseline] !== Baseline.own) return;
  const minutes = (now - block - 0.5) * grid.blockMinutes;
  renewVariance(numbers, model, rhythm.at(now * grid.blockMinutes), minutes, work);
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
