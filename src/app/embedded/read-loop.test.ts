import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAll, type ReadLoopConfig } from './read-loop.ts';

interface Round {
  /** Records; none: there was nothing to read. */
  readonly read?: number;
  readonly tookMs?: number;
  readonly pendingBytes?: number;
  readonly isHeldUp?: boolean;
  readonly move?: boolean;
}

/** Goes through these rounds, then stops. In which rounds something was committed or moved; each commit shows so many rows. */
async function looped(rounds: readonly Round[], config: ReadLoopConfig, rows = 0): Promise<string[]> {
  const stop = new AbortController();
  const told: string[] = [];
  let now = 0;
  let round = -1;
  let hasNews = false;
  const current = (): Round => rounds[round]!;
  await readAll(
    config,
    {
      engine: () => ({
        async step() {
          now += current().tookMs ?? 0;
          hasNews ||= current().read !== undefined;
          return current().read ?? 0;
        },
        hasNews: () => hasNews,
        pendingBytes: current().pendingBytes ?? 0,
      }),
      async commit() {
        told.push(`${round} committed`);
        hasNews = false;
        return { provisional: { length: rows } };
      },
      lane: { mayRead: () => !current().isHeldUp },
      clock: { elapsed: () => now },
      isTimeToMove: () => current().move === true,
      move: async () => void told.push(`${round} moved`),
    },
    stop.signal,
    () => {
      round += 1;
      if (round === rounds.length - 1) stop.abort();
      return true;
    },
  );
  return told;
}

const live = { once: false };

test('while records come it commits every 250 ms, and at once when there is nothing to read', async () => {
  assert.deepEqual(await looped([{ read: 9, tookMs: 249 }, { read: 9, tookMs: 1 }, { read: 9 }, {}], live), ['1 committed', '3 committed']);
});

test('after many rows it rests: 40 ms for each thousand, at most a second', async () => {
  const every = { read: 9, tookMs: 200 };
  assert.deepEqual(await looped([{ read: 9, tookMs: 250 }, every, every, every, {}], live, 10_000), ['0 committed', '2 committed']);
  const once = { read: 9, tookMs: 500 };
  assert.deepEqual(await looped([once, once, once, once, once], live, 100_000), ['0 committed', '2 committed', '4 committed']);
});

test('dead letters of more than 8 MB are committed at once', async () => {
  assert.deepEqual(
    await looped(
      [
        { read: 9, pendingBytes: 8 << 20 },
        { read: 9, pendingBytes: (8 << 20) + 1 },
      ],
      live,
    ),
    ['1 committed'],
  );
});

test('who is held up by another pipeline has not read to the end', async () => {
  assert.deepEqual(await looped([{ read: 9 }, { isHeldUp: true }], live), []);
  assert.deepEqual(await looped([{ read: 9, tookMs: 250 }, { isHeldUp: true }, {}, { read: 9, tookMs: 250 }], { once: true }), [
    '0 committed',
  ]);
});

test('with --once it returns at the end without a commit: the flush comes next', async () => {
  assert.deepEqual(await looped([{ read: 9 }, {}, { read: 9, tookMs: 250 }], { once: true }), []);
});

test('before it moves it commits', async () => {
  assert.deepEqual(await looped([{ read: 9, move: true }, { read: 9 }], live), ['0 committed', '0 moved']);
});
