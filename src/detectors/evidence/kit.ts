import type { Block } from './baseline.ts';
import type { Model } from './model.ts';
import { SOONER } from './power.ts';
import type { Weighing } from './power.ts';
import { createSlotPlace } from './slot-place.ts';
import type { SlotPlace } from './slot-place.ts';
import { createShrinkage } from './tracked-error.ts';
import type { ErrorPool, Finished, Tracking } from './tracked-error.ts';

/**
 * What the steps of a series work with: the same for all series of a detect entry. Its lists, as all that are read for each row, are plain
 * arrays: the numbers of a typed one lie behind two more objects.
 */
export interface Kit extends Tracking, Weighing {
  readonly work: number[];
  readonly learning: Block;
  readonly finished: Finished;
  /** The slot at hand, and the one that a series saw last: mostly the one before. */
  readonly now: SlotPlace;
  readonly last: SlotPlace;
  /** Log evidence to be reached in the slot at hand by the series that make most of the budget; the others have to reach more. */
  threshold: number;
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

export function createKit(model: Model, pool: ErrorPool): Kit {
  return {
    model,
    pool,
    shrinkage: createShrinkage(model),
    errors: model.leastError.map(() => 0),
    kept: { term: 0, weight: 0 },
    sum: { seen: 0, expected: 0 },
    work: Array.from({ length: model.rhythm.size }, () => 0),
    learning: { seen: 0, expected: 0, noise: 0, error: 0, isYoung: false },
    finished: { horizon: 0, seen: 0, expected: 0, noise: 0, error: 0 },
    now: createSlotPlace(model),
    last: createSlotPlace(model),
    threshold: model.logTests,
    power: { chance: 0, worth: SOONER },
    delay: 0,
    isGlance: false,
    offset: { log: 0, factor: 1 },
  };
}
