/** What is expected of a slot that no window was entered into yet, without entering it: most looks need no more. */
import { arriving } from './arrival.ts';
import { logRate } from './baseline.ts';
import type { Kit } from './kit.ts';
import { At, Baseline, slotOf } from './layout.ts';
import type { SeriesState } from './layout.ts';
import { moveTo } from './slot-place.ts';

/** What a window of `slot` would be expected to bring; undefined where only entering it tells, as something is learnt on the way. */
export function foresee(state: SeriesState, kit: Kit, slot: number, exposure: number): number | undefined {
  const { numbers } = state;
  const { model } = kit;
  if (numbers[At.baseline] !== Baseline.own || numbers[At.age] === 0 || slotOf(numbers) !== slot - 1) return undefined;
  const { factor } = kit.offset;
  if (state.foreseenSlot !== slot) {
    if (moveTo(kit.now, model, slot).phase === 0) return undefined;
    keepForeseen(state, numbers, kit, slot);
  }
  // As `enterWindow` does, to the last bit.
  const scaled = arriving(numbers, model, kit.delay, exposure) * factor;
  return (state.foreseenRate * scaled) / factor;
}

/** `entered`: a copy of the state that `slot` was entered into. The next look at that slot need not learn again. */
export function foreseeAs(state: SeriesState, entered: Float32Array, kit: Kit, slot: number): void {
  if (state.foreseenSlot !== slot) keepForeseen(state, entered, kit, slot);
}

function keepForeseen(state: SeriesState, numbers: Float32Array, kit: Kit, slot: number): void {
  state.foreseenRate = Math.exp(logRate(numbers, kit.model, moveTo(kit.now, kit.model, slot).row)) * kit.offset.factor;
  state.foreseenSlot = slot;
}
