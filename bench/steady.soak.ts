/**
 * An hour at full speed (`SOAK_MINUTES`): 10,000 segments pushed over HTTP as fast as they are taken, or so many events a second
 * (`SOAK_RATE`), counted in two threads (`SOAK_THREADS`), ids remembered for 70 s. By the minute: events, resident memory, that of the ids in it,
 * and the delay of the event loop that serves HTTP, as the process itself tells them at `/metrics`; beside it that of a loop with nothing to do,
 * which knows of the core that it is on alone, and for how long the host took cores away.
 * Memory must be flat, less than 600 MB besides the ids, and no pause over 50 ms.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { loadavg, setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../src/core/clock.ts';
import { freePort } from '../scripts/services/port.ts';
import { createApiClient } from './api-client.ts';
import { startIdleLoop } from './idle-loop.ts';
import { report } from './measure.ts';
import { stolenMs } from './stolen-time.ts';
import { createWideEvents, SEGMENTS, widePipeline } from './wide-events.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 60);
const RATE = Number(process.env['SOAK_RATE'] ?? Infinity);
const THREADS = process.env['SOAK_THREADS'] ?? '2';
const PARTITIONS = 4;
const SCRAPE_EVERY_MS = 5_000;
const REFUSED_WAIT_MS = 20;
const PAUSE_MS = 50;
/** A core that was away for less makes no pause of that length. */
const STOLEN_MS = 40;
/** Niceness. */
const GIVES_WAY = 10;
const BESIDES_IDS_MB = 600;
/** The most that is resident in the second half, over the first, of what comes after the warm-up. */
const GROWTH = 1.1;
const ROOT = path.join(import.meta.dirname, '..');

interface Scrape {
  readonly events: number;
  readonly residentBytes: number;
  readonly idsBytes: number;
  /** Since the scrape before, ms. */
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly idleLongestMs: number;
  /** Since the scrape before. */
  readonly stolenMs: number;
}

interface Minute {
  readonly name: string;
  readonly events_per_second: number;
  readonly resident_mb: number;
  readonly ids_mb: number;
  readonly besides_ids_mb: number;
  readonly delay_p99_ms: number;
  readonly longest_pause_ms: number;
  readonly pauses_over_50_ms: number;
  /** In which the host took a core away as well. */
  readonly of_them_stolen: number;
  readonly stolen_ms: number;
  /** Of a thread with nothing to do. */
  readonly idle_longest_pause_ms: number;
  readonly idle_pauses_over_50_ms: number;
  readonly load: number;
}

const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-soak-'));
const file = path.join(dir, 'wide.yml');
writeFileSync(file, widePipeline('wide', 'wide-events', { source: ', retention_bytes: 200000000', event: ', dedup: 70s' }));
const url = `http://127.0.0.1:${await freePort()}`;
const child = spawn(
  path.join(ROOT, 'bin/tocsin'),
  ['run', file, '--data', path.join(dir, 'data'), '--olap-store', 'none', '--listen', new URL(url).host, '--threads', THREADS, '--quiet'],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
const ended = once(child, 'exit').finally(() => rmSync(dir, { recursive: true, force: true }));
// Whoever breaks it off leaves nothing behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    // What is being asked meanwhile fails, which is nobody's fault.
    process.on('unhandledRejection', () => {});
    child.kill('SIGINT');
    void ended.finally(() => process.exit(1));
  });
const agent = new Agent({ keepAlive: true });
const { ask, answers } = createApiClient(url, agent);
const over = new AbortController();
const idle = startIdleLoop();
let stolen = stolenMs();
// Who sends is another machine's work: here it gives way. The idle loop has begun as a thread of its own before.
setPriority(GIVES_WAY);
try {
  await Promise.race([answers(), ended.then(() => Promise.reject(new Error('the run has ended')))]);
  const pushing = push();
  const minutes = await watch();
  over.abort();
  await pushing;
  told(minutes);
} finally {
  over.abort();
  await idle.stop();
  agent.destroy();
  child.kill('SIGINT');
  await ended;
}

/** One body after the other, to the partitions in turn; one that is refused for now is sent again. */
async function push(): Promise<void> {
  const events = createWideEvents();
  const begun = systemClock.elapsed();
  for (let bodies = 0; !over.signal.aborted; bodies++) {
    const early = begun + (bodies * SEGMENTS * 1_000) / RATE - systemClock.elapsed();
    if (early > 0) await sleep(early);
    const partition = bodies % PARTITIONS;
    const body = events.lines(systemClock.now());
    for (;;) {
      const { status, text } = await ask(`/api/v1/events/wide-events?partition=${partition}`, body);
      if (status === 202) break;
      if (status !== 429) throw new Error(`a push was answered ${status}: ${text}`);
      if (over.signal.aborted) return;
      await sleep(REFUSED_WAIT_MS);
    }
  }
}

