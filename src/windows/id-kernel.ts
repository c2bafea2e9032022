/** The kernel of the id memory: WebAssembly made from `kernel/ids` (its `main.ts` says what each call does) by `scripts/build-kernel.ts`. */
import { readFileSync } from 'node:fs';

/** Views over the memory's buffer are void once it has grown: `seek`, `move` and `begin` do that. */
export interface IdKernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly LOWS: { readonly value: number };
  readonly HIGHS: { readonly value: number };
  readonly PLACES: { readonly value: number };
  begin(blocks: number): void;
  seek(ids: number, expired: number): number;
  resize(blocks: number): void;
  move(blocks: number, expired: number): void;
  shift(later: number, last: number): void;
  blocks(): number;
  blocksNext(): number;
  blocksMoved(): number;
  had(): number;
  block(part: number): number;
}

/** As much of the interface as is used here; Node's types leave it out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
  readonly RuntimeError: new (message: string) => Error;
  validate(bytes: Uint8Array): boolean;
};

/** The kernel stopped in the middle: no memory is left. Nothing it holds is to be trusted then. */
export function isKernelFault(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
}

/** @returns undefined where none can be had: a processor without SIMD, or no 8 GB of addresses (not of memory) left */
export function openIdKernel(blocks: number): IdKernel | undefined {
  const bytes = readFileSync(new URL('./id-kernel.wasm', import.meta.url));
  if (!WebAssembly.validate(bytes)) return undefined;
  try {
    const kernel = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as IdKernel;
    kernel.begin(blocks);
    return kernel;
  } catch (error) {
    // The one from its first call: not even so much memory.
    if (error instanceof RangeError || isKernelFault(error)) return undefined;
    throw error;
  }
}
