/** The hot store when Redis is killed, hangs, is full, or wants something else than it gets. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createClient } from '@redis/client';
import { startRedis, type RedisOptions } from '../../../scripts/services/redis.ts';
import type { Service } from '../../../scripts/services/service.ts';
import { hotRow, US_BANNER } from '../../../test/support/hot-row.ts';
import { ownService } from '../../../test/support/services.ts';
import { systemClock } from '../../core/clock.ts';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import type { WindowRow } from '../../windows/row.ts';
import { HOT_HISTORY_MS } from '../hot-store.ts';
import { createRedisHotStore, type RedisHotStore, type RedisHotStoreConfig } from './redis-store.ts';
import { until } from '../../../test/support/until.ts';
import { temporary } from '../../../test/support/temporary.ts';

const HISTORY = [{ pipeline: 'ads', window: '1m', keepMs: HOT_HISTORY_MS }];

async function redisFor(t: TestContext, options: RedisOptions = {}): Promise<Service> {
  const redis = await startRedis(options);
  t.after(() => redis.stop());
  return redis;
}

interface Opened {
  readonly store: RedisHotStore;
  readonly said: string[];
  /** How often Redis was found empty. */
  readonly empties: () => number;
}

async function open(
  t: TestContext,
  url: string,
  config: Partial<RedisHotStoreConfig> = {},
  env: Record<string, string> = {},
  clock = systemClock,
): Promise<Opened> {
  const said: string[] = [];
  let empties = 0;
  const say = (message: string): void => void said.push(message);
  const store = await createRedisHotStore(
    { url, history: HISTORY, dimensions: { ads: ['country', 'ad_format'] }, ...config },
    { clock, logger: { info: say, warn: say }, env, onEmpty: () => empties++ },
  );
  t.after(() => store.close());
  return { store, said, empties: () => empties };
}

const refuses = (code: ErrorCode, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, text);
  return true;
};

const latest = (store: RedisHotStore) => store.latest('ads', '1m', US_BANNER);

