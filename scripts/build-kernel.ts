/**
 * Makes src/windows/projector/kernel.wasm out of kernel/ (AssemblyScript). The file is kept in the repository, so only those who change
 * the kernel need this; a test holds the two against each other.
 *
 *   node_modules/.bin/node scripts/build-kernel.ts
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as asc from 'assemblyscript/asc';

const ROOT = new URL('../', import.meta.url);
const KERNEL = new URL('src/windows/projector/kernel.wasm', ROOT);

/** No runtime: the kernel takes memory itself, and a null that should not be one is a trap. */
const OPTIONS = ['--runtime', 'stub', '--enable', 'simd', '-O3', '--use', 'abort='];

/** The kernel's bytes, compiled; what the compiler finds wrong is thrown. */
export async function compileKernel(): Promise<Buffer> {
  let compiled: string | Uint8Array = '';
  const { error, stderr } = await asc.main(['kernel/main.ts', ...OPTIONS, '--outFile', 'kernel.wasm'], {
    readFile: (name, folder) => readFile(new URL(name, new URL(`${folder}/`, ROOT)), 'utf8').catch(() => null),
    writeFile: (_, bytes) => {
      compiled = bytes;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`the kernel does not compile: ${stderr.toString()}`, { cause: error });
  return Buffer.from(compiled);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(KERNEL, await compileKernel());
