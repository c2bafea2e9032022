import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { createLogger } from '../../core/logger.ts';
import { driveAll, stopSignal } from './drive.ts';
import type { PipelineRun } from './pipeline-run.ts';
import type { RunOptions } from './run-options.ts';

const options = { once: false } as RunOptions;

/** Of runs that have nothing to do until they are to stop. */
function driven(stopping: AbortController): Promise<void> {
  const idle = { run: async (signal: AbortSignal) => void (await once(signal, 'abort')) } as unknown as PipelineRun;
  const deps = { clock: systemClock, stdin: process.stdin, feed: async () => {}, logger: createLogger(() => {}) };
  return driveAll([idle, idle], options, deps, stopping);
}

test('what keeps all from going on ends runs that have nothing to do, and is told', async () => {
  const stopping = stopSignal(options, new AbortController().signal);
  const ended = assert.rejects(driven(stopping), { code: 'thread_ended' });
  await turn();
  stopping.abort(new AppError('thread_ended', 'the thread that writes the log has ended'));
  await ended;
});

test('runs that are asked to stop do, without a word', async () => {
  const asked = new AbortController();
  const stopping = stopSignal(options, asked.signal);
  const ended = driven(stopping);
  await turn();
  asked.abort();
  await ended;
});
