/** Reads what ClickHouse writes as `FORMAT RowBinary`: little-endian, lengths as LEB128, nothing between the values. */

export interface RowBinary {
  readonly isAtEnd: boolean;
  text(): string;
  /** `Array(Float64)` */
  numbers(): Float64Array;
}

/** @throws RangeError where the bytes end within a value */
export function readRowBinary(bytes: Uint8Array): RowBinary {
  const decoder = new TextDecoder();
  let at = 0;

  function length(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('the bytes end within a length');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  function take(count: number): Uint8Array {
    if (at + count > bytes.length) throw new RangeError(`the bytes end within a value: ${count} expected, ${bytes.length - at} there`);
    return bytes.subarray(at, (at += count));
  }

  return {
    get isAtEnd() {
      return at === bytes.length;
    },
    text: () => decoder.decode(take(length())),
    numbers() {
      // Copied: numbers have to begin at a multiple of eight.
      const taken = new Uint8Array(take(length() * Float64Array.BYTES_PER_ELEMENT));
      return new Float64Array(taken.buffer);
    },
  };
}
