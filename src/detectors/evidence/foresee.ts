/** What is expected of a slot that no window was entered into yet, without entering it: most looks need no more. */
import { arriving } from './arrival.ts';
import { logRate } from './baseline.ts';
import { At, Baseline, slotOf } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Common } from './series-slots.ts';
import { moveTo } from './slot-place.ts';

/** What a window of `slot` would be expected to bring; undefined where only entering it tells, as something is learnt on the way. */
export function foresee(state: SeriesState, common: Common, slot: number, exposure: number): number | undefined {
  const { numbers } = state;
  const { model } = common;
  if (numbers[At.baseline] !== Baseline.own || numbers[At.age] === 0 || slotOf(numbers) !== slot - 1) return undefined;
  const shared = common.offset.factor;
  if (state.foreseenSlot !== slot) {
    if (moveTo(common.now, model, slot).phase === 0) return undefined;
    keepForeseen(state, numbers, common, slot);
  }
  // As `enterWindow` does, to the last bit.
  const scaled = arriving(numbers, model, common.delay, exposure) * shared;
  return (state.foreseenRate * scaled) / shared;
}

/** `entered`: a copy of the state that `slot` was entered into. The next look at that slot need not learn again. */
export function foreseeAs(state: SeriesState, entered: Float32Array, common: Common, slot: number): void {
  if (state.foreseenSlot !== slot) keepForeseen(state, entered, common, slot);
}

function keepForeseen(state: SeriesState, numbers: Float32Array, common: Common, slot: number): void {
  state.foreseenRate = Math.exp(logRate(numbers, common.model, moveTo(common.now, common.model, slot).row)) * common.offset.factor;
  state.foreseenSlot = slot;
}
