import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { PipelineInfo, WindowPoint } from '../../../src/server/api.ts';
import { point } from '../testing.ts';
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
      const found = held.filter(({ window_start }) => window_start >= (ask.from ?? ''));
      return { pipeline, window: ask.window, source: 'hot', age: 0, points: found.slice(0, page), truncated: found.length > page };
    },
  };
  return { api: api as Api, asked };
}

test('the history is loaded page by page, as far back as asked, and the stream goes on with it', async () => {
  const { api, asked } = server(
    Array.from({ length: 30 }, (_, n) => point(n, n)),
    8,
  );
  const feed = createWindowFeed(api, INFO, { window: '10s', labels: undefined, windowsBack: 20 });
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

test('a page that is full of one window ends the loading instead of asking for ever', async () => {
  const many = Array.from({ length: 9 }, (_, n) => point(0, n, { labels: { country: String(n) } }));
  const { api, asked } = server(many, 4);
  const feed = createWindowFeed(api, INFO, { window: '10s', labels: undefined, windowsBack: 5 });
  feed.load();
  while (feed.loading.value.state === 'loading') await turn();
  assert.ok(asked.length <= 2, `${asked.length} requests`);
});

test('a feed of one series takes no other', () => {
  const { api } = server([], 1);
  const feed = createWindowFeed(api, INFO, { window: '10s', labels: { country: 'US' }, windowsBack: 5 });
  feed.put([point(0, 1), point(0, 2, { labels: { country: 'US' } })]);
  assert.equal(feed.revision.value, 1);
  assert.equal(feed.book.all().length, 1);
});

test('what cannot be loaded is told', async () => {
  const feed = createWindowFeed({ latest: () => Promise.reject(new Error('no')) } as unknown as Api, INFO, {
    window: '10s',
    labels: undefined,
    windowsBack: 5,
  });
  feed.load();
  while (feed.loading.value.state === 'loading') await turn();
  assert.equal(feed.loading.value.state, 'failed');
});
