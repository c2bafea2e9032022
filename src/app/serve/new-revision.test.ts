/** What is listed and answered of now after a pipeline file was changed: what its own revisions counted. */
import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { service } from '../../../test/support/services.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { until } from '../../../test/support/until.ts';
import { definePipeline } from '../../config/load-pipeline.ts';
import type { LatestWindows, WindowHistory } from '../../server/api.ts';
import { RUN_DEFAULTS, type RunOptions } from '../run/run-options.ts';
import { runPipelines } from '../run.ts';

const redis = service('redis');
const startedAt = Date.now();

function shop(more: object = {}) {
  return definePipeline({
    pipeline: 'shop',
    source: { topic: 'orders' },
    event: { id: 'id', time: 'at', out_of_orderness: '1s', allowed_lateness: '1h' },
    dimensions: ['country'],
    measures: { orders: { count: 'events' }, ...more },
    windows: ['10s'],
    rollups: [[]],
    serve: { path: '/shop/{country}', window: '10s' },
  });
}
const edited = shop({ revenue: { sum: 'amount' } });

interface Shop {
  push(country: string, secondsAgo: number): Promise<void>;
  /** Countries of the collection, of the page's segments, and those with an answer of their own. */
  shown(): Promise<{ readonly all: string[]; readonly latest: string[]; readonly answered: string[] }>;
  /** Final windows, as many as there are. */
  history(country: string): Promise<number>;
}

async function whileRunning(options: Pick<RunOptions, 'data' | 'files' | 'revision' | 'hotStore'>, work: (shop: Shop) => Promise<void>) {
  const stop = new AbortController();
  const listening = Promise.withResolvers<string>();
  const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const running = runPipelines(
    { ...RUN_DEFAULTS, ...options, olapStore: 'none', quiet: true, listen: '127.0.0.1:0' },
    {
      stdin: Readable.from([]) as typeof process.stdin,
      stdout: nowhere(),
      stderr: nowhere(),
      signal: stop.signal,
      onListening: listening.resolve,
    },
  );
  running.catch(listening.reject);
  const url = await listening.promise;
  const json = async <T>(path: string): Promise<T> => (await (await fetch(url + path)).json()) as T;
  const sorted = (rows: readonly { readonly country?: string }[]): string[] => rows.map(({ country }) => country ?? 'total').toSorted();
  try {
    await until(async () => (await fetch(`${url}/readyz`)).ok);
    await work({
      async push(country, secondsAgo) {
        const body = JSON.stringify({ id: `${country}${secondsAgo}`, at: new Date(startedAt - secondsAgo * 1_000).toISOString(), country });
        const headers = { 'content-type': 'application/x-ndjson' };
        assert.equal((await fetch(`${url}/api/v1/events/orders`, { method: 'POST', headers, body })).status, 202);
      },
      async shown() {
        const { metrics } = await json<{ metrics: { country: string }[] }>('/shop/all');
        const { points } = await json<LatestWindows>('/api/v1/pipelines/shop/latest?window=10s');
        const answered = await Promise.all(['KR', 'US'].map(async (name) => ((await fetch(`${url}/shop/${name}`)).ok ? [name] : [])));
        return { all: sorted(metrics), latest: sorted(points.map(({ labels }) => labels)), answered: answered.flat() };
      },
      history: async (country) =>
        (await json<WindowHistory>(`/api/v1/pipelines/shop/windows?window=10s&country=${country}`)).points.filter(({ final }) => final)
          .length,
    });
  } finally {
    stop.abort();
    await running;
  }
}

const both = { all: ['KR', 'US'], latest: ['KR', 'US', 'total'], answered: ['KR', 'US'] };
const none = { all: [], latest: [], answered: [] };
const usAlone = { all: ['US'], latest: ['US', 'total'], answered: ['US'] };

for (const [name, { hotStore, skip }] of Object.entries({
  memory: { hotStore: 'memory', skip: false as const },
  redis: { hotStore: `redis://${redis.address}?prefix=new-revision-${process.pid}-${startedAt}`, skip: redis.skip },
})) {
  describe(`after a new revision, hot store: ${name}`, { skip }, () => {
    const isShown = async ({ shown }: Shop, wanted: typeof both): Promise<void> => {
      await until(async () => (await shown()).latest.length === wanted.latest.length);
      assert.deepEqual(await shown(), wanted);
    };

    it('what only an older one counted is not listed, what comes again is; history stays, and a restart changes nothing', async (t) => {
      const data = temporary(t);
      await whileRunning({ data, hotStore, files: [shop()], revision: { kind: 'same' } }, async (before) => {
        for (const country of ['US', 'KR']) await before.push(country, 90);
        await before.push('US', 70);
        await until(async () => (await before.history('KR')) === 1);
        await isShown(before, both);
      });
      await whileRunning({ data, hotStore, files: [shop()], revision: { kind: 'new' } }, (same) => isShown(same, both));
      await whileRunning({ data, hotStore, files: [edited], revision: { kind: 'new' } }, async (after) => {
        await isShown(after, none);
        await after.push('US', 50);
        await isShown(after, usAlone);
        await after.push('US', 30);
        await until(async () => (await after.history('US')) === 2);
        await isShown(after, usAlone);
        assert.equal(await after.history('KR'), 1);
      });
      for (const revision of [{ kind: 'same' }, { kind: 'new' }] as const) {
        await whileRunning({ data, hotStore, files: [edited], revision }, async (again) => {
          await isShown(again, usAlone);
          assert.equal(await again.history('US'), 2);
        });
      }
      // Read again, by the same file: what is not counted anew is of this file all the same.
      await whileRunning({ data, hotStore, files: [edited], revision: { kind: 'from', from: 'latest' } }, (same) => isShown(same, usAlone));
      await whileRunning({ data, hotStore, files: [shop()], revision: { kind: 'from', from: 'earliest' } }, (all) => isShown(all, both));
    });
  });
}
