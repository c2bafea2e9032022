/** How a series' state is written: the bytes of both lists in base64. */
import type { StateForm } from '../detector.ts';
import { emptyState } from './layout.ts';
import type { Layout, SeriesState } from './layout.ts';

export const STATE_VERSION = 1;

export function stateText(layout: Layout): StateForm<SeriesState> {
  const numberBytes = layout.numbers * Float32Array.BYTES_PER_ELEMENT;
  return {
    encode({ numbers, habits }) {
      const bytes = Buffer.alloc(numberBytes + habits.length);
      for (let i = 0; i < numbers.length; i++) bytes.writeFloatLE(numbers[i]!, i * Float32Array.BYTES_PER_ELEMENT);
      bytes.set(new Uint8Array(habits.buffer, habits.byteOffset, habits.length), numberBytes);
      return bytes.toString('base64');
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
