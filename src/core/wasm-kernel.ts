/** The WebAssembly kernels that `scripts/build-kernel.ts` makes of `kernel/`: how one is had, and how it ends. */

/** As much of the interface as is used here; Node's types leave it out. */
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object, imports?: object) => { readonly exports: unknown };
  readonly RuntimeError: new (message: string) => Error;
  validate(binary: Uint8Array): boolean;
};

/** A kernel could not begin, or stopped in the middle: no memory is left for it. Nothing it holds is to be trusted then. */
export function isKernelFault(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
}

/**
 * What the kernel exports, with memory of its own. Views over that memory are void once it has grown.
 * @returns undefined where none can be had: a processor without SIMD. @throws a kernel fault where no 8 GB of addresses (not of memory) are left
 */
export function openKernel(binary: Uint8Array, imports?: object): unknown {
  if (!WebAssembly.validate(binary)) return undefined;
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(binary), imports).exports;
  } catch (error) {
    throw error instanceof RangeError ? new WebAssembly.RuntimeError(error.message) : error;
  }
}
