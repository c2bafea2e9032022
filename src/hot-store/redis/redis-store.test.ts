import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createClient } from '@redis/client';
import { testHotStore } from '../../../test/contract/hot-store.ts';
import { hotRow as row, US_BANNER as US } from '../../../test/support/hot-row.ts';
import { service } from '../../../test/support/services.ts';
import { until } from '../../../test/support/until.ts';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import type { WindowRow } from '../../windows/row.ts';
import { HOT_HISTORY_MS, type HotStore, type HotStoreConfig } from '../hot-store.ts';
import { connectRedis } from './connection.ts';
import { createKeyNames } from './keys.ts';
import { createRedisHotStore, type RedisHotStoreConfig } from './redis-store.ts';
import { parseRedisUrl } from './url.ts';
import { createWriter } from './writer.ts';

const redis = service('redis');
const SERVED: HotStoreConfig = { history: [{ pipeline: 'ads', window: '1m', keepMs: HOT_HISTORY_MS }] };

const stores: HotStore[] = [];
after(() => Promise.all(stores.map((store) => store.close())));

async function open(config: Partial<RedisHotStoreConfig> = {}, prefix: string = randomUUID()) {
  const url = `redis://${redis.address}?prefix=${prefix}`;
  const store = await createRedisHotStore({ ...SERVED, url, ...config }, { clock: systemClock, logger: silentLogger });
  stores.push(store);
  return store;
}

describe('Redis hot store', { skip: redis.skip }, () => {
  testHotStore('redis', (config) => open(config));
  testHotStore('redis, dimensions in the order of the file', (config) => open({ ...config, dimensions: { ads: ['country', 'format'] } }));

  /** A plain client, as a person with redis-cli has it. */
  async function byHand<T>(work: (client: ReturnType<typeof createClient>) => Promise<T>): Promise<T> {
    const client = createClient({ url: `redis://${redis.address}` });
    await client.connect();
    try {
      return await work(client as ReturnType<typeof createClient>);
    } finally {
      client.destroy();
    }
  }

  it('can be read by hand: the latest row as JSON for an hour, its final rows beside it', async () => {
    const prefix = randomUUID();
    const store = await open({ dimensions: { ads: ['country', 'ad_format'] } }, prefix);
    const total = row(1, { labels: {} });
    await store.put([row(0), row(1, { labels: { ad_format: 'banner', country: 'US' } }), row(1, { labels: { country: 'US' } }), total]);
    await store.close();
    await byHand(async (client) => {
      const text = await client.get(`${prefix}:US:banner:1m`);
      assert.deepEqual(JSON.parse(text ?? ''), row(1));
      assert.deepEqual(JSON.parse((await client.get(`${prefix}:*:*:1m`)) ?? ''), total);
      assert.equal(JSON.parse((await client.get(`${prefix}:US:*:1m`)) ?? '').measures.clicks, 1);
      const ttl = await client.pTTL(`${prefix}:US:banner:1m`);
      assert.ok(ttl > 3_590_000 && ttl <= 3_600_000, `${ttl} ms`);
      const history = await client.zRange(`${prefix}:US:banner:1m:history`, 0, -1);
      assert.deepEqual(
        history.map((each) => JSON.parse(each).measures.clicks),
        [0, 1],
      );
      const kept = await client.pTTL(`${prefix}:US:banner:1m:history`);
      assert.ok(kept > HOT_HISTORY_MS && kept <= HOT_HISTORY_MS + 3_600_000, `${kept} ms`);
    });
  });

  it('forgets what was not written for its time to live, and gives no older row in its place', async () => {
    const store = await open({ ttlMs: 60, history: [] });
    await store.put([row(5)]);
    while (await store.latest('ads', '1m', US)) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(await store.all('ads', '1m'), []);
    await store.put([row(4, { version: '99' })]);
    assert.equal(await store.latest('ads', '1m', US), undefined);
    await store.put([row(5)]);
    assert.deepEqual(await store.latest('ads', '1m', US), row(5), 'the same row again comes back');
    await store.close();
  });

  it('takes no store for filled before it is known whether it came up empty', async () => {
    const prefix = randomUUID();
    const connection = await connectRedis(parseRedisUrl(`redis://${redis.address}`, {}), {
      clock: systemClock,
      logger: silentLogger,
      onReady: () => {},
    });
    const names = createKeyNames({ prefix, pipelines: ['ads'], dimensions: {} });
    const ours = { names, pipelines: ['ads'], shown: 'redis', ttlMs: 60_000, windowTtlMs: 60_000, maxSeries: 9, maxWaitingRows: 9 };
    let empty = 0;
    const writer = createWriter(ours, { connection: () => connection, logger: silentLogger, onEmpty: () => empty++ });
    // It is back, and the fill before that has just come to its end: what it put is gone.
    const begun = writer.begin();
    await Promise.all([begun, writer.markFilled('ads')]);
    const filledTooSoon = await connection.client()!.exists(names.filled('ads'));
    await writer.markFilled('ads');
    const filled = await connection.client()!.exists(names.filled('ads'));
    writer.stop();
    connection.close();
    assert.deepEqual([empty, filledTooSoon, filled], [1, 0, 1]);
  });

  it('lets the highest version win, whoever writes and in whatever order', async () => {
    const puts = fc.array(fc.record({ minute: fc.nat(3), version: fc.bigInt(0n, 2n ** 64n - 1n) }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(puts, fc.infiniteStream(fc.nat()), async (some, random) => {
        const prefix = randomUUID();
        const writers = await Promise.all([open({}, prefix), open({}, prefix), open({}, prefix)]);
        const rows = some.map(({ minute, version }) => row(minute, { version: String(version), corrections: Number(version % 1_000n) }));
        // Each writer puts all of them in an order of its own, in puts of some rows that run side by side.
        await Promise.all(
          writers.flatMap((writer) => {
            const own = rows.map((each) => [random.next().value, each] as const).sort(([a], [b]) => a - b);
            const third = Math.ceil(own.length / 3);
            return [0, 1, 2].map((i) => writer.put(own.slice(i * third, (i + 1) * third).map(([, each]) => each)));
          }),
        );
        const best = [0, 1, 2, 3].flatMap((minute) => {
          const of = rows.filter(({ measures }) => measures['clicks'] === minute);
          return of.length === 0 ? [] : [of.reduce((a, b) => (BigInt(b.version) > BigInt(a.version) ? b : a))];
        });
        assert.deepEqual(await writers[0].range('ads', '1m', US, 0, Infinity), best);
        assert.deepEqual(await writers[1].latest('ads', '1m', US), best.at(-1));
        await Promise.all(writers.map((writer) => writer.close()));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps thousands of series, put and read at once', async () => {
    const store = await open();
    const rows = Array.from({ length: 5_000 }, (_, i) => row(i % 2, { labels: { country: `C${String(i).padStart(4, '0')}` } }));
    await store.put(rows);
    // On a machine that is busy with other things a put may give up waiting, and a read.
    await until(() => store.waiting?.() === 0);
    const tooBusy = (error: unknown): undefined => {
      assert.ok(error instanceof AppError && error.retryable, String(error));
    };
    let all: readonly WindowRow[] | undefined;
    await until(async () => (all = await store.all('ads', '1m').catch(tooBusy)) !== undefined);
    assert.deepEqual(all, rows);
    await store.close();
  });
});
