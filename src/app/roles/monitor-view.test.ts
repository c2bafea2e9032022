import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { untilMonitorIsElsewhere } from './monitor-view.ts';

/** What is read and what is there, as asked for one after the other, the last one again and again. */
async function found(
  places: readonly (readonly [offset: number, end: number])[],
  isHere: () => boolean,
  through: Promise<void> = new Promise(() => {}),
  signal = new AbortController().signal,
) {
  let now = 0;
  let asked = 0;
  const connection = {
    async lag() {
      const [offset, end] = places[Math.min(asked++, places.length - 1)]!;
      return [{ topic: 'p.partials', partition: 0, offset, end, lag: end - offset }];
    },
  };
  const clock = { ...systemClock, elapsed: () => (now += 100) };
  const isElsewhere = await untilMonitorIsElsewhere({ pipeline: 'p', isHere, sessionMs: 500 }, { connection, clock }, through, signal);
  return { isElsewhere, asked };
}

test('who has taken in all of it for a session, while nobody does that here, is the monitor', async () => {
  const places = [
    [6, 9],
    [8, 9],
    [9, 9],
  ] as const;
  const { isElsewhere, asked } = await found(places, () => false);
  assert.equal(isElsewhere, true);
  assert.ok(asked > 3, `asked ${asked} times`);
});

test('what others go on telling meanwhile is not waited for', async () => {
  const busy = Array.from({ length: 100 }, (_, i) => [7 + i, 9 + i] as const);
  assert.equal((await found(busy, () => false, undefined, AbortSignal.timeout(5_000))).isElsewhere, true);
});

test('while the monitor is here, or nobody takes anything in, there is none elsewhere', async () => {
  for (const [place, here] of [
    [[9, 9], true],
    [[8, 9], false],
  ] as const) {
    const soon = AbortSignal.timeout(300);
    const through = new Promise<void>((resolve) => soon.addEventListener('abort', () => resolve()));
    assert.equal((await found([place], () => here, through)).isElsewhere, false);
    assert.equal((await found([place], () => here, undefined, soon)).isElsewhere, false);
  }
});
