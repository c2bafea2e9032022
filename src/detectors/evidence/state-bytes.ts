/** How a series' state is written: the bytes of both lists, the numbers' lowest byte first. */
import { endianness } from 'node:os';
import type { StateForm } from '../detector.ts';
import { settleHabits } from './habits.ts';
import { At, Baseline, emptyState } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';
import { beginLumps } from './noise.ts';

/**
 * Money has been through one version more than the others: it did not tell its lumps, nor its spread in amounts where it has no
 * exposure. All before the newest were written in base64, and knew habits of one day alone.
 */
export const stateVersionOf = (model: Model): number => (model.form === 'money' ? 3 : 2);

export function stateBytes(model: Model): StateForm<SeriesState> {
  const { layout } = model;
  const current = stateVersionOf(model);
  const numberBytes = layout.numbers * Float32Array.BYTES_PER_ELEMENT;
  // As they lie in memory, where that is so: every series that changed is written at every commit.
  const swapped = endianness() === 'BE' ? Buffer.alloc(numberBytes + layout.habitBytes) : undefined;
  return {
    encode({ bytes }) {
      if (!swapped) return bytes;
      swapped.set(bytes);
      swapped.subarray(0, numberBytes).swap32();
      return swapped;
    },
    decode(written, version) {
      if (version < 1 || version > current) return undefined;
      const plain = Buffer.from(written.buffer, written.byteOffset, written.length);
      const bytes = version < current ? Buffer.from(plain.toString('latin1'), 'base64') : plain;
      const isLumpless = model.form === 'money' && version === 1;
      const numbers = isLumpless ? layout.lumps : layout.numbers;
      const end = numbers * Float32Array.BYTES_PER_ELEMENT;
      // Without its habits, or with habits where there were none, a state is as good: they are learnt anew.
      if (bytes.length < end) return undefined;
      const state = emptyState(layout);
      for (let i = 0; i < numbers; i++) state.numbers[i] = bytes.readFloatLE(i * Float32Array.BYTES_PER_ELEMENT);
      if (bytes.length === end + state.habits.length) state.habits.set(bytes.subarray(end));
      if (version < current) settleHabits(state.habits);
      // A window in which more was paid back than came in once left it so.
      if (Number.isNaN(state.numbers[At.back]!)) state.numbers[At.back] = 0;
      if (isLumpless) beginAmounts(state.numbers, model);
      return state;
    },
  };
}

/** Money of version 1. */
function beginAmounts(numbers: Float32Array, model: Model): void {
  if (!model.hasExposure && numbers[At.baseline] === Baseline.own) {
    numbers[At.spread]! *= numbers[At.moneyRate]!;
    numbers[At.spreadSum]! *= numbers[At.moneyRate]!;
    numbers[At.moneyRate] = 1;
  }
  beginLumps(numbers, model);
}
