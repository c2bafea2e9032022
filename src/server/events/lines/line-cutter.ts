/** Cuts the lines of a body apart, sixteen bytes at a time, in the memory of a WebAssembly kernel (`kernel/lines`). */
import { readFileSync } from 'node:fs';
import { splitLines, type Column } from '../../../log/batch.ts';

/**
 * As `splitLines` with its last line, but in place: the lines move together at the beginning of `body`, and are views on it.
 * The function throws RangeError with more than `most` lines.
 */
export type CutLines = (body: Uint8Array, most: number) => Column;

/** What Node gives us; the types that know it come with a browser's. */
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
  validate(bytes: Uint8Array): boolean;
};

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
const LF = 0x0a;
const CR = 0x0d;

/** Where there is no kernel (a processor without SIMD, or no addresses left for its memory), bytes are looked through one by one. */
export function createLineCutter(): CutLines {
  const kernel = openKernel();
  return kernel ? cutWith(kernel) : (body, most) => splitLines(body, { last: true, most });
}

function openKernel(): Kernel | undefined {
  const binary = readFileSync(new URL('./kernel.wasm', import.meta.url));
  if (!WebAssembly.validate(binary)) return undefined;
  try {
    const kernel = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as Kernel;
    kernel.memory.grow(Math.ceil(MEMORY_END / PAGE));
    return kernel;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function cutWith(kernel: Kernel): CutLines {
  const memory = new Uint8Array(kernel.memory.buffer);
  const found = new Uint32Array(kernel.memory.buffer, ENDS, STRETCH_BYTES);

  return (body, most) => {
    let ends = new Uint32Array(Math.max(16, Math.min(body.length >> 7, most)));
    let count = 0;
    let written = 0;
    for (let from = 0; from < body.length;) {
      let to = Math.min(from + STRETCH_BYTES, body.length);
      // A pair that ends a line stays together.
      if (to < body.length && body[to] === LF && body[to - 1] === CR) to--;
      memory.set(body.subarray(from, to), FROM);
      const lines = kernel.cut(FROM, FROM + to - from, TO, TO - written, ENDS);
      if (count + lines > most) throw new RangeError(`more than ${most} lines`);
      const bytesEnd = kernel.bytesEnd.value;
      // What was read lies before `to`, and no more than that is written.
      body.set(memory.subarray(TO, bytesEnd), written);
      if (count + lines > ends.length) ends = grown(ends, Math.max(count + lines, 2 * ends.length));
      ends.set(lines === STRETCH_BYTES ? found : found.subarray(0, lines), count);
      count += lines;
      written += bytesEnd - TO;
      from = to;
    }
    if (written > (count === 0 ? 0 : ends[count - 1]!)) {
      if (count === most) throw new RangeError(`more than ${most} lines`);
      if (count === ends.length) ends = grown(ends, count + 1);
      ends[count++] = written;
    }
    return { bytes: body.subarray(0, written), ends: ends.subarray(0, count) };
  };
}

function grown(from: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(length);
  wider.set(from);
  return wider;
}
