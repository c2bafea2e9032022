import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import type { Engine } from '../../pipeline/engine.ts';
import { openCounting } from './counting.ts';

const engine = {} as Engine;
const monitor = { lookCounts: () => ({ looked: 0, skipped: 0 }) };
const ended = (retryable: boolean): AppError => new AppError('thread_ended', 'gone', { retryable });

test('a thread that ends while the engine is opened for the first time is no more than a delay', async () => {
  let opened = 0;
  const counting = await openCounting(async () => {
    if (++opened < 3) throw ended(true);
    return { engine, monitor };
  });
  assert.equal(opened, 3);
  assert.equal(counting.engine, engine);
});

test('one that ends again and again ends the opening, and so does any other failure', async () => {
  for (const last of [ended(false), new Error('a fault')]) {
    const failures = [ended(true), last, ended(true)];
    await assert.rejects(
      openCounting(() => Promise.reject(failures.shift()!)),
      last,
    );
    assert.equal(failures.length, 1);
  }
});
