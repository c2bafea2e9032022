/**
 * What a series did yesterday at this time: its deviation by block of the day, one signed byte each. Written late, so that
 * an anomaly does not excuse itself.
 */
import type { Model } from './model.ts';
import type { SeriesState } from './layout.ts';

const SCALE = 32;
const LARGEST = 127;
const NONE = -128;
/** Events that are believed to have come as forecast: a block of few events is no proof of a habit. */
const PSEUDO_EVENTS = 1;
/** Yesterday's block may lie one block off. */
const SHIFTS = [-1, 0, 1];

/** At the end of a block: its deviation waits, the one of long ago is believed. `expected` 0: nothing was forecast; `noise`: its relative variance. */
export function noteHabit({ habits }: SeriesState, model: Model, block: number, seen: number, expected: number, noise: number): void {
  if (habits.length === 0) return;
  const { habitSlots, habitDelay } = model.grid;
  const waiting = habitSlots + (block % habitDelay);
  const settled = habits[waiting]!;
  if (settled !== NONE) {
    const at = (((block - habitDelay) % habitSlots) + habitSlots) % habitSlots;
    const old = habits[at]!;
    habits[at] = Math.abs(settled) > Math.abs(old) ? settled : Math.round((settled + old) / 2);
  }
  habits[waiting] = expected > 0 ? toByte((seen / expected + PSEUDO_EVENTS * noise) / (1 + PSEUDO_EVENTS * noise)) : NONE;
}

export function forgetWaiting(habits: Int8Array, model: Model): void {
  habits.fill(NONE, model.grid.habitSlots);
}

function toByte(ratio: number): number {
  return Math.round(Math.min(LARGEST, Math.max(-LARGEST, SCALE * Math.log(ratio))));
}

/** The ratio to the forecast that yesterday lets expect of the span of `slots` up to `slot`: of three shifts the farthest out. */
export function habitRatio({ habits }: SeriesState, model: Model, slot: number, slots: number, isDrop: boolean): number {
  if (habits.length === 0) return 1;
  const { blockSlots, habitSlots } = model.grid;
  let best = 1;
  for (const shift of SHIFTS) {
    let sum = 0;
    for (let back = 0; back < slots; back++) {
      const block = Math.floor((slot - back) / blockSlots) + shift;
      sum += Math.exp(habits[((block % habitSlots) + habitSlots) % habitSlots]! / SCALE);
    }
    const ratio = sum / slots;
    best = isDrop ? Math.min(best, ratio) : Math.max(best, ratio);
  }
  return best;
}