describe('Redis hot store under faults', { skip: (await ownService('redis')).skip, concurrency: 4 }, () => {
  it('lets rows wait while Redis is killed, refuses reads, and says that it came back empty', async (t) => {
    const redis = await redisFor(t);
    const { store, said, empties } = await open(t, `redis://${redis.address}`);
    await until(() => empties() === 1);
    await store.put([hotRow(0)]);
    await store.markFilled('ads');
    await redis.kill();
    await until(() => !store.status().up);
    // Just after the kill it is the end of the connection, then that nobody listens.
    const gone = /cannot be reached \((ECONNREFUSED|ECONNRESET|Socket closed unexpectedly)\).*--hot-store/;
    await assert.rejects(latest(store), refuses('hot_store_unavailable', gone));
    const began = performance.now();
    for (let minute = 1; minute <= 50; minute++) await store.put([hotRow(minute), hotRow(minute, { version: '9' })]);
    assert.ok(performance.now() - began < 500, 'nobody waits for it');
    assert.equal(store.status().waiting, 50, 'the newest version of each row');

    await redis.restart();
    await until(() => store.status().up && store.status().waiting === 0);
    assert.deepEqual(await latest(store), hotRow(50));
    assert.equal((await store.range('ads', '1m', US_BANNER, 0, Infinity)).length, 50, 'all but what the killed one had');
    assert.equal(empties(), 2);
    assert.equal(await store.isFilled('ads'), false);
    assert.ok(said.some((line) => /cannot be reached/.test(line)) && said.some((line) => /is back after/.test(line)), said.join('\n'));
    assert.equal(said.filter((line) => /cannot be reached/.test(line)).length, 1, 'said once');
  });

  it('notices that Redis was emptied while it was connected', async (t) => {
    const redis = await redisFor(t);
    const { store, empties } = await open(t, `redis://${redis.address}`);
    await until(() => empties() === 1);
    await store.markFilled('ads');
    const client = createClient({ url: `redis://${redis.address}` });
    await client.connect();
    await client.flushAll();
    client.destroy();
    await store.put([hotRow(0)]);
    await until(() => empties() === 2);
    assert.equal(await store.isFilled('ads'), false);
    await store.put([hotRow(1)]);
    assert.equal(empties(), 2, 'said once');
  });

  it('asks for the rows again where Redis came back with those of its last snapshot, and not after a mere loss of the connection', async (t) => {
    const redis = await redisFor(t);
    const { store, said, empties } = await open(t, `redis://${redis.address}`);
    const client = createClient({ url: `redis://${redis.address}` }).on('error', () => {});
    await client.connect();
    t.after(() => client.destroy());
    const minutes = async () => (await store.range('ads', '1m', US_BANNER, 0, Infinity)).map(({ measures }) => measures['clicks']);
    const filled = async (rows: readonly WindowRow[]): Promise<void> => {
      await store.put(rows);
      await store.markFilled('ads');
      assert.equal(await store.isFilled('ads'), true);
    };
    await until(() => empties() === 1);
    await filled([hotRow(0)]);
    await client.sendCommand(['SAVE']);
    await store.put([hotRow(1)]);

    await redis.kill();
    await until(() => !store.status().up);
    await redis.restart();
    await until(() => store.status().up);
    await store.put([hotRow(2)]);
    await until(() => store.status().waiting === 0);
    assert.deepEqual(await minutes(), [0, 2], 'the row after the snapshot is gone');
    assert.equal(await store.isFilled('ads'), false);
    assert.equal(empties(), 2);
    assert.match(said.join('\n'), /was started again and may have come back with less than it had: it is filled from the log/);
    await filled([hotRow(0), hotRow(1), hotRow(2)]);
    assert.deepEqual(await minutes(), [0, 1, 2]);

    await until(() => client.isReady);
    const back = (): number => said.filter((line) => /is back after/.test(line)).length;
    await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
    await until(() => back() === 2);
    await store.put([hotRow(3)]);
    await until(() => store.status().waiting === 0);
    assert.deepEqual([await store.isFilled('ads'), empties()], [true, 2]);
    // Another process, and a next run, find the sign of this start of Redis.
    const next = await open(t, `redis://${redis.address}`);
    await next.store.put([hotRow(4)]);
    assert.deepEqual([await next.store.isFilled('ads'), next.empties()], [true, 0]);
  });

  it('goes on with a Redis that could not save its data, once it takes rows again', async (t) => {
    const dir = temporary(t);
    const saved = path.join(dir, 'saved');
    mkdirSync(saved);
    const redis = await redisFor(t, { dir, args: ['--save', '3600', '1', '--dir', saved] });
    const { store, said } = await open(t, `redis://${redis.address}`);
    await store.put([hotRow(0)]);
    rmSync(saved, { recursive: true });
    const client = createClient({ url: `redis://${redis.address}` }).on('error', () => {});
    await client.connect();
    t.after(() => client.destroy());
    await client.sendCommand(['BGSAVE']);
    await until(async () => (await client.info('persistence')).includes('rdb_last_bgsave_status:err'));
    await store.put([hotRow(1)]);
    // It refuses signs of life too.
    await until(async () => /cmdstat_ping:.*rejected_calls=[1-9]/.test(await client.info('commandstats')));
    assert.match(said.join('\n'), /takes no rows because it cannot save them to its disk/);
    assert.deepEqual(await latest(store), hotRow(0), 'what it has can be read');
    await client.configSet('stop-writes-on-bgsave-error', 'no');
    await until(() => store.status().up && store.status().waiting === 0);
    assert.deepEqual(await latest(store), hotRow(1));
  });

  it('says so to each that may fill it, until one has; never to a reader, who sees when it is', async (t) => {
    const redis = await redisFor(t);
    const url = `redis://${redis.address}`;
    const deps = { clock: systemClock, logger: { info: () => {}, warn: () => {} } };
    const reader = await createRedisHotStore({ url, history: HISTORY }, deps);
    t.after(() => reader.close());
    const first = await open(t, url);
    await until(() => first.empties() === 1);
    const second = await open(t, url);
    await until(() => second.empties() === 1);
    await second.store.put([hotRow(0)]);
    assert.equal(await reader.isFilled('ads'), false);
    await second.store.markFilled('ads');
    assert.equal(await reader.isFilled('ads'), true);
    const third = await open(t, url);
    await third.store.put([hotRow(1)]);
    assert.deepEqual([first.empties(), second.empties(), third.empties()], [1, 1, 0]);
  });

  it('keeps the last row of each series where too many wait, and asks for the rest from the log', async (t) => {
    const redis = await redisFor(t);
    const { store, empties } = await open(t, `redis://${redis.address}`, { maxWaitingRows: 20 });
    await redis.kill();
    await until(() => !store.status().up);
    const other = { country: 'KR', ad_format: 'video' };
    await store.put([hotRow(0, { labels: other }), ...Array.from({ length: 100 }, (_, i) => hotRow(i))]);
    assert.ok(store.status().waiting <= 20, `${store.status().waiting} wait`);
    await redis.restart();
    // Once for the empty Redis, once for the rows lost.
    await until(() => empties() === 3 && store.status().waiting === 0);
    assert.equal(await store.isFilled('ads'), false);
    assert.deepEqual(await latest(store), hotRow(99));
    assert.deepEqual(await store.latest('ads', '1m', other), hotRow(0, { labels: other }));
  });

  it('starts where Redis is away, and fills it when it comes', async (t) => {
    const redis = await redisFor(t);
    await redis.kill();
    const { store, empties } = await open(t, `redis://${redis.address}`);
    await store.put([hotRow(0)]);
    await assert.rejects(store.all('ads', '1m'), refuses('hot_store_unavailable', /cannot be reached/));
    await redis.restart();
    await until(() => store.status().up && store.status().waiting === 0);
    assert.deepEqual(await latest(store), hotRow(0));
    assert.equal(empties(), 1);
  });

  it('gives up on a Redis that hangs, however many go on asking, and goes on when it wakes', async (t) => {
    const redis = await redisFor(t);
    const pid = redis.pid();
    if (pid === undefined) return t.skip('in a container');
    let laterMs = 0;
    const clock = { ...systemClock, elapsed: () => systemClock.elapsed() + laterMs };
    const { store, said } = await open(t, `redis://${redis.address}`, {}, {}, clock);
    await store.put([hotRow(0)]);
    process.kill(pid, 'SIGSTOP');
    const began = performance.now();
    await store.put([hotRow(1)]);
    assert.ok(performance.now() - began < 2_000, 'put does not wait for it');
    await assert.rejects(latest(store), refuses('hot_store_unavailable', /took longer|cannot be reached/));
    laterMs = 10_000;
    await until(() => {
      latest(store).catch(() => {});
      return !store.status().up;
    });
    assert.match(said.join('\n'), /cannot be reached \(no sign of life for 10 s\)/);
    await store.put([hotRow(2)]);
    process.kill(pid, 'SIGCONT');
    await until(() => store.status().up && store.status().waiting === 0);
    assert.deepEqual(await latest(store), hotRow(2));
  });

  it('lets rows wait while Redis is out of memory, and says how to mend it', async (t) => {
    const redis = await redisFor(t, { args: ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'] });
    const { store, said } = await open(t, `redis://${redis.address}`);
    await store.put([hotRow(0)]);
    const big = { clicks: 'x'.repeat(100_000) };
    await store.put(Array.from({ length: 40 }, (_, i) => hotRow(i + 1, { state: big })));
    await until(async () => {
      await store.put([hotRow(41, { state: big })]);
      return said.some((line) => /out of memory\. Raise its `maxmemory`.*rows wait/i.test(line));
    });
    assert.ok(store.status().up && store.status().waiting > 0);
    assert.notEqual(await latest(store), undefined, 'what it has can be read');
    const client = createClient({ url: `redis://${redis.address}` });
    await client.connect();
    await client.configSet('maxmemory', '100mb');
    client.destroy();
    await until(() => store.status().waiting === 0);
    assert.equal((await store.range('ads', '1m', US_BANNER, 0, Infinity)).length, 42);
  });

  it('warns of a Redis that drops rows by itself', async (t) => {
    for (const [policy, warnings] of [
      ['allkeys-lru', 1],
      ['noeviction', 0],
    ] as const) {
      const redis = await redisFor(t, { args: ['--maxmemory', '50mb', '--maxmemory-policy', policy] });
      const { said } = await open(t, `redis://${redis.address}`);
      assert.equal(said.filter((line) => /drops rows by itself.*noeviction/.test(line)).length, warnings, policy);
    }
  });

  it('takes user and password from the address or the environment, and names the setting where they are wrong', async (t) => {
    const redis = await redisFor(t, { args: ['--requirepass', 'p@ss:word', '--user', 'tocsin', 'on', '>secret', '~*', '+@all'] });
    const at = redis.address;
    const url = `redis://:p%40ss%3Aword@${at}`;
    await (await open(t, url)).store.put([hotRow(0)]);
    for (const [given, env] of [
      [url, {}],
      [`redis://${at}`, { TOCSIN_REDIS_PASSWORD: 'p@ss:word' }],
      [`redis://tocsin:secret@${at}`, {}],
      [`redis://tocsin@${at}`, { TOCSIN_REDIS_PASSWORD: 'secret' }],
    ] as const) {
      assert.deepEqual(await latest((await open(t, given, {}, env)).store), hotRow(0), given);
    }
    await assert.rejects(open(t, `redis://${at}`), refuses('hot_store_refused', /wants a password.*TOCSIN_REDIS_PASSWORD/));
    const wrong = open(t, `redis://:hush@${at}`);
    await assert.rejects(wrong, refuses('hot_store_refused', /refused user or password.*TOCSIN_REDIS_PASSWORD/));
    await assert.rejects(wrong, ({ message }: Error) => !message.includes('hush'));
  });

  it('takes the database of the address, and names it where there is no such', async (t) => {
    const redis = await redisFor(t);
    await (await open(t, `redis://${redis.address}/3`)).store.put([hotRow(0)]);
    assert.equal(await latest((await open(t, `redis://${redis.address}/2`)).store), undefined);
    assert.deepEqual(await latest((await open(t, `redis://${redis.address}/3`)).store), hotRow(0));
    await assert.rejects(open(t, `redis://${redis.address}/99`), refuses('hot_store_refused', /\/99 has no such database/));
  });

  it('speaks TLS, verifies the certificate, and names the setting where it does not', async (t) => {
    const dir = temporary(t);
    const [certificate, key] = [path.join(dir, 'cert.pem'), path.join(dir, 'key.pem')];
    const subject = ['-subj', '/CN=redis.test', '-addext', 'subjectAltName=DNS:redis.test'];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    const redis = await redisFor(t, { dir, tls: { certificate, key } });
    const plain = await redisFor(t);

    const { store } = await open(t, `rediss://${redis.address}?ca=${certificate}&servername=redis.test`);
    await store.put([hotRow(0)]);
    assert.deepEqual(await latest(store), hotRow(0));
    await assert.rejects(open(t, `rediss://${redis.address}`), refuses('hot_store_refused', /certificate does not verify.*\?ca=PATH/));
    await assert.rejects(
      open(t, `rediss://${redis.address}?ca=${certificate}`),
      refuses('hot_store_refused', /another name.*servername=NAME/s),
    );
    const { store: mistaken } = await open(t, `rediss://${plain.address}`);
    await assert.rejects(latest(mistaken), refuses('hot_store_unavailable', /If it speaks no TLS, write redis:/));
    const { store: hopeful } = await open(t, `redis://${redis.address}`);
    await assert.rejects(latest(hopeful), refuses('hot_store_unavailable', /If it speaks TLS, write rediss:/));
  });

  it("refuses keys that are another pipeline's, or something else", async (t) => {
    const redis = await redisFor(t);
    const url = `redis://${redis.address}`;
    await open(t, url);
    const shop = { history: [{ ...HISTORY[0]!, pipeline: 'shop' }], dimensions: { shop: ['country'] } };
    await assert.rejects(open(t, url, shop), refuses('hot_store_refused', /rows of the pipeline "ads".*\?prefix=NAME/));
    await open(t, `${url}?prefix=shop`, shop);
    const client = createClient({ url });
    await client.connect();
    await client.hSet('taken:US:banner:1m:history', 'a', 'b');
    client.destroy();
    const { store, said } = await open(t, `${url}?prefix=taken`);
    await store.put([hotRow(0)]);
    assert.ok(
      said.some((line) => /holds something else.*\?prefix=NAME/.test(line)),
      said.join('\n'),
    );
  });
});
