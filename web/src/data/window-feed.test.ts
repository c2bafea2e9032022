import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { PipelineInfo, WindowPoint } from '../../../src/server/api.ts';
import { handClock, point } from '../testing.ts';
import type { Api, HistoryRequest } from './api.ts';
import { createWindowFeed } from './window-feed.ts';

const INFO = { name: 'demo', windows: [{ name: '10s', size_ms: 10_000, slide_ms: 10_000 }] } as unknown as PipelineInfo;

/** A server that holds these points and gives so many at once. */
function server(held: readonly WindowPoint[], page: number): { api: Api; asked: HistoryRequest[] } {
  const asked: HistoryRequest[] = [];
  const api: Partial<Api> = {
    latest: async (pipeline, window) => ({ pipeline, window, source: 'hot', age: 0, points: held.slice(-1) }),
    history: async (pipeline, ask) => {
      asked.push(ask);
      const found = held.filter(({ window_start }) => window_start >= (ask.from ?? '') && window_start < (ask.to ?? '9'));
      const points = found.slice(Number(ask.after ?? 0)).slice(0, page);
      const end = Number(ask.after ?? 0) + points.length;
      const truncated = end < found.length;
      return { pipeline, window: ask.window, source: 'hot', age: 0, points, truncated, ...(truncated && { next: String(end) }) };
    },
  };
  return { api: api as Api, asked };
}

test('the history is loaded page by page, as far back as asked, and the stream goes on with it', async () => {
  const { api, asked } = server(
    Array.from({ length: 30 }, (_, n) => point(n, n)),
    8,
  );
  const feed = createWindowFeed(INFO, { window: '10s', labels: undefined, windowsBack: 20 }, { api, clock: handClock() });
  feed.load();
  while (feed.loading.value.state === 'loading') await turn();
  assert.deepEqual(feed.loading.value, { state: 'ready' });
  assert.equal(asked[0]?.from, point(9, 0).window_start);
  feed.put([point(30, 30, { final: false }), point(31, 31, { window: '1m' })]);
  const values = feed.book.all()[0]?.points.map(({ measures }) => measures['ctr']);
  assert.deepEqual(
    values,
    Array.from({ length: 20 }, (_, n) => n + 11),
  );
});

test('a window of more series than a page holds is loaded whole', async () => {
  const many = [0, 1].flatMap((n) => Array.from({ length: 9 }, (_, at) => point(n, at, { labels: { country: String(at) } })));
  const { api, asked } = server(many, 4);
  const feed = createWindowFeed(INFO, { window: '10s', labels: undefined, windowsBack: 5 }, { api, clock: handClock() });
  feed.load();
  while (feed.loading.value.state === 'loading') await turn();
  assert.deepEqual(
    asked.map(({ after }) => after),
    [undefined, '4', '8', '12', '16'],
  );
  assert.ok(feed.book.all().every(({ points }) => points.length === 2));
});

test('of very many series the last windows are loaded, as far as the pages reach, and of the roll-ups all the way back', async () => {
  const asked: HistoryRequest[] = [];
  const many = Array.from({ length: 10_000 }, (_, n) => point(50, n, { labels: { country: String(n) } }));
  const api: Partial<Api> = {
    latest: async (pipeline, window) => ({ pipeline, window, source: 'hot', age: 0, points: many }),
    history: async (pipeline, ask) => {
      asked.push(ask);
      return { pipeline, window: ask.window, source: 'hot', age: 0, points: [point(30, 1, { labels: {} })], truncated: true, next: 'on' };
    },
  };
  const info = { ...INFO, rollups: [[]] };
  const feed = createWindowFeed(info, { window: '10s', labels: undefined, windowsBack: 48 }, { api: api as Api, clock: handClock() });
  feed.load();
  while (feed.loading.value.state === 'loading') await turn();
  const all = point(2, 1).window_start;
  const last = point(46, 1).window_start;
  assert.deepEqual(
    asked.map(({ grouping, from }) => [grouping, from]),
    [...Array.from({ length: 8 }, () => [undefined, last]), ...Array.from({ length: 8 }, () => [[], all])],
    'at most so many pages',
  );
});

test('a roll-up of very many series is loaded as far back as the pages reach for it, none from further than the server looks through', async () => {
  const asked: HistoryRequest[] = [];
  const users = Array.from({ length: 2_300 }, (_, n) => String(n));
  const many = [...users.map((u) => ({ u, v: 'x' })), ...users.map((u) => ({ u })), {}].map((labels) => point(50, 1, { labels }));
  const api: Partial<Api> = {
    latest: async (pipeline, window) => ({ pipeline, window, source: 'hot', age: 0, points: many }),
    history: async (pipeline, ask) => {
      asked.push(ask);
      return { pipeline, window: ask.window, source: 'hot', age: 0, points: [], truncated: false };
    },
  };
  const info = { ...INFO, rollups: [['v'], ['u'], []] };
  const feed = createWindowFeed(info, { window: '10s', labels: undefined, windowsBack: 48 }, { api: api as Api, clock: handClock() });
  feed.load();
  while (feed.loading.value.state === 'loading') await turn();
  assert.deepEqual(
    asked.map(({ grouping, from }) => [grouping, from]),
    [
      [undefined, point(50 - 8, 1).window_start],
      [['v'], point(2, 1).window_start],
      [['u'], point(50 - 17, 1).window_start],
      [[], point(2, 1).window_start],
    ],
  );
});

