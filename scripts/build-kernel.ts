/**
 * Makes src/windows/projector/kernel.wasm out of kernel/ (AssemblyScript). The file is kept in the repository, so only those who change
 * the kernel need this; a test holds the two against each other.
 *
 *   node_modules/.bin/node scripts/build-kernel.ts
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Started rather than imported: its types redefine those of JavaScript's own objects. */
const COMPILER = 'node_modules/assemblyscript/bin/asc.js';
/** No runtime: the kernel takes memory itself, and what must not happen is a trap. Functions keep their names, for profiles. */
const OPTIONS = ['--runtime', 'stub', '--enable', 'simd', '-O3', '--use', 'abort=', '--debug'];

/** It takes three seconds of a processor. */
const TIME_MAX_MS = 300_000;

/** Compiles the kernel into the file; what the compiler finds wrong is thrown. */
export function compileKernel(file: string): void {
  execFileSync(process.execPath, ['--enable-source-maps', COMPILER, 'kernel/main.ts', ...OPTIONS, '--outFile', file], {
    cwd: ROOT,
    timeout: TIME_MAX_MS,
  });
}

if (import.meta.main) compileKernel('src/windows/projector/kernel.wasm');