async function watch(): Promise<Minute[]> {
  const minutes: Minute[] = [];
  let before = await scrape();
  for (let minute = 1; minute <= MINUTES; minute++) {
    const [begun, scrapes] = [systemClock.elapsed(), [] as Scrape[]];
    while (systemClock.elapsed() - begun < 60_000) {
      await sleep(SCRAPE_EVERY_MS);
      scrapes.push(await scrape());
    }
    const seconds = (systemClock.elapsed() - begun) / 1_000;
    const last = scrapes.at(-1)!;
    const one: Minute = {
      name: `minute ${minute}`,
      events_per_second: Math.round((last.events - before.events) / seconds),
      resident_mb: Math.round(Math.max(...scrapes.map(({ residentBytes }) => residentBytes)) / 1e6),
      ids_mb: Math.round(Math.max(...scrapes.map(({ idsBytes }) => idsBytes)) / 1e6),
      besides_ids_mb: Math.round(Math.max(...scrapes.map(({ residentBytes, idsBytes }) => residentBytes - idsBytes)) / 1e6),
      delay_p99_ms: Math.round(Math.max(...scrapes.map(({ p99Ms }) => p99Ms))),
      longest_pause_ms: Math.round(Math.max(...scrapes.map(({ longestMs }) => longestMs))),
      pauses_over_50_ms: scrapes.filter(({ longestMs }) => longestMs > PAUSE_MS).length,
      of_them_stolen: scrapes.filter(({ longestMs, stolenMs: ms }) => longestMs > PAUSE_MS && ms > STOLEN_MS).length,
      stolen_ms: scrapes.reduce((sum, { stolenMs: ms }) => sum + ms, 0),
      idle_longest_pause_ms: Math.round(Math.max(...scrapes.map(({ idleLongestMs }) => idleLongestMs))),
      idle_pauses_over_50_ms: scrapes.filter(({ idleLongestMs }) => idleLongestMs > PAUSE_MS).length,
      load: Math.round(loadavg()[0]! * 10) / 10,
    };
    console.log(JSON.stringify(one));
    minutes.push(one);
    before = last;
  }
  return minutes;
}

async function scrape(): Promise<Scrape> {
  const { text } = await ask('/metrics');
  const stolenBefore = stolen;
  stolen = stolenMs();
  const value = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name} (\\S+)$`, 'gm'))].reduce((sum, [, number]) => sum + Number(number), 0);
  return {
    events: value(String.raw`tocsin_records_total\{.*outcome="accepted".*\}`),
    residentBytes: value('tocsin_resident_memory_bytes'),
    idsBytes: value(String.raw`tocsin_ids_bytes\{.*\}`),
    p99Ms: 1_000 * value(String.raw`tocsin_event_loop_delay_seconds\{quantile="0\.99"\}`),
    longestMs: 1_000 * value(String.raw`tocsin_event_loop_delay_seconds\{quantile="1"\}`),
    idleLongestMs: await idle.longestMs(),
    stolenMs: stolen - stolenBefore,
  };
}

function told(minutes: readonly Minute[]): void {
  // Ids of a minute, windows and compiled code fill up first.
  const warm = minutes.slice(minutes.length > 4 ? 2 : 0);
  const most = (of: readonly Minute[]): number => Math.max(...of.map(({ resident_mb: mb }) => mb));
  const half = warm.length >> 1;
  const growth = 'resident, second half to first';
  const pause = `longest pause in units of ${PAUSE_MS} ms`;
  const besides = `resident besides the ids in units of ${BESIDES_IDS_MB} MB`;
  report('steady', {
    segments: SEGMENTS,
    threads: Number(THREADS),
    rows: minutes.map((minute) => ({ ...minute })),
    ratios: {
      [growth]: most(warm.slice(half)) / most(warm.slice(0, Math.max(1, half))),
      [pause]: Math.max(...warm.map(({ longest_pause_ms: ms }) => ms)) / PAUSE_MS,
      [besides]: Math.max(...minutes.map(({ besides_ids_mb: mb }) => mb)) / BESIDES_IDS_MB,
    },
    isLessBetter: true,
    bars: [
      { ratio: growth, most: GROWTH },
      { ratio: pause, most: 1 },
      { ratio: besides, most: 1 },
    ],
  });
}
