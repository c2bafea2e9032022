/**
 * Buffers that are used again. One of some hundred kB that is made anew for each piece of work costs more than what is done with it: the
 * system clears its pages as they are first touched, and the collector runs for them.
 */
export interface SpareBuffers {
  /** At least so many bytes, of whatever content. */
  take(bytes: number): Uint8Array<ArrayBuffer>;
  /** Only what was taken, and when nobody looks at it any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void;
}

const LEAST_BYTES = 64 << 10;
/** A spare buffer is not given for less than one of so many parts of it: many that hold little would be much. */
const WASTE = 4;

/** Keeps at most `keptBytes` of them; the newest are used first, as they are still at hand for the processor. */
export function createSpareBuffers(keptBytes: number): SpareBuffers {
  const spare: Uint8Array<ArrayBuffer>[] = [];
  let kept = 0;

  /** What can be kept has a size that others may use as well. */
  function made(bytes: number): Uint8Array<ArrayBuffer> {
    const size = bytes > keptBytes ? bytes : 2 ** Math.ceil(Math.log2(Math.max(bytes, LEAST_BYTES)));
    return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
  }

  return {
    take(bytes) {
      const i = spare.findLastIndex(({ length }) => length >= bytes && length <= Math.max(LEAST_BYTES, bytes * WASTE));
      if (i === -1) return made(bytes);
      kept -= spare[i]!.length;
      return spare.splice(i, 1)[0]!;
    },
    give(buffer) {
      if (kept + buffer.length > keptBytes) return;
      kept += buffer.length;
      spare.push(buffer);
    },
  };
}
