import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { untilMonitorIsElsewhere } from './monitor-view.ts';

/** Lags as they are asked for one after the other, the last one again and again. */
async function found(
  lags: readonly number[],
  isHere: () => boolean,
  through: Promise<void> = new Promise(() => {}),
  signal = new AbortController().signal,
) {
  let now = 0;
  let asked = 0;
  const connection = {
    async lag() {
      const lag = lags[Math.min(asked++, lags.length - 1)]!;
      return [{ topic: 'p.partials', partition: 0, offset: 9, end: 9 + lag, lag }];
    },
  };
  const clock = { ...systemClock, elapsed: () => (now += 100) };
  const isElsewhere = await untilMonitorIsElsewhere({ pipeline: 'p', isHere, sessionMs: 500 }, { connection, clock }, through, signal);
  return { isElsewhere, asked };
}

test('who has taken in all of it for a session, while nobody does that here, is the monitor', async () => {
  const { isElsewhere, asked } = await found([3, 0, 0, 1, 0], () => false);
  assert.equal(isElsewhere, true);
  assert.ok(asked > 5, `asked ${asked} times`);
});

test('while the monitor is here, or nobody takes anything in, there is none elsewhere', async () => {
  for (const [lags, here] of [
    [[0], true],
    [[1], false],
  ] as const) {
    const soon = AbortSignal.timeout(300);
    const through = new Promise<void>((resolve) => soon.addEventListener('abort', () => resolve()));
    assert.equal((await found(lags, () => here, through)).isElsewhere, false);
    assert.equal((await found(lags, () => here, undefined, soon)).isElsewhere, false);
  }
});
