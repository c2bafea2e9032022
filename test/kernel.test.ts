/** The kernel that is kept is the one that its sources make. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { compileKernel } from '../scripts/build-kernel.ts';

test('src/windows/projector/kernel.wasm is what scripts/build-kernel.ts makes of kernel/', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tocsin-kernel-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const made = path.join(folder, 'kernel.wasm');
  compileKernel(made);
  const kept = readFileSync(new URL('../src/windows/projector/kernel.wasm', import.meta.url));
  assert.ok(
    kept.equals(readFileSync(made)),
    'kernel/ has changed: run `node_modules/.bin/node scripts/build-kernel.ts` and commit what it writes',
  );
});
