import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PipelineInfo } from '../../../src/server/api.ts';
import { handClock } from '../testing.ts';
import type { Api } from './api.ts';
import { createDashboard } from './dashboard.ts';
import type { EventStream } from './stream.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function scene() {
  const server = {
    pipelines: [
      { name: 'ads', dimensions: ['country'] },
      { name: 'shop', dimensions: [] },
    ],
    isAway: false,
  };
  const never = (): Promise<never> => new Promise(() => {});
  const api = {
    pipelines: async () => {
      if (server.isAway) throw new Error('away');
      return structuredClone(server.pipelines) as unknown as PipelineInfo[];
    },
    status: never,
    latest: never,
    alerts: never,
    silences: never,
    streamUrl: (name: string) => `/stream/${name}`,
  } as unknown as Api;
  const streams: { readonly url: string; readonly tells: (type: string) => void; isClosed: boolean }[] = [];
  const open = (url: string): EventStream => {
    const heard = new Map<string, (event: { readonly data?: string }) => void>();
    const stream = { url, tells: (type: string) => heard.get(type)?.({ data: '{}' }), isClosed: false };
    streams.push(stream);
    return {
      readyState: 1,
      addEventListener: (type, listener) => void heard.set(type, listener),
      close: () => void (stream.isClosed = true),
    };
  };
  const page = {
    languages: ['en'],
    hash: () => '#/ads',
    go: () => {},
    onHash: () => {},
    visible: () => true,
    remember: () => {},
    recall: () => null,
  };
  return { server, streams, dashboard: createDashboard({ api, clock: handClock(), open, page }) };
}

test('after a gap the page asks whether the pipeline is another one by now; one that is not goes on', async () => {
  const { server, streams, dashboard } = scene();
  await settled();
  const first = dashboard.feed.value;
  assert.deepEqual(first?.info.dimensions, ['country']);
  streams[0]!.tells('open');
  await settled();
  assert.equal(dashboard.feed.value, first);

  server.isAway = true;
  streams[0]!.tells('reset');
  await settled();
  assert.deepEqual([dashboard.feed.value, dashboard.failed.value], [first, undefined], 'a question that failed takes nothing away');

  server.isAway = false;
  server.pipelines[1]!.dimensions = ['item'];
  streams[0]!.tells('reset');
  await settled();
  assert.equal(dashboard.feed.value, first, 'another pipeline is another one, this one goes on');

  server.pipelines[0]!.dimensions = ['country', 'ad_format'];
  streams[0]!.tells('reset');
  await settled();
  assert.deepEqual(dashboard.feed.value?.info.dimensions, ['country', 'ad_format']);
  assert.deepEqual(
    streams.map(({ isClosed }) => isClosed),
    [true, false],
  );
  streams[1]!.tells('open');
  await settled();
  assert.equal(streams.length, 2, 'and that one stays');
});
