/**
 * Compiles the WebAssembly kernels (AssemblyScript, in kernel/) to where they are used. The files are kept in the repository, so only those who
 * change a kernel need this; a test holds them against their sources.
 *
 *   node_modules/.bin/node scripts/build-kernel.ts
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const KERNELS = [
  { source: 'kernel/projector/main.ts', file: 'src/windows/projector/kernel.wasm' },
  { source: 'kernel/unpack/main.ts', file: 'src/log/kafka/unpack/kernel.wasm' },
  { source: 'kernel/lines/main.ts', file: 'src/server/events/lines/kernel.wasm' },
  { source: 'kernel/ids/main.ts', file: 'src/windows/ids/kernel.wasm' },
] as const;

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Started rather than imported: its types redefine those of JavaScript's own objects. */
const COMPILER = 'node_modules/assemblyscript/bin/asc.js';
/** No runtime: a kernel takes memory itself, and what must not happen is a trap. Functions keep their names, for profiles. */
const OPTIONS = ['--runtime', 'stub', '--enable', 'simd', '-O3', '--use', 'abort=', '--debug'];

/** It takes three seconds of a processor. */
const TIME_MAX_MS = 300_000;

/** Compiles the kernel into the file; what the compiler finds wrong is thrown. */
export function compileKernel(source: string, file: string): void {
  execFileSync(process.execPath, ['--enable-source-maps', COMPILER, source, ...OPTIONS, '--outFile', file], {
    cwd: ROOT,
    timeout: TIME_MAX_MS,
  });
}

if (import.meta.main) for (const { source, file } of KERNELS) compileKernel(source, file);
