/**
 * Hot reads over HTTP: `GET /metrics/{country}/{ad_format}` at 10,000 requests a second (`RATE`), open loop: each request goes out at
 * its own time whether or not earlier ones have been answered, and is measured from that time on. The server has a process of its own,
 * its hot store 21 segments and a day of minutes; beside it, in turn, the same server with a Redis GET behind it (where there is
 * TOCSIN_TEST_REDIS) and a bare node:http server that answers as many bytes.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createConnection, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
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
import { median, report, timesByRound } from './measure.ts';

const RATE = Number(process.env['RATE'] ?? 10_000);
const SECONDS = 5;
const WARM_UP_SECONDS = 2;
const ROUNDS = 3;
const BAR_MS = 1;
/** And never more than a fifth slower than the same server with a GET of Redis behind it. */
const OVER_REDIS = 'p50 over the one with Redis';
const OVER_REDIS_MAX = 1.2;
const CONNECTIONS = 64;
const COUNTRIES = ['US', 'KR', 'JP', 'UK', 'DE', 'CA', 'FR'];
const FORMATS = ['banner', 'interstitial', 'rewarded_video'];

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
  const olap = createOlapSide(
    () => undefined,
    () => false,
  );
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
  const contenders = await Promise.all(kinds.map(async (kind) => ({ kind, ...(await start(kind)), runs: [] as Latencies[] })));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { child, url, runs } of contenders) {
      await load(url, WARM_UP_SECONDS);
      const before = await cpuMicroseconds(child);
      const run = await load(url, SECONDS);
      runs.push({ ...run, cpu: ((await cpuMicroseconds(child)) - before) / (RATE * SECONDS) });
    }
  }
  for (const { child } of contenders) child.kill();
  const rounds = (kind: Kind, part: keyof Latencies): number[] => contenders.find((one) => one.kind === kind)!.runs.map((run) => run[part]);
  const of = (kind: Kind, part: keyof Latencies): number => median(rounds(kind, part));
  const over = (other: Kind, part: keyof Latencies): number[] => timesByRound(rounds('tocsin', part), rounds(other, part));
  report('hot-read', {
    rows: contenders.map(({ kind, runs }) => ({
      name: NAMES[kind],
      p50_ms: of(kind, 'p50'),
      p99_ms: of(kind, 'p99'),
      p999_ms: of(kind, 'p999'),
      cpu_us_per_request: of(kind, 'cpu'),
      failed: Math.max(...runs.map(({ failed }) => failed)),
    })),
    ratios: {
      [`p99 in units of ${BAR_MS} ms`]: rounds('tocsin', 'p99').map((ms) => ms / BAR_MS),
      ...(kinds.includes('redis') && {
        [OVER_REDIS]: over('redis', 'p50'),
        'p99 over the one with Redis': over('redis', 'p99'),
      }),
      'p50 over bare': over('bare', 'p50'),
      'CPU over bare': over('bare', 'cpu'),
    },
    isLessBetter: true,
    bars: [
      { ratio: `p99 in units of ${BAR_MS} ms`, most: 1 },
      ...(kinds.includes('redis') ? [{ ratio: OVER_REDIS, most: OVER_REDIS_MAX }] : []),
    ],
    rate: RATE,
    seconds: SECONDS,
  });
}

async function start(kind: Kind): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', kind]);
  const [url] = (await once(child, 'message')) as [string];
  return { child, url };
}

/** That the server's process has used. */
async function cpuMicroseconds(child: ChildProcess): Promise<number> {
  child.send('cpu');
  return ((await once(child, 'message')) as [number])[0];
}

interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly failed: number;
  /** Of the server, microseconds a request. */
  readonly cpu: number;
}

/** Of every request that was due in the time, ms from when it was due to its last byte. */
async function load(url: string, seconds: number): Promise<Omit<Latencies, 'cpu'>> {
  const client = await connect(url);
  const total = RATE * seconds;
  const took = new Float64Array(total);
  let done = 0;
  let failed = 0;
  const begin = performance.now();
  let sent = 0;
  const everything = Promise.withResolvers<void>();
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - begin) / 1_000) * RATE));
    for (; sent < due; sent++) {
      const dueAt = begin + (sent / RATE) * 1_000;
      client.get(`/metrics/${COUNTRIES[sent % COUNTRIES.length]}/${FORMATS[sent % FORMATS.length]}`, (ok) => {
        took[done++] = performance.now() - dueAt;
        if (!ok) failed++;
        if (done === total) everything.resolve();
      });
    }
    // Shorter than a timer can be: requests leave within a fraction of a millisecond of their time.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await everything.promise;
  client.close();
  await sleep(100);
  took.sort();
  const at = (share: number): number => took[Math.min(total - 1, Math.floor(total * share))]!;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), failed };
}

/**
 * Requests on kept connections, one at a time on each; the rest waits for a free one. No more than a measurement needs: Node's own
 * HTTP client takes longer for a request than the server, and would be what is measured.
 */
async function connect(url: string) {
  const { hostname, port, host } = new URL(url);
  const free: Socket[] = [];
  const all: Socket[] = [];
  const waiting: { path: string; done: (ok: boolean) => void }[] = [];
  const under = new Map<Socket, (ok: boolean) => void>();

  function send(socket: Socket, path: string, done: (ok: boolean) => void): void {
    under.set(socket, done);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  }

  function receive(socket: Socket): void {
    let text = '';
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('data', (part: string) => {
      text += part;
      const head = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (head < 0 || !(text.length >= head + 4 + length)) return;
      const ok = text.startsWith('HTTP/1.1 200');
      text = '';
      under.get(socket)!(ok);
      const next = waiting.shift();
      if (next) send(socket, next.path, next.done);
      else free.push(socket);
    });
  }

  for (let i = 0; i < CONNECTIONS; i++) {
    const socket = createConnection(Number(port), hostname);
    await once(socket, 'connect');
    receive(socket);
    all.push(socket);
    free.push(socket);
  }
  return {
    get(path: string, done: (ok: boolean) => void): void {
      const socket = free.pop();
      if (socket) send(socket, path, done);
      else waiting.push({ path, done });
    },
    close: () => all.forEach((socket) => socket.destroy()),
  };
}
