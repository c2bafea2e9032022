import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import type { RunOptions } from '../run/run-options.ts';
import { threadsOf } from './threads-of-run.ts';

const MODULE = new URL('./threads-of-run.ts', import.meta.url).href;

function hasThreads(options: Pick<RunOptions, 'threads' | 'outcomes'>): boolean {
  const deps = { clock: systemClock, logger: silentLogger, signal: new AbortController().signal };
  return threadsOf(options as RunOptions, { kind: 'embedded', path: '/nowhere' }, deps) !== undefined;
}

test('as many threads as there are cores unless told; none where one would be alone or the batches are needed', () => {
  assert.equal(hasThreads({}), availableParallelism() > 1);
  assert.equal(hasThreads({ threads: 2 }), true);
  assert.equal(hasThreads({ threads: 1 }), false);
  assert.equal(hasThreads({ threads: 4, outcomes: 'outcomes.ndjson' }), false);
});

/** Of Linux; binds a process to cores. */
const BINDER = 'taskset';
const canBind = spawnSync(BINDER, ['-V']).status === 0;

test('cores that the process may not use do not count', { skip: !canBind && 'needs taskset' }, () => {
  const script = `
    import { threadsOf } from ${JSON.stringify(MODULE)};
    console.log(threadsOf({}, { kind: 'embedded', path: '/nowhere' }, {}) === undefined);
  `;
  const args = ['-c', '0', process.execPath, '--input-type=module', '--eval', script];
  assert.equal(execFileSync(BINDER, args, { encoding: 'utf8' }).trim(), 'true');
});
