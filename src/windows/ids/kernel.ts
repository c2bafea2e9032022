/** The kernel of the id memory: WebAssembly made from `kernel/ids` (its `main.ts` says what each call does) by `scripts/build-kernel.ts`. */
import { readFileSync } from 'node:fs';
import { isKernelFault, openKernel } from '../../core/wasm-kernel.ts';

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

/** @returns undefined where none can be had: a processor without SIMD, or no 8 GB of addresses (not of memory) left */
export function openIdKernel(blocks: number): IdKernel | undefined {
  try {
    const kernel = openKernel(readFileSync(new URL('./kernel.wasm', import.meta.url))) as IdKernel | undefined;
    kernel?.begin(blocks);
    return kernel;
  } catch (error) {
    // The one from its first call: not even so much memory.
    if (isKernelFault(error)) return undefined;
    throw error;
  }
}
