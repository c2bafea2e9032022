/**
 * Hot reads over HTTP: `GET /metrics/{country}/{ad_format}` at 2,000, 5,000 and 10,000 requests a second (`RATE` for another one), open
 * loop: each request goes out at its own time whether or not earlier ones have been answered, and is measured from that time on. The
 * server has a process of its own, its hot store 21 segments and a day of minutes; beside it, in turn, the same server with a Redis GET
 * behind it (where there is TOCSIN_TEST_REDIS) and a bare node:http server that answers as many bytes. So has the generator, whose
 * garbage and compiled code are nobody else's. What it was late by itself stands beside the times, and for how long both waited for a
 * core: on a machine with other work no server looks faster than that.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createHotFill } from '../src/app/serve/hot-fill.ts';
import { latestRows } from '../src/app/serve/latest-rows.ts';
import { servedPaths } from '../src/app/serve/served-paths.ts';
import { createOlapSide } from '../src/app/serve/olap-side.ts';
import { loadPipeline } from '../src/config/load-pipeline.ts';
import { systemClock } from '../src/core/clock.ts';
import { silentLogger } from '../src/core/logger.ts';
import { createMemoryHotStore } from '../src/hot-store/memory/memory-store.ts';
import { HOT_HISTORY_MS } from '../src/hot-store/hot-store.ts';
import { createRedisHotStore } from '../src/hot-store/redis/redis-store.ts';
import { parseListenAddress } from '../src/server/listen-address.ts';
import { createServer as createTocsinServer } from '../src/server/server.ts';
import type { WindowRow } from '../src/windows/row.ts';
import { TOCSIN_ENV, TOCSIN_FLAGS } from './as-started.ts';
import { startGenerator, waitedMs, type GeneratorProcess, type Loaded } from './generator-process.ts';
import { median, report, timesByRound } from './measure.ts';

const RATES = process.env['RATE'] ? [Number(process.env['RATE'])] : [2_000, 5_000, 10_000];
const SECONDS = 4;
/** Until code is compiled: while a thread beside does that, collections of garbage wait for it. */
const WARM_UP_SECONDS = 2;
const ROUNDS = 3;
const BAR_MS = 1;
/** As many times as long as the one with Redis at most. */
const REDIS_MOST = 1.2;
const CONNECTIONS = 64;
const COUNTRIES = ['US', 'KR', 'JP', 'UK', 'DE', 'CA', 'FR'];
const FORMATS = ['banner', 'interstitial', 'rewarded_video'];
const PATHS = COUNTRIES.flatMap((country) => FORMATS.map((format) => `/metrics/${country}/${format}`));

const NAMES = {
  bare: 'bare node:http',
  redis: 'the same with a Redis GET behind it',
  tocsin: 'GET /metrics/{country}/{ad_format}',
};
type Kind = keyof typeof NAMES;

const redis = process.env['TOCSIN_TEST_REDIS'];
if (process.argv[2] === 'serve') await serve(process.argv[3] as Kind);
else await measure(redis === undefined ? ['bare', 'tocsin'] : ['bare', 'redis', 'tocsin']);

async function serve(kind: Kind): Promise<void> {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send!(user + system);
  });
  if (kind !== 'bare') process.send!(await tocsin(kind === 'redis'));
  else {
    const answer = JSON.stringify({ ...row('US', 'banner', 0).measures, window: '5m', response_time_ms: 0.01, source: 'hot' }).padEnd(330);
    const server = createServer((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(answer) })
        .end(answer);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
}

async function tocsin(onRedis: boolean): Promise<string> {
  const config = loadPipeline(fileURLToPath(new URL('../pipelines/adtech.yml', import.meta.url)));
  const { pipeline } = config.engine;
  const history = [{ pipeline, window: '1m', keepMs: HOT_HISTORY_MS }];
  const url = `redis://${redis}?prefix=bench-${process.pid}`;
  const hotStore = onRedis
    ? await createRedisHotStore(
        { url, history, dimensions: { [pipeline]: ['country', 'ad_format'] } },
        { clock: systemClock, logger: silentLogger },
      )
    : createMemoryHotStore({ history });
  for (let minute = 0; minute < 24 * 60; minute++) {
    const rows = COUNTRIES.flatMap((country) => FORMATS.map((format) => row(country, format, minute)));
    await hotStore.put([...rows, ...rows.map((each): WindowRow => ({ ...each, window: '1m' }))]);
  }
  const hotFill = createHotFill({ waitMs: 0 });
  hotFill.done();
  await hotStore.markFilled(pipeline);
  const olap = createOlapSide(() => ({ store: undefined, missing: false }), systemClock);
  const server = await createTocsinServer(
    { address: parseListenAddress('127.0.0.1:0'), version: '0', pageRoot: '/nowhere' },
    {
      surface: {
        pipelines: [],
        served: servedPaths(config, { latest: latestRows(config.engine, { hotStore, hotFill, olap }), hotFill, olap }),
        topics: async () => ({ topics: [] }),
        messages: () => Promise.reject(new Error('not here')),
        pushTarget: () => Promise.reject(new Error('not here')),
        backtest: () => Promise.reject(new Error('not asked')),
        notReady: async () => undefined,
      },
      clock: systemClock,
      logger: silentLogger,
    },
  );
  return server.listen();
}

