/**
 * Events that follow others come late: clicks in a later minute than their impressions. A few mean delays are tried; all series
 * together tell which explains best what came. A rate's exposure is then spread over the slots in which its events arrive:
 * else a jump of the traffic would look like a drop of the rate, and its end like a rise.
 */
import type { Layout } from './layout.ts';

/** Mean delays that are tried, minutes; the delay is taken for exponential. The first, none, is what holds until proven wrong. */
const DELAYS = [0, 1.5, 3, 6];
/** Log likelihood by which another delay has to be better than none. */
const PROOF = 12;
/** One slot in so many is scored: enough, and cheap. */
const SCORED = 4;
const SLOT_MINUTES_MAX = 2;

export interface Arrival {
  /** Share of the events that come in the slot of their cause, by delay. */
  readonly atOnce: readonly number[];
  /** How much of the mean over earlier slots the slot before makes. */
  readonly newest: readonly number[];
}

/** What a model knows of it: the delays, and where a series keeps its earlier exposure. */
export interface ArrivalModel {
  readonly arrival: Arrival | undefined;
  readonly layout: Layout;
}

/** Undefined where windows are too short or too long to see delays, or nothing follows anything. */
export function createArrival(slotMinutes: number, windowsPerSlot: number, isRate: boolean): Arrival | undefined {
  if (!isRate || windowsPerSlot > 1 || slotMinutes > SLOT_MINUTES_MAX) return undefined;
  const slots = DELAYS.map((minutes) => minutes / slotMinutes);
  return {
    newest: slots.map((mean) => (mean === 0 ? 1 : 1 - Math.exp(-1 / mean))),
    // The cause falls anywhere in its slot.
    atOnce: slots.map((mean) => (mean === 0 ? 1 : 1 - mean * (1 - Math.exp(-1 / mean)))),
  };
}

export function delaysTried(arrival: Arrival | undefined): number {
  return arrival === undefined ? 0 : DELAYS.length - 1;
}

/** The delay that the scores speak for: its index. */
export function chosenDelay(scores: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > (best === 0 ? PROOF : scores[best]!)) best = i;
  return best;
}

export function firstScores(arrival: Arrival | undefined): number[] {
  return arrival === undefined ? [] : arrival.atOnce.map(() => 0);
}

/** What of the exposure bears fruit in this slot. */
export function arriving(numbers: Float32Array, { arrival, layout }: ArrivalModel, delay: number, exposure: number): number {
  if (arrival === undefined || delay === 0) return exposure;
  const share = arrival.atOnce[delay]!;
  return share * exposure + (1 - share) * numbers[layout.earlier + delay - 1]!;
}

/** Mean exposure of the newest slots, by the delay that is not none. */
export function usualExposure(numbers: Float32Array, { layout }: ArrivalModel, delay: number): number {
  return numbers[layout.earlier + delay - 1]!;
}

/** The slot's exposure joins the mean over earlier ones. `isFirst`: there are none, or too long ago. */
export function noteExposure(numbers: Float32Array, { arrival, layout }: ArrivalModel, exposure: number, isFirst: boolean): void {
  if (arrival === undefined) return;
  for (let i = 1; i < arrival.newest.length; i++) {
    const at = layout.earlier + i - 1;
    const share = isFirst ? 1 : arrival.newest[i]!;
    numbers[at] = share * exposure + (1 - share) * numbers[at]!;
  }
}

/**
 * The first slot after a gap: what caused the events that still arrive was not seen. It lies between the exposures on both sides of the
 * gap, and is taken to be where it explains best what came.
 * `fruit`: exposure that would have brought as much at once; `delay` is not none.
 */
export function bridgeGap(numbers: Float32Array, { arrival, layout }: ArrivalModel, delay: number, exposure: number, fruit: number): void {
  if (arrival === undefined) return;
  const late = 1 - arrival.atOnce[delay]!;
  const out = numbers[layout.earlier + delay - 1]! - exposure;
  const part = out === 0 ? 0 : Math.min(1, Math.max(0, (fruit - exposure) / (late * out)));
  for (let i = 1; i < arrival.newest.length; i++) {
    const at = layout.earlier + i - 1;
    numbers[at] = exposure + part * (numbers[at]! - exposure);
  }
}

/** Whether the delays are scored in this slot. */
export function isScored({ arrival }: ArrivalModel, slot: number): boolean {
  return arrival !== undefined && slot % SCORED === 0;
}

/** Poisson likelihood of each delay against none, with what the forecast may be wrong by. In slots that are scored. */
export function scoreDelays(
  scores: number[],
  numbers: Float32Array,
  model: ArrivalModel,
  seen: number,
  exposure: number,
  rate: number,
  variance: number,
): void {
  if (exposure <= 0) return;
  const plain = rate * exposure;
  const weight = 1 / (1 + plain * variance);
  for (let i = 1; i < scores.length; i++) {
    const expected = rate * arriving(numbers, model, i, exposure);
    if (expected > 0) scores[i]! += weight * (seen * Math.log(expected / plain) - expected + plain);
  }
}
