/** How a series' state is written: the bytes of both lists, the numbers' lowest byte first. */
import { endianness } from 'node:os';
import type { StateForm } from '../detector.ts';
import { emptyState, habitBytesOf } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';
import { SPAN_MINUTES_MAX } from './time-grid.ts';

/**
 * Goes up when the bytes change, what they mean, or what series share; what an older one wrote is brought up to date in `decode`, or the series begins anew.
 * Where spans are longer than an hour what waits to be a habit once took less room.
 */
export const stateVersionOf = ({ form, grid }: Model): number => (form === 'money' ? 4 : 3) + (grid.spanMinutes > SPAN_MINUTES_MAX ? 1 : 0);

export function stateBytes(model: Model): StateForm<SeriesState> {
  const { layout, grid } = model;
  const numberBytes = layout.numbers * Float32Array.BYTES_PER_ELEMENT;
  /** Of amounts as such: written before it was kept what one event brings. That is the last list, and begins empty. */
  const olderBytes = layout.perEvent * Float32Array.BYTES_PER_ELEMENT;
  const isOlder = ({ length }: Uint8Array): boolean =>
    olderBytes < numberBytes && (length === olderBytes || length === olderBytes + habitBytesOf(grid));
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
      // Without its habits, or with habits where there were none, a state is as good: they are learnt anew.
      const had = isOlder(written) ? olderBytes : numberBytes;
      if (version !== stateVersionOf(model) || written.length < had) return undefined;
      const bytes = Buffer.from(written.buffer, written.byteOffset, written.length);
      const state = emptyState(layout);
      for (let at = 0; at < had; at += Float32Array.BYTES_PER_ELEMENT)
        state.numbers[at / Float32Array.BYTES_PER_ELEMENT] = bytes.readFloatLE(at);
      if (bytes.length === had + state.habits.length) state.habits.set(bytes.subarray(had));
      return state;
    },
  };
}
