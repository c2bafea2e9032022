/** The WebAssembly kernel that unpacks (`kernel/unpack`), and its memory, which grows as it is asked to. */
import { readFileSync } from 'node:fs';
import { AppError } from '../../../core/errors.ts';

/** What Node gives us; the types that know it come with a browser's. */
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** As `kernel/unpack` says. */
  lz4(from: number, end: number, to: number, toEnd: number, low: number): number;
  records(
    ...args: [
      ...[from: number, end: number, count: number, to: number, base: number, keys: number, keyBase: number, columns: number],
      ...[baseOffset: number, baseTime: number, deltas: bigint, first: number],
    ]
  ): number;
  readonly valuesEnd: { readonly value: number };
  readonly keysEnd: { readonly value: number };
  readonly buried: { readonly value: number };
}

export interface KernelMemory {
  readonly kernel: Kernel;
  /** All of it; void after `reserve` and `shrink`. */
  readonly bytes: Buffer;
  /** Room up to `end`, with slack. @throws AppError `memory_short` */
  reserve(end: number): void;
  /** Where it has grown large a small one takes its place: what stood in it is gone. */
  shrink(): void;
}

/** More than the kernel reads and writes beyond what it is told to. */
export const SLACK = 32;
const PAGE = 1 << 16;
/** What has grown beyond this is not kept. */
const MEMORY_BYTES_MAX = 16 << 20;

/** @throws AppError `memory_short` where no 8 GB of addresses (not of memory) are left for one more */
export function openKernel(): KernelMemory {
  const module = new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  let kernel = ifThereIsRoom(() => instantiate(module));
  let bytes = Buffer.from(kernel.memory.buffer);

  return {
    get kernel() {
      return kernel;
    },
    get bytes() {
      return bytes;
    },
    reserve(end) {
      const missing = end + SLACK - bytes.length;
      if (missing <= 0) return;
      ifThereIsRoom(() => kernel.memory.grow(Math.ceil(Math.max(missing, bytes.length / 2) / PAGE)));
      bytes = Buffer.from(kernel.memory.buffer);
    },
    shrink() {
      if (bytes.length <= MEMORY_BYTES_MAX) return;
      try {
        kernel = instantiate(module);
      } catch (error) {
        // No addresses are left for a second one: the large one is kept until there are.
        if (!(error instanceof RangeError)) throw error;
      }
      bytes = Buffer.from(kernel.memory.buffer);
    },
  };
}

function instantiate(module: object): Kernel {
  return new WebAssembly.Instance(module).exports as Kernel;
}

/** What is wrong is the machine then, and not the batch. */
export function ifThereIsRoom<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AppError(
      'memory_short',
      `no memory is left to unpack what was read from Kafka (${error.message}). Give the process more, also of addresses ` +
        '(ulimit -v; a partition takes 8 GB of them, hardly any of it memory), or spread the partitions over more processes.',
      { cause: error },
    );
  }
}
