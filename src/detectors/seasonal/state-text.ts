/** A scorer's state as text, exact to the last bit: numbers as JSON writes them, arrays as base64, without their zeros where most are. */
import type { SeasonalState } from './seasonal-scorer.ts';

const ARRAYS = { f32: Float32Array, f64: Float64Array } as const;
type Kind = keyof typeof ARRAYS;
type NumberArray = Float32Array | Float64Array;

interface PackedArray {
  readonly kind: Kind;
  readonly length: number;
  readonly values: string;
  /** Positions of the values, where the others are 0. */
  readonly at?: string;
}

export function encodeSeasonalState(state: SeasonalState): string {
  return JSON.stringify(state, (_, value: unknown) => {
    if (value instanceof Float32Array) return { packed: pack('f32', value) };
    if (value instanceof Float64Array) return { packed: pack('f64', value) };
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
      return 'packed' in value ? unpack(value.packed as PackedArray) : value;
    }) as SeasonalState;
  } catch {
    return undefined;
  }
}

function pack(kind: Kind, array: NumberArray): PackedArray {
  const at = new Uint16Array(array.length);
  const values = new ARRAYS[kind](array.length);
  let count = 0;
  for (let i = 0; i < array.length; i++) {
    if (Object.is(array[i], 0)) continue;
    at[count] = i;
    values[count++] = array[i]!;
  }
  if (count * 2 >= array.length) return { kind, length: array.length, values: base64(array) };
  return { kind, length: array.length, values: base64(values.subarray(0, count)), at: base64(at.subarray(0, count)) };
}

function unpack({ kind, length, values, at }: PackedArray): NumberArray {
  const numbers = new ARRAYS[kind](bytes(values));
  if (at === undefined) return numbers;
  const array = new ARRAYS[kind](length);
  new Uint16Array(bytes(at)).forEach((position, i) => (array[position] = numbers[i]!));
  return array;
}

function base64(array: NumberArray | Uint16Array): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
}

/** Copied into a buffer of its own: small Buffers lie in a shared pool, unaligned. */
function bytes(text: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(text, 'base64')).buffer;
}
