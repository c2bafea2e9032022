/** The kernels that are kept are those that their sources make. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { compileKernels, KERNELS } from '../scripts/build-kernel.ts';
import { temporary } from './support/temporary.ts';

test('the kernels that are kept are what scripts/build-kernel.ts makes of their sources', (t) => {
  const folder = temporary(t);
  const made = KERNELS.map(({ source, file }, i) => ({ source, kept: file, file: path.join(folder, `${i}.wasm`) }));
  compileKernels(made);
  for (const { source, kept, file } of made)
    assert.ok(
      readFileSync(new URL(`../${kept}`, import.meta.url)).equals(readFileSync(file)),
      `${path.dirname(source)} has changed: run \`node_modules/.bin/node scripts/build-kernel.ts\` and commit what it writes`,
    );
});
