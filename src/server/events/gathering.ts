/** Pieces of a body, as they come, into one buffer. */
import type { SpareBuffers } from '../../core/spare-buffers.ts';

export interface Gathering {
  put(piece: Uint8Array): void;
  /** What was put, as a view: void when it is let go. */
  bytes(): Uint8Array;
  letGo(): void;
}

/** A client may say that it sends much and send nothing. */
const EXPECTED_BYTES_MAX = 1 << 20;

export function createGathering(buffers: SpareBuffers, expectedBytes: number): Gathering {
  let buffer: Uint8Array<ArrayBuffer> | undefined;
  let length = 0;
  return {
    put(piece) {
      if (!buffer) buffer = buffers.take(Math.max(piece.length, Math.min(expectedBytes, EXPECTED_BYTES_MAX)));
      else if (length + piece.length > buffer.length) {
        const wider = buffers.take(Math.max(length + piece.length, 2 * buffer.length));
        wider.set(buffer.subarray(0, length));
        buffers.give(buffer);
        buffer = wider;
      }
      buffer.set(piece, length);
      length += piece.length;
    },
    bytes: () => (buffer ? buffer.subarray(0, length) : new Uint8Array(0)),
    letGo() {
      if (buffer) buffers.give(buffer);
      buffer = undefined;
      length = 0;
    },
  };
}
