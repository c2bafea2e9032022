/**
 * What a series did yesterday at this time: its deviation by block of the day, one signed byte each. Written late, so that
 * an anomaly does not excuse itself. What came while an alarm was told is odd, all else even: it becomes a habit once it comes again,
 * at the same time on another day.
 */
import type { Model } from './model.ts';
import type { SeriesState } from './layout.ts';

const SCALE = 32;
const LARGEST = 126;
const NONE = -128;
/** Events that are believed to have come as forecast: a block of few events is no proof of a habit. */
const PSEUDO_EVENTS = 1;
/** What is less than this part of a deviation is none beside it. */
const AGREES = 0.5;
/** Yesterday's block may lie one block off. */
const SHIFTS = [-1, 0, 1];

/**
 * At the end of a block: its deviation waits, the one of long ago is believed. `expected` 0: nothing was forecast; `noise`: its
 * relative variance; `isTold`: an alarm is on.
 */
export function noteHabit(
  { habits }: SeriesState,
  model: Model,
  block: number,
  { seen, expected, noise }: BlockSeen,
  isTold: boolean,
): void {
  if (habits.length === 0) return;
  const { habitSlots, habitDelay } = model.grid;
  const waiting = habitSlots + (block % habitDelay);
  const settled = habits[waiting]!;
  if (settled !== NONE) {
    const at = (((block - habitDelay) % habitSlots) + habitSlots) % habitSlots;
    habits[at] = together(settled, habits[at]!);
  }
  const deviation = expected > 0 ? toByte((seen / expected + PSEUDO_EVENTS * noise) / (1 + PSEUDO_EVENTS * noise)) : NONE;
  habits[waiting] = isTold ? onceOnly(deviation) : deviation;
}

/** What is known of a block of the day, `old`, and another day's. */
function together(settled: number, old: number): number {
  if (isOdd(settled)) {
    // What came on two days is a habit, of which each knows a part; one day alone takes nothing from a habit that is known.
    if (Math.abs(old) < AGREES * Math.abs(settled)) return settled;
    if (settled * old <= 0) return isOdd(old) ? settled : old;
    return believed(isOdd(old) && Math.abs(settled) < AGREES * Math.abs(old) ? settled : (settled + old) / 2);
  }
  if (isOdd(old)) return settled;
  return believed(Math.abs(settled) > Math.abs(old) ? settled : (settled + old) / 2);
}

/** An alarm is told of the newest `blocks` before `block`. */
export function doubtWaiting({ habits }: SeriesState, model: Model, block: number, blocks: number): void {
  if (habits.length === 0) return;
  const { habitSlots, habitDelay } = model.grid;
  for (let back = 1; back <= Math.min(blocks, habitDelay); back++) {
    const at = habitSlots + ((block - back) % habitDelay);
    habits[at] = onceOnly(habits[at]!);
  }
}

export interface BlockSeen {
  readonly seen: number;
  readonly expected: number;
  readonly noise: number;
}

function isOdd(byte: number): boolean {
  return (byte & 1) !== 0;
}

function onceOnly(byte: number): number {
  return byte === NONE || isOdd(byte) ? byte : byte + (byte < 0 ? 1 : -1);
}

function believed(deviation: number): number {
  return 2 * Math.round(deviation / 2);
}

export function forgetWaiting(habits: Int8Array, model: Model): void {
  habits.fill(NONE, model.grid.habitSlots);
}

function toByte(ratio: number): number {
  return believed(Math.min(LARGEST, Math.max(-LARGEST, SCALE * Math.log(ratio))));
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
      const deviation = habits[((block % habitSlots) + habitSlots) % habitSlots]!;
      sum += isOdd(deviation) ? 1 : Math.exp(deviation / SCALE);
    }
    const ratio = sum / slots;
    best = isDrop ? Math.min(best, ratio) : Math.max(best, ratio);
  }
  return best;
}
