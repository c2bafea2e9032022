import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SendResult } from '../receivers/receiver.ts';
import { createPatience, type PatienceSettings, type Trial } from './patience.ts';

const down: SendResult = { ok: false, retryable: true, reason: 'down' };
const paused = (retryAfterMs: number): SendResult => ({ ok: false, retryable: true, reason: 'busy', retryAfterMs });
const over = (reason: string): SendResult => ({ ok: false, retryable: false, reason });

function make(settings: Partial<PatienceSettings> = {}) {
  const clock = { ms: 0, elapsed: () => clock.ms };
  const patience = createPatience({ retryForMs: 100, pausesForMs: 1_000, shared: false, ...settings }, clock);
  let sent = 0;
  /** An attempt at this time that takes so long. */
  const at = async (trial: Trial, ms: number, result: SendResult, takesMs = 0): Promise<SendResult> => {
    clock.ms = ms;
    return trial.attempt(async () => {
      sent += 1;
      clock.ms += takesMs;
      return result;
    });
  };
  return { patience, at, sent: () => sent };
}

test('the time counts from the beginning of the first attempt that failed, for each notification', async () => {
  const { patience, at } = make();
  const [first, second] = [patience.begin(), patience.begin()];
  assert.deepEqual(await at(first, 10, down, 40), down);
  assert.equal(first.leftMs(), 60);
  assert.deepEqual(await at(second, 109, down), down);
  assert.equal(second.leftMs(), 100);
  assert.deepEqual(await at(first, 110, down), over('down'));
});

test('an answer that asks for a pause begins the time of failures anew, until there were pauses enough', async () => {
  const { patience, at } = make();
  const trial = patience.begin();
  await at(trial, 0, down);
  assert.deepEqual(await at(trial, 99, paused(50)), paused(50));
  assert.deepEqual(await at(trial, 150, down), down);
  assert.equal(trial.leftMs(), 100);
  assert.deepEqual(await at(trial, 1_000, paused(50)), paused(50));
  assert.deepEqual(await at(trial, 1_060, paused(50)), over('busy'));
});

test('shared: what comes after a receiver was given up is not tried, later once, and all again when it succeeds', async () => {
  const { patience, at, sent } = make({ shared: true });
  await at(patience.begin(), 0, down);
  assert.deepEqual(await at(patience.begin(), 100, down), over('down'));
  assert.deepEqual(await at(patience.begin(), 199, { ok: true }), over('down'));
  assert.equal(sent(), 2);
  assert.deepEqual(await at(patience.begin(), 200, down), over('down'));
  assert.equal(sent(), 3);
  assert.deepEqual(await at(patience.begin(), 300, { ok: true }), { ok: true });
  assert.deepEqual(await at(patience.begin(), 301, down), down);
});
