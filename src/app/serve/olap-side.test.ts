import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { OlapStore } from '../../olap-store/olap-store.ts';
import { answerBacktest } from './backtest-request.ts';
import { createOlapSide } from './olap-side.ts';

const forEver = new AbortController().signal;

test('one that is starting is waited for, from before it is opened until it answers', async () => {
  const found: { opened?: { store: OlapStore; missing: boolean } } = {};
  let pings = 0;
  const store = {
    async ping() {
      if (++pings < 3) throw new AppError('olap_unavailable', 'not yet', { retryable: true });
    },
  } as unknown as OlapStore;
  const side = createOlapSide(() => found.opened, systemClock);
  assert.equal(side.state(), 'starting');
  const waiting = side.started(60_000);
  found.opened = { store, missing: false };
  await waiting;
  assert.deepEqual([side.state(), pings, side.store() === store], ['ready', 3, true]);
});

test('nobody waits where there is none, and for none longer than is worth it', async () => {
  for (const [opened, state] of [
    [{ store: undefined, missing: false }, 'none'],
    [{ store: {} as OlapStore, missing: true }, 'missing'],
  ] as const) {
    const side = createOlapSide(() => opened, systemClock);
    await side.started(600_000);
    assert.equal(side.state(), state);
  }
  const hanging = createOlapSide(
    () => ({ store: { ping: () => new Promise(() => {}) } as unknown as OlapStore, missing: false }),
    systemClock,
  );
  await hanging.started(1);
  assert.equal(hanging.state(), 'starting');
  const leaving = new AbortController();
  const waiting = hanging.started(600_000, leaving.signal);
  leaving.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
});

test('a backtest that came before the store says so, instead of answering from an empty log', async () => {
  const asked = answerBacktest(
    { file: 'pipeline.yml' } as Parameters<typeof answerBacktest>[0],
    {},
    { data: '/nowhere', olapStore: 'embedded' },
    { state: () => 'starting', started: async () => {} },
    forEver,
  );
  await assert.rejects(asked, (error) => error instanceof AppError && error.code === 'olap_unavailable' && error.retryable);
});

test('one that has never answered is away after a minute, and there once it answers', async () => {
  let elapsed = 0;
  let isUp = false;
  const store = {
    async ping() {
      if (!isUp) throw new AppError('olap_unavailable', 'refused', { retryable: true });
    },
  } as unknown as OlapStore;
  const side = createOlapSide(() => ({ store, missing: false }), { elapsed: () => elapsed });
  await side.look();
  assert.equal(side.state(), 'starting');
  elapsed = 60_001;
  assert.equal(side.state(), 'away');
  await side.started(600_000);
  isUp = true;
  await side.look();
  assert.equal(side.state(), 'ready');
});
