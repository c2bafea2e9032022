/** Cuts the lines of a body apart as its pieces come, sixteen bytes at a time, in the memory of a WebAssembly kernel (`kernel/lines`). */
import { readFileSync } from 'node:fs';
import { isKernelFault, openKernel } from '../../../core/wasm-kernel.ts';
import { splitLines } from '../../../log/batch.ts';

/** The lines of one body, as `splitLines` with its last line cuts them. */
export interface Lines {
  /**
   * Writes the piece without what ends its lines; returns how many bytes that makes, all pieces together never more than they have.
   * @throws RangeError with too many lines
   */
  cut(piece: Uint8Array, to: Uint8Array): number;
  /** After the last piece: the bytes that were kept back. @throws RangeError */
  end(to: Uint8Array): number;
  /** Where each line ends in what was written. */
  ends(): Uint32Array;
}

/** `most`: lines. */
export type OpenLines = (most: number) => Lines;

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** As `kernel/lines` says. */
  cut(from: number, end: number, to: number, base: number, ends: number): number;
  readonly bytesEnd: { readonly value: number };
}

/** Copied in, cut and copied out while a processor has them at hand. */
const STRETCH_BYTES = 32 << 10;
const SLACK = 16;
const FROM = 1 << 10;
/** Not at the same place of a page of 4 KiB: a processor takes what is written there for what is read next. */
const TO = FROM + STRETCH_BYTES + (2 << 10);
/** Each byte may be a line. */
const ENDS = TO + STRETCH_BYTES + SLACK;
const MEMORY_END = ENDS + 4 * STRETCH_BYTES;
const PAGE = 1 << 16;
/** Room for so many to begin with. */
const FIRST_LINES = 1_024;
const LF = 0x0a;
const CR = 0x0d;

/** Writes a stretch, `before` having been written of the body; tells where lines end; returns the bytes written. */
type CutStretch = (stretch: Uint8Array, to: Uint8Array, before: number, ended: (ends: Uint32Array) => void) => number;

/** Where there is no kernel (a processor without SIMD, or no addresses left for its memory), bytes are looked through one by one. */
export function createLineCutter(): OpenLines {
  const kernel = openLinesKernel();
  const cutStretch = kernel ? cutWith(kernel) : cutPlainly;
  return (most) => openLines(most, cutStretch);
}

function openLines(most: number, cutStretch: CutStretch): Lines {
  let ends = new Uint32Array(Math.min(FIRST_LINES, most));
  let count = 0;
  let written = 0;
  /** Of the last piece: what comes next says whether it belongs to the end of a line. */
  let isReturnKeptBack = false;

  function ended(more: Uint32Array): void {
    if (count + more.length > most) throw new RangeError(`more than ${most} lines`);
    if (count + more.length > ends.length) {
      const wider = new Uint32Array(Math.max(count + more.length, 2 * ends.length));
      wider.set(ends);
      ends = wider;
    }
    ends.set(more, count);
    count += more.length;
  }

  /** What was kept back, where `next` is no line feed. */
  function putReturn(to: Uint8Array, next: number | undefined): number {
    if (!isReturnKeptBack || next === LF) return 0;
    to[0] = CR;
    return 1;
  }

  return {
    cut(piece, to) {
      if (piece.length === 0) return 0;
      let at = putReturn(to, piece[0]);
      isReturnKeptBack = piece.at(-1) === CR;
      const length = isReturnKeptBack ? piece.length - 1 : piece.length;
      for (let from = 0; from < length;) {
        let end = Math.min(from + STRETCH_BYTES, length);
        // A pair that ends a line stays together.
        if (end < length && piece[end] === LF && piece[end - 1] === CR) end--;
        at += cutStretch(piece.subarray(from, end), to.subarray(at), written + at, ended);
        from = end;
      }
      written += at;
      return at;
    },
    end(to) {
      const kept = putReturn(to, undefined);
      written += kept;
      if (written > (count === 0 ? 0 : ends[count - 1]!)) ended(Uint32Array.of(written));
      return kept;
    },
    ends: () => ends.subarray(0, count),
  };
}

function cutPlainly(stretch: Uint8Array, to: Uint8Array, before: number, ended: (ends: Uint32Array) => void): number {
  const { bytes, ends, rest } = splitLines(stretch, { last: false });
  to.set(bytes);
  to.set(rest, bytes.length);
  ended(ends.map((end) => end + before));
  return bytes.length + rest.length;
}

function openLinesKernel(): Kernel | undefined {
  try {
    const kernel = openKernel(readFileSync(new URL('./kernel.wasm', import.meta.url))) as Kernel | undefined;
    kernel?.memory.grow(Math.ceil(MEMORY_END / PAGE));
    return kernel;
  } catch (error) {
    if (isKernelFault(error) || error instanceof RangeError) return undefined;
    throw error;
  }
}

function cutWith(kernel: Kernel): CutStretch {
  const memory = new Uint8Array(kernel.memory.buffer);
  const found = new Uint32Array(kernel.memory.buffer, ENDS, STRETCH_BYTES);

  return (stretch, to, before, ended) => {
    memory.set(stretch, FROM);
    const lines = kernel.cut(FROM, FROM + stretch.length, TO, TO - before, ENDS);
    ended(found.subarray(0, lines));
    const end = kernel.bytesEnd.value;
    to.set(memory.subarray(TO, end));
    return end - TO;
  };
}
