import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import type { StateChange } from '../../log/log.ts';
import type { OwnedPartition, OwnedStage } from './owned-partitions.ts';
import { createTelling } from './telling.ts';

const EVERY_MS = 1_000;

/** Two partitions; a commit takes so long. `noted`: the state that went with each commit, by partition. */
function tellingOf({ tookMs = 0, once = false }: { tookMs?: number; once?: boolean } = {}) {
  const at = { now: 0, letterBytes: 0 };
  const news = [true, true];
  const noted: [partition: number, state: readonly StateChange[]][] = [];
  const all = news.map((_, partition): OwnedPartition => ({
    topic: 't',
    partition,
    stage: {
      isElsewhere: false,
      hasNews: () => news[partition]!,
      async commit({ state = [] } = {}) {
        noted.push([partition, state]);
        at.now += tookMs;
      },
      status: () => ({ deadLetterBytes: at.letterBytes }) as ReturnType<OwnedStage['status']>,
    } as OwnedStage,
  }));
  const owned = { all: () => all, unlessLeft: <T>(_: unknown, work: () => Promise<T>): Promise<T> => work() };
  const state = (): StateChange[] => [['outcomes', null]];
  const telling = createTelling({ commitEveryMs: EVERY_MS, once }, { owned, clock: { ...systemClock, elapsed: () => at.now }, state });
  return { telling, at, news, noted };
}

test('while records come it is due after the whole interval, at the end of them after a quarter', () => {
  const { telling, at } = tellingOf();
  at.now = EVERY_MS / 4;
  assert.equal(telling.isDue(1), false);
  assert.equal(telling.isDue(0), true);
  at.now = EVERY_MS;
  assert.equal(telling.isDue(1), true);
});

test('where telling takes long it takes a fifth of the time, and is never rarer than the interval', async () => {
  const { telling, at } = tellingOf({ tookMs: 40 });
  await telling.tellAll();
  // Told at 0, in 80 ms.
  at.now = 399;
  assert.equal(telling.isDue(0), false);
  at.now = 400;
  assert.equal(telling.isDue(0), true);
  const slow = tellingOf({ tookMs: 400 });
  await slow.telling.tellAll();
  slow.at.now = EVERY_MS;
  assert.equal(slow.telling.isDue(0), true);
});

test('with --once the end is no reason to tell sooner', () => {
  const { telling, at } = tellingOf({ once: true });
  at.now = EVERY_MS - 1;
  assert.equal(telling.isDue(0), false);
});

test('dead letters of both that grow to more than 8 MB are told at once', () => {
  const { telling, at } = tellingOf();
  at.letterBytes = 4 << 20;
  assert.equal(telling.isDue(1), false);
  at.letterBytes += 1;
  assert.equal(telling.isDue(1), true);
});

test('who has news tells it, the first with the state of the process; at the end all tell', async () => {
  const { telling, news, noted } = tellingOf();
  news[0] = false;
  await telling.tellAll();
  assert.deepEqual(noted, [[1, [['outcomes', null]]]]);
  await telling.tellAll(true);
  assert.deepEqual(noted.slice(1), [
    [0, [['outcomes', null]]],
    [1, []],
  ]);
});