test('a feed of one series takes no other', () => {
  const { api } = server([], 1);
  const feed = createWindowFeed(INFO, { window: '10s', labels: { country: 'US' }, windowsBack: 5 }, { api, clock: handClock() });
  feed.put([point(0, 1), point(0, 2, { labels: { country: 'US' } })]);
  assert.equal(feed.revision.value, 1);
  assert.equal(feed.book.all().length, 1);
});

test('what cannot be loaded is told, and tried again', async () => {
  const { api } = server([point(0, 1), point(1, 2)], 10);
  let fails = true;
  const latest: Api['latest'] = (...ask) => (fails ? Promise.reject(new Error('no')) : api.latest(...ask));
  const clock = handClock();
  const feed = createWindowFeed(INFO, { window: '10s', labels: undefined, windowsBack: 5 }, { api: { ...api, latest }, clock });
  feed.load();
  while (feed.loading.value.state === 'loading') await turn();
  assert.equal(feed.loading.value.state, 'failed');
  await turn();
  fails = false;
  clock.pass(5_000);
  while (feed.loading.value.state === 'failed') await turn();
  assert.equal(feed.book.all()[0]?.points.length, 2);
});

test('a past that begins late for now is said to, and asked for again', async () => {
  const { api, asked } = server([point(0, 1), point(1, 2)], 10);
  let isShort = true;
  const history: Api['history'] = async (...ask) => {
    const answer = await api.history(...ask);
    return isShort ? { ...answer, points: answer.points.slice(1), older_missing: true } : answer;
  };
  const clock = handClock();
  const feed = createWindowFeed(INFO, { window: '10s', labels: undefined, windowsBack: 5 }, { api: { ...api, history }, clock });
  feed.load();
  while (feed.loading.value.state === 'loading') await turn();
  assert.deepEqual(feed.loading.value, { state: 'ready', olderMissing: true });
  assert.equal(feed.book.all()[0]?.points.length, 1);
  await turn();
  isShort = false;
  clock.pass(5_000);
  while (asked.length < 2 || (feed.loading.value !== undefined && 'olderMissing' in feed.loading.value)) await turn();
  assert.deepEqual([feed.loading.value, feed.book.all()[0]?.points.length], [{ state: 'ready' }, 2]);
});

test('a server that still fills its memory is asked again until it is full, and only then for the past', async () => {
  const held = Array.from({ length: 12 }, (_, n) => point(n, n));
  const { api, asked } = server(held, 100);
  let filling = true;
  let looks = 0;
  const latest: Api['latest'] = async (pipeline, window) => {
    looks++;
    // While it fills, an old window is the newest that it has.
    return { pipeline, window, source: 'hot', age: 0, points: [filling ? held[2]! : held[11]!], ...(filling && { filling: true }) };
  };
  const clock = handClock();
  const feed = createWindowFeed(INFO, { window: '10s', labels: undefined, windowsBack: 5 }, { api: { ...api, latest }, clock });
  feed.load();
  await turn();
  feed.put([point(12, 12, { final: false })]);
  for (let second = 0; second < 3; second++) {
    clock.pass(1_000);
    await turn();
  }
  assert.deepEqual([looks, asked.length, feed.loading.value.state], [4, 0, 'loading']);
  filling = false;
  clock.pass(1_000);
  while (feed.loading.value.state === 'loading') await turn();
  assert.equal(asked[0]?.from, held[6]!.window_start);
  assert.deepEqual(
    feed.book.all()[0]?.points.map(({ measures }) => measures['ctr']),
    [8, 9, 10, 11, 12],
  );
});

test('a feed that is closed while the server fills asks no more', async () => {
  let looks = 0;
  const latest: Api['latest'] = async (pipeline, window) => {
    looks++;
    return { pipeline, window, source: 'hot', age: 0, points: [], filling: true };
  };
  const clock = handClock();
  const feed = createWindowFeed(INFO, { window: '10s', labels: undefined, windowsBack: 5 }, { api: { latest } as Api, clock });
  feed.load();
  await turn();
  feed.close();
  clock.pass(5_000);
  await turn();
  assert.equal(looks, 1);
});

test('of a span there are its windows alone, whatever the stream brings', async () => {
  const { api } = server(
    Array.from({ length: 30 }, (_, n) => point(n, n)),
    8,
  );
  const span = { from: point(4, 0).window_start, to: point(16, 0).window_start };
  const feed = createWindowFeed(INFO, { window: '10s', labels: undefined, windowsBack: 5, span }, { api, clock: handClock() });
  feed.load();
  while (feed.loading.value.state === 'loading') await turn();
  feed.put([point(30, 30), point(9, 90, { corrections: 1, version: '11' })]);
  assert.deepEqual(
    feed.book.all()[0]?.points.map(({ measures }) => measures['ctr']),
    [4, 5, 6, 7, 8, 90, 10, 11, 12, 13, 14, 15],
  );
});
