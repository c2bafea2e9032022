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
/** Started rather than imported: its types redefine those of JavaScript's own objects. Once for all kernels: a start takes longer than most of them. */
const COMPILE = `
  import asc from 'assemblyscript/asc';
  for (const args of JSON.parse(process.argv[1])) {
    const { error } = await asc.main(args, { stdout: process.stdout, stderr: process.stderr });
    if (error) process.exit(1);
  }
`;
/** No runtime: a kernel takes memory itself, and what must not happen is a trap. Functions keep their names, for profiles. */
const OPTIONS = ['--runtime', 'stub', '--enable', 'simd', '-O3', '--use', 'abort=', '--debug'];

/** It takes eight seconds of a processor. */
const TIME_MAX_MS = 300_000;

/** Compiles kernels into their files; what the compiler finds wrong is thrown. */
export function compileKernels(kernels: readonly { readonly source: string; readonly file: string }[]): void {
  const jobs = kernels.map(({ source, file }) => [source, ...OPTIONS, '--outFile', file]);
  execFileSync(process.execPath, ['--input-type=module', '--eval', COMPILE, JSON.stringify(jobs)], { cwd: ROOT, timeout: TIME_MAX_MS });
}

if (import.meta.main) compileKernels(KERNELS);