function row(country: string, format: string, minute: number): WindowRow {
  const startMs = Date.UTC(2026, 2, 2) + minute * 60_000;
  return {
    kind: 'row',
    pipeline: 'adtech',
    window: '5m',
    window_start: new Date(startMs).toISOString(),
    window_end: new Date(startMs + 300_000).toISOString(),
    labels: { country, ad_format: format },
    measures: { impressions: 3_580, clicks: 153, conversions: 12, revenue: 94.0466, ctr: 4.273743016759777, ecpm: 26.27 },
    state: {},
    events: 3_745,
    replayed: 0,
    final: true,
    corrections: 0,
    version: String(minute + 1),
    origin: '',
    partitions: ['ad-events/0'],
    idle: [],
  };
}

async function measure(kinds: readonly Kind[]): Promise<void> {
  const contenders = await Promise.all(kinds.map(async (kind) => ({ kind, ...(await start(kind)) })));
  const generator = startGenerator();
  const runs: (Run & { readonly kind: Kind; readonly rate: number })[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const rate of RATES)
      for (const { kind, child, url } of contenders) runs.push({ kind, rate, ...(await measured(generator, child, url, rate)) });
  }
  for (const child of [generator.child, ...contenders.map((one) => one.child)]) child.kill();
  const rounds = (kind: Kind, rate: number, part: keyof Run): number[] =>
    runs.filter((run) => run.kind === kind && run.rate === rate).map((run) => run[part]);
  const of = (kind: Kind, rate: number, part: keyof Run): number => median(rounds(kind, rate, part));
  const most = RATES.at(-1)!;
  const ratio = (part: keyof Run, than: Kind): number[] => timesByRound(rounds('tocsin', most, part), rounds(than, most, part));
  const [p99, p50Redis, p99Redis] = [`p99 in units of ${BAR_MS} ms`, 'p50 over the one with Redis', 'p99 over the one with Redis'];
  const hasRedis = kinds.includes('redis');
  report('hot-read', {
    rows: RATES.flatMap((rate) =>
      kinds.map((kind) => ({
        name: NAMES[kind],
        per_second: rate,
        p50_ms: of(kind, rate, 'p50'),
        p99_ms: of(kind, rate, 'p99'),
        p999_ms: of(kind, rate, 'p999'),
        p99_from_sent_ms: of(kind, rate, 'fromSentP99'),
        generator_late_p99_ms: of(kind, rate, 'lateP99'),
        generator_without_core_ms_per_second: of(kind, rate, 'generatorWaited'),
        server_without_core_ms_per_second: of(kind, rate, 'serverWaited'),
        cpu_us_per_request: of(kind, rate, 'cpu'),
        share_of_a_core: (of(kind, rate, 'cpu') * rate) / 1e6,
        failed: of(kind, rate, 'failed'),
      })),
    ),
    ratios: {
      [p99]: rounds('tocsin', most, 'p99').map((ms) => ms / BAR_MS),
      ...(hasRedis && { [p50Redis]: ratio('p50', 'redis'), [p99Redis]: ratio('p99', 'redis') }),
      'p50 over bare': ratio('p50', 'bare'),
      'p99 over bare': ratio('p99', 'bare'),
      'CPU over bare': ratio('cpu', 'bare'),
    },
    isLessBetter: true,
    bars: [
      { ratio: p99, most: 1 },
      ...(hasRedis
        ? [
            { ratio: p50Redis, most: REDIS_MOST },
            { ratio: p99Redis, most: REDIS_MOST },
          ]
        : []),
    ],
    rates: RATES,
    seconds: SECONDS,
  });
}

async function start(kind: Kind): Promise<{ child: ChildProcess; url: string }> {
  const options = kind === 'bare' ? {} : { execArgv: TOCSIN_FLAGS, env: TOCSIN_ENV };
  const child = fork(fileURLToPath(import.meta.url), ['serve', kind], options);
  const [url] = (await once(child, 'message')) as [string];
  return { child, url };
}

/** That the server's process has used. */
async function cpuMicroseconds(child: ChildProcess): Promise<number> {
  child.send('cpu');
  return ((await once(child, 'message')) as [number])[0];
}

interface Run extends Loaded {
  /** Of the server, microseconds a request. */
  readonly cpu: number;
  /** For a core, ms in a second. */
  readonly generatorWaited: number;
  readonly serverWaited: number;
}

async function measured(generator: GeneratorProcess, child: ChildProcess, url: string, rate: number): Promise<Run> {
  const ask = { url, paths: PATHS, rate, connections: CONNECTIONS };
  await generator.load({ ...ask, seconds: WARM_UP_SECONDS });
  const waited = [generator.child, child].map(waitedMs);
  const before = await cpuMicroseconds(child);
  const loaded = await generator.load({ ...ask, seconds: SECONDS });
  const cpu = ((await cpuMicroseconds(child)) - before) / (rate * SECONDS);
  const [generatorWaited, serverWaited] = [generator.child, child].map((one, i) => (waitedMs(one) - waited[i]!) / SECONDS);
  return { ...loaded, cpu, generatorWaited: generatorWaited!, serverWaited: serverWaited! };
}
