/** The kernel that is kept is the one that its sources make. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileKernel } from '../scripts/build-kernel.ts';

test('src/windows/projector/kernel.wasm is what scripts/build-kernel.ts makes of kernel/', async () => {
  const kept = readFileSync(new URL('../src/windows/projector/kernel.wasm', import.meta.url));
  assert.ok(
    kept.equals(await compileKernel()),
    'kernel/ has changed: run `node_modules/.bin/node scripts/build-kernel.ts` and commit what it writes',
  );
});
