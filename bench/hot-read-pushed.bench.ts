/**
 * Hot reads while events stream: `tocsin run` of the ad-tech pipeline takes 10,000 events a second over HTTP, 100 bodies a second, while
 * it answers `GET /metrics/{country}/{ad_format}` 2,000 times a second, open loop. All of it is on one thread: judging, merging, commits,
 * collections of garbage and answers. `PUSHED` events and `RATE` requests a second for others; without events beside, in the same run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../scripts/services/port.ts';
import { systemClock } from '../src/core/clock.ts';
import { createRandom } from '../src/core/random.ts';
import { createEventWriter } from '../src/sources/generator/event.ts';
import { AD_FORMATS, COUNTRIES, createSegments } from '../src/sources/generator/market.ts';
import { createApiClient } from './api-client.ts';
import { startGenerator, waitedMs, type Loaded } from './generator-process.ts';
import { median, report } from './measure.ts';

const PUSHED = Number(process.env['PUSHED'] ?? 10_000);
const RATE = Number(process.env['RATE'] ?? 2_000);
const BODY_MS = 10;
const SECONDS = 8;
const ROUNDS = 3;
/** Until code is compiled, and every segment has a window. */
const WARM_UP_SECONDS = 15;
const CONNECTIONS = 64;
const PATHS = COUNTRIES.flatMap((country) => AD_FORMATS.map((format) => `/metrics/${country}/${format}`));
const ROOT = path.join(import.meta.dirname, '..');

interface Run extends Loaded {
  readonly accepted: number;
  readonly serverWaited: number;
}

const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-hot-read-'));
const url = `http://127.0.0.1:${await freePort()}`;
const tocsin = spawn(
  path.join(ROOT, 'bin/tocsin'),
  [
    'run',
    path.join(ROOT, 'pipelines/adtech.yml'),
    '--data',
    path.join(dir, 'data'),
    '--olap-store',
    'none',
    '--listen',
    new URL(url).host,
    '--quiet',
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
const ended = once(tocsin, 'exit');
/** In turn, so that none is idle for as long as the server keeps it. */
const agent = new Agent({ keepAlive: true, maxSockets: 4, scheduling: 'fifo' });
const { ask, answers } = createApiClient(url, agent);
const generator = startGenerator();
const events = createEvents();
try {
  await Promise.race([answers(), ended.then(() => Promise.reject(new Error('the run has ended')))]);
  await pushing(() => generator.load({ url, paths: ['/healthz'], rate: 100, seconds: WARM_UP_SECONDS, connections: 1 }));
  const [beside, alone]: [Run[], Run[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    beside.push(await pushing(measured));
    alone.push(await measured());
  }
  told(beside, alone);
} finally {
  agent.destroy();
  generator.child.kill();
  tocsin.kill('SIGINT');
  await ended;
  rmSync(dir, { recursive: true, force: true });
}

async function measured(): Promise<Run> {
  const [waited, accepted] = [waitedMs(tocsin), await acceptedEvents()];
  const loaded = await generator.load({ url, paths: PATHS, rate: RATE, seconds: SECONDS, connections: CONNECTIONS });
  return {
    ...loaded,
    accepted: ((await acceptedEvents()) - accepted) / SECONDS,
    serverWaited: (waitedMs(tocsin) - waited) / SECONDS,
  };
}

/** Events are sent when they are due, until `work` is done. */
async function pushing<T>(work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const under = push(over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    await under;
  }
}

async function push(over: AbortSignal): Promise<void> {
  const begun = systemClock.elapsed();
  const under = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  for (let bodies = 1; !over.aborted && failures.length === 0; bodies++) {
    const early = begun + bodies * BODY_MS - systemClock.elapsed();
    if (early > 0) await sleep(early);
    const body = Buffer.from(events((PUSHED * BODY_MS) / 1_000));
    const one = pushOne(body)
      .catch((error: unknown) => failures.push(error))
      .finally(() => under.delete(one));
    under.add(one);
  }
  await Promise.all(under);
  if (failures.length > 0) throw new AggregateError(failures, 'pushes failed');
}

async function pushOne(body: Buffer): Promise<void> {
  const { status, text } = await ask('/api/v1/events/ad-events', body);
  if (status !== 202) throw new Error(`a push was answered ${status}: ${text}`);
}

/** Writes so many ad events of now, a line each, with the shares that ads have. */
function createEvents(): (count: number) => string {
  const random = createRandom(7);
  const writers = createSegments().map((segment) => createEventWriter(segment, random));
  return (count) => {
    const lines: string[] = [];
    while (lines.length < count) {
      const writer = writers[random.below(writers.length)]!;
      writer.next();
      lines.push(writer.event(random.below(25) === 0 ? 'click' : 'impression', systemClock.now(), 1));
    }
    return `${lines.join('\n')}\n`;
  };
}

async function acceptedEvents(): Promise<number> {
  const { text } = await ask('/metrics');
  return [...text.matchAll(/^tocsin_records_total\{.*outcome="accepted".*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}

function told(beside: readonly Run[], alone: readonly Run[]): void {
  const row = (name: string, runs: readonly Run[]): Record<string, string | number> => {
    const of = (part: keyof Run): number => median(runs.map((run) => run[part]));
    return {
      name,
      events_per_second: Math.round(of('accepted')),
      p50_ms: of('p50'),
      p99_ms: of('p99'),
      p999_ms: of('p999'),
      p99_from_sent_ms: of('fromSentP99'),
      generator_late_p99_ms: of('lateP99'),
      server_without_core_ms_per_second: of('serverWaited'),
      failed: of('failed'),
    };
  };
  report('hot-read-pushed', {
    rows: [row('while events stream', beside), row('without', alone)],
    ratios: { 'p99 while events stream over without': beside.map((run, i) => run.p99 / alone[i]!.p99) },
    isLessBetter: true,
    rate: RATE,
    seconds: SECONDS,
  });
}
