import { single } from './single.ts';

/** What is usual at this time of the day, and of the week: one value a slot, learnt once a day or once a week. */
export interface Profile {
  /** Undefined where nothing was learnt yet. */
  at(timeMs: number): number | undefined;
  learn(timeMs: number, value: number): void;
}

const DAY_MS = 86_400_000;
/** The first of January 1970 was a Thursday; weeks begin on Sunday. */
const WEEK_OFFSET_MS = 4 * DAY_MS;
const DAY_SLOTS_MAX = 1_440;
const WEEK_SLOTS_A_DAY_MAX = 48;

/** Slots of one step each, at most 1,440 a day: a job that runs daily at 03:00 has a slot to itself. NaN: not learnt. */
export function newDaySlots(stepMs: number): Float32Array {
  return new Float32Array(slotsADay(stepMs, DAY_SLOTS_MAX)).fill(Number.NaN);
}

/** Coarser, half an hour at least: a week has few examples. */
export function newWeekSlots(stepMs: number): Float32Array {
  return new Float32Array(7 * slotsADay(stepMs, WEEK_SLOTS_A_DAY_MAX)).fill(Number.NaN);
}

function slotsADay(stepMs: number, most: number): number {
  return Math.max(1, Math.min(most, Math.round(DAY_MS / stepMs)));
}

export function createDayProfile(slots: Float32Array, rate: number): Profile {
  const slotOf = (timeMs: number): number => Math.floor((modulo(timeMs, DAY_MS) * slots.length) / DAY_MS);
  return {
    at(timeMs) {
      const value = slots[slotOf(timeMs)]!;
      return value === value ? value : undefined;
    },
    learn(timeMs, value) {
      blend(slots, slotOf(timeMs), value, rate);
    },
  };
}

export function createWeekProfile(slots: Float32Array, stepMs: number, rate: number): Profile {
  const slotMs = (7 * DAY_MS) / slots.length;
  /** A slot sees several points in a row; together they move it by `rate`. */
  const pointRate = Math.min(rate, (rate * stepMs) / slotMs);
  const positionOf = (timeMs: number): number => modulo(timeMs + WEEK_OFFSET_MS, 7 * DAY_MS) / slotMs;
  /** Between the middles of slots, unless a slot is a single point. */
  const isCoarse = slotMs >= 2 * stepMs;
  return {
    at(timeMs) {
      const position = positionOf(timeMs);
      if (!isCoarse) {
        const value = slots[Math.floor(position)]!;
        return value === value ? value : undefined;
      }
      const left = Math.floor(position - 0.5);
      const part = position - 0.5 - left;
      const value = slots[(left + slots.length) % slots.length]! * (1 - part) + slots[(left + 1) % slots.length]! * part;
      return value === value ? value : undefined;
    },
    learn(timeMs, value) {
      blend(slots, Math.floor(positionOf(timeMs)), value, pointRate);
    },
  };
}

function blend(slots: Float32Array, slot: number, value: number, rate: number): void {
  const old = slots[slot]!;
  slots[slot] = single(old === old ? old + rate * (value - old) : value);
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
