/** A scorer's state as text, exact to the last bit: numbers as JSON writes them, arrays as base64. */
import type { SeasonalState } from './seasonal-scorer.ts';

const ARRAYS = { f32: Float32Array, f64: Float64Array } as const;

export function encodeSeasonalState(state: SeasonalState): string {
  return JSON.stringify(state, (_, value: unknown) => {
    for (const [name, kind] of Object.entries(ARRAYS)) {
      if (value instanceof kind) return { [name]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
    }
    // JSON knows no -0; what stands for it must not be mistaken for text.
    return Object.is(value, -0) ? { minus: 0 } : value;
  });
}

/** Undefined where the text is not one of these. */
export function decodeSeasonalState(text: string): SeasonalState | undefined {
  try {
    return JSON.parse(text, (_, value: unknown) => {
      if (typeof value !== 'object' || value === null) return value;
      if ('minus' in value) return -0;
      for (const [name, kind] of Object.entries(ARRAYS)) {
        const packed = (value as Record<string, unknown>)[name];
        // Copied into a buffer of its own: small Buffers lie in a shared pool, unaligned.
        if (typeof packed === 'string') return new kind(new Uint8Array(Buffer.from(packed, 'base64')).buffer);
      }
      return value;
    }) as SeasonalState;
  } catch {
    return undefined;
  }
}
