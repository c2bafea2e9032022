/** How a series' state is written: the bytes of both lists in base64, the numbers' lowest byte first. */
import { endianness } from 'node:os';
import type { StateForm } from '../detector.ts';
import { emptyState } from './layout.ts';
import type { Layout, SeriesState } from './layout.ts';

export const STATE_VERSION = 1;

export function stateText(layout: Layout): StateForm<SeriesState> {
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
      // Without its habits, or with habits where there were none, a state is as good: they are learnt anew.
      if (version !== STATE_VERSION || bytes.length < numberBytes) return undefined;
      const state = emptyState(layout);
      for (let i = 0; i < layout.numbers; i++) state.numbers[i] = bytes.readFloatLE(i * Float32Array.BYTES_PER_ELEMENT);
      if (bytes.length === numberBytes + state.habits.length) state.habits.set(bytes.subarray(numberBytes));
      return state;
    },
  };
}
