/** Whole numbers up to 2^53 in bytes of 7 bits, the lowest first (LEB128). */
export function writeVarint(bytes: number[], value: number): void {
  while (value >= 128) {
    bytes.push((value % 128) + 128);
    value = Math.floor(value / 128);
  }
  bytes.push(value);
}

/** Reads one after the other. @throws RangeError past the end or where the number is too large or not in its shortest form */
export function createVarintReader(bytes: Uint8Array, from: number): { next(): number; byte(): number; atEnd(): boolean } {
  let at = from;
  return {
    next() {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[at++];
        if (byte === undefined) throw new RangeError('the bytes end within a number');
        value += (byte & 127) * scale;
        if (!Number.isSafeInteger(value)) throw new RangeError('a number is too large');
        if (byte < 128) {
          if (byte === 0 && scale > 1) throw new RangeError('a number is not in its shortest form');
          return value;
        }
      }
    },
    byte() {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('the bytes end within a text');
      return byte;
    },
    atEnd: () => at === bytes.length,
  };
}
