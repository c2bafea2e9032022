/** How a series' state is written: the bytes of both lists in base64, the numbers' lowest byte first. */
import { endianness } from 'node:os';
import type { StateForm } from '../detector.ts';
import { At, Baseline, emptyState } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';
import { beginLumps } from './money-noise.ts';

/** Money since 2 tells its lumps, and its spread in amounts where it has no exposure. */
export const stateVersionOf = (model: Model): number => (model.form === 'money' ? 2 : 1);

export function stateText(model: Model): StateForm<SeriesState> {
  const { layout } = model;
  const current = stateVersionOf(model);
  const numberBytes = layout.numbers * Float32Array.BYTES_PER_ELEMENT;
  // One place to write in for all states: every series that changed is written at every commit.
  const scratch = Buffer.alloc(numberBytes + layout.habitBytes);
  const numbersOf = new Float32Array(scratch.buffer, scratch.byteOffset, layout.numbers);
  const habitsOf = new Int8Array(scratch.buffer, scratch.byteOffset + numberBytes, layout.habitBytes);
  const isSwapped = endianness() === 'BE';
  return {
    encode({ numbers, habits }) {
      numbersOf.set(numbers);
      habitsOf.set(habits);
      if (isSwapped) scratch.subarray(0, numberBytes).swap32();
      return scratch.toString('base64');
    },
    decode(text, version) {
      const bytes = Buffer.from(text, 'base64');
      const numbers = version < current ? layout.lumps : layout.numbers;
      const end = numbers * Float32Array.BYTES_PER_ELEMENT;
      // Without its habits, or with habits where there were none, a state is as good: they are learnt anew.
      if (version < 1 || version > current || bytes.length < end) return undefined;
      const state = emptyState(layout);
      for (let i = 0; i < numbers; i++) state.numbers[i] = bytes.readFloatLE(i * Float32Array.BYTES_PER_ELEMENT);
      if (bytes.length === end + state.habits.length) state.habits.set(bytes.subarray(end));
      if (version < current) bringUpToDate(state.numbers, model);
      return state;
    },
  };
}

/** Money of version 1. */
function bringUpToDate(numbers: Float32Array, model: Model): void {
  if (!model.hasExposure && numbers[At.baseline] === Baseline.own) {
    numbers[At.spread]! *= numbers[At.moneyRate]!;
    numbers[At.spreadSum]! *= numbers[At.moneyRate]!;
    numbers[At.moneyRate] = 1;
  }
  beginLumps(numbers, model);
}
