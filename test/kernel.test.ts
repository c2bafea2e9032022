/** The kernels that are kept are those that their sources make. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { compileKernel, KERNELS } from '../scripts/build-kernel.ts';
import { temporary } from './support/temporary.ts';

for (const { source, file } of KERNELS)
  test(`${file} is what scripts/build-kernel.ts makes of ${source}`, (t) => {
    const folder = temporary(t);
    const made = path.join(folder, 'kernel.wasm');
    compileKernel(source, made);
    const kept = readFileSync(new URL(`../${file}`, import.meta.url));
    assert.ok(
      kept.equals(readFileSync(made)),
      `${path.dirname(source)} has changed: run \`node_modules/.bin/node scripts/build-kernel.ts\` and commit what it writes`,
    );
  });
