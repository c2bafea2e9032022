/** Pieces of a body, as they come, into one buffer: as they are, or as lines. */
import type { SpareBuffers } from '../../core/spare-buffers.ts';
import { HttpProblem } from '../problem.ts';

/** Over all requests. */
export interface BodyBudget {
  /** Bytes of the buffers in which bodies are held now, filled or not. */
  held: number;
  readonly buffers: SpareBuffers;
}

export interface Gathering {
  /** `write`: what becomes of the piece, no longer than all that was put; default: it is copied. @throws HttpProblem 429 beyond the budget */
  put(piece: Uint8Array, write?: Write): void;
  /** What was put, as a view: void when it is let go. */
  bytes(): Uint8Array;
  letGo(): void;
}

/** Returns how many bytes it wrote. */
type Write = (piece: Uint8Array, to: Uint8Array) => number;

/** A client may say that it sends much and send nothing. */
const EXPECTED_BYTES_MAX = 1 << 20;

/**
 * Within `bytesHeldMax` over all bodies of the budget. A body that is as long as it says (`expectedBytes`) is copied once. When half of
 * the budget is held, nobody is believed any more: then buffers grow with what has come.
 */
export function createGathering(budget: BodyBudget, bytesHeldMax: number, expectedBytes: number): Gathering {
  let buffer: Uint8Array<ArrayBuffer> | undefined;
  let length = 0;
  /** Of all pieces. */
  let came = 0;

  function take(bytes: number): Uint8Array<ArrayBuffer> {
    const taken = budget.buffers.take(bytes);
    budget.held += taken.length;
    if (budget.held <= bytesHeldMax) return taken;
    give(taken);
    throw new HttpProblem(429, 'too many bodies are being read at this moment; send it again', { 'retry-after': '1' });
  }

  function give(taken: Uint8Array<ArrayBuffer>): void {
    budget.held -= taken.length;
    budget.buffers.give(taken);
  }

  function expected(): number {
    return budget.held <= bytesHeldMax / 2 ? Math.min(expectedBytes, EXPECTED_BYTES_MAX) : 0;
  }

  return {
    put(piece, write = copy) {
      came += piece.length;
      if (!buffer) {
        buffer = take(Math.max(came, expected()));
      } else if (came > buffer.length) {
        const wider = take(Math.max(came, 2 * buffer.length));
        wider.set(buffer.subarray(0, length));
        give(buffer);
        buffer = wider;
      }
      length += write(piece, buffer.subarray(length));
    },
    bytes: () => buffer?.subarray(0, length) ?? new Uint8Array(0),
    letGo() {
      if (buffer) give(buffer);
      buffer = undefined;
      length = 0;
      came = 0;
    },
  };
}

function copy(piece: Uint8Array, to: Uint8Array): number {
  to.set(piece);
  return piece.length;
}
