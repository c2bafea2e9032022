/** Where a slot lies among those remembered: worked out once for all series of an entry, as every row asks and remainders are slow. */
import type { Model } from './model.ts';

export interface SlotPlace {
  slot: number;
  /** Among the slots that are remembered one by one. */
  place: number;
  block: number;
  /** Within its block. */
  phase: number;
  /** Place of the newest block that is no longer remembered slot by slot. */
  older: number;
  /** Its block's place among those that are not learnt yet. */
  pending: number;
  /** Its time's row in the rhythm's table. */
  row: number;
  /** The same of the middle of the block that is learnt when its block begins: the oldest of those that wait. */
  learntRow: number;
  /** By horizon: 1 where a forecast of that length ends with it; and the longest of those, which mostly is the shortest of all. */
  readonly ends: number[];
  longest: number;
}

export function createSlotPlace(model: Model): SlotPlace {
  return {
    slot: -1,
    place: 0,
    block: 0,
    phase: 0,
    older: 0,
    pending: 0,
    row: 0,
    learntRow: 0,
    ends: model.grid.horizons.map(() => 0),
    longest: 0,
  };
}

/** Gives `at`, which then is that of `slot`. */
export function moveTo(at: SlotPlace, model: Model, slot: number): SlotPlace {
  if (at.slot !== slot) place(at, model, slot);
  return at;
}

function place(at: SlotPlace, { grid, rhythm }: Model, slot: number): void {
  at.slot = slot;
  at.place = slot % grid.recent;
  at.block = Math.floor(slot / grid.blockSlots);
  at.phase = slot - at.block * grid.blockSlots;
  at.older = grid.olderBlocks > 0 ? (at.block - grid.recent / grid.blockSlots) % grid.olderBlocks : 0;
  at.pending = at.block % grid.pendingBlocks;
  at.row = rhythm.at(slot * grid.slotMinutes);
  at.learntRow = rhythm.at((at.block - grid.pendingBlocks + 1.5) * grid.blockMinutes - grid.slotMinutes / 2);
  at.longest = 0;
  for (let i = 0; i < grid.horizons.length; i++) {
    const slots = grid.horizons[i]!;
    at.ends[i] = (slot + 1) % slots === 0 ? 1 : 0;
    if (at.ends[i] === 1) at.longest = i;
  }
}
