/**
 * How long it takes until somebody is told: from the append of the record that makes a window final to the request at the receiver,
 * in a run of its own process at 5,000 events a second, whose windows of 1 s ring and end for 20 segments in turn, with a webhook
 * that answers after 50 ms. Times of one machine's clock; the append times are those in the log.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../src/core/clock.ts';
import { recordAt } from '../src/log/batch.ts';
import { createEmbeddedLog } from '../src/log/embedded/embedded-log.ts';
import type { AlertEvent } from '../src/receivers/alert-event.ts';
import { report } from './measure.ts';

const EVENTS_PER_SECOND = 5_000;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 45);
/** At the start code is compiled and caches are cold; what a person waits for is the rest. */
const WARM_UP_MS = 5_000;
const SEGMENTS = 20;
const STEP_MS = 20;
const ANSWER_MS = 50;
const OUT_OF_ORDERNESS_MS = 200;
/** p99, as a share of a second. */
const BAR = 1;

const dir = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
const arrivals: { readonly windowEnd: number; readonly arrivedMs: number }[] = [];
const receiver = createServer((request, response) => {
  const arrivedMs = systemClock.now();
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const alert = JSON.parse(Buffer.concat(parts).toString()) as AlertEvent;
    arrivals.push({ windowEnd: Date.parse(alert.window_end), arrivedMs });
    setTimeout(() => response.end(), ANSWER_MS);
  });
}).listen(0, '127.0.0.1');

try {
  await once(receiver, 'listening');
  writeFileSync(join(dir, 'pipeline.yml'), pipelineFile((receiver.address() as AddressInfo).port));
  const startedMs = systemClock.now();
  await runFor(SECONDS * 1_000);
  const latencies = await latenciesSince(startedMs + WARM_UP_MS);
  if (latencies.length < (SEGMENTS * (SECONDS * 1_000 - 2 * WARM_UP_MS)) / 1_000)
    throw new Error(`only ${latencies.length} notifications came`);
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))]!);
  report('alert-latency', {
    rows: [{ name: 'append to request', notifications: latencies.length, p50_ms: p50!, p99_ms: p99!, most_ms: most! }],
    ratios: { p99_to_a_second: p99! / 1_000 },
    bar: { ratio: 'p99_to_a_second', most: BAR },
  });
} finally {
  receiver.closeAllConnections();
  receiver.close();
  rmSync(dir, { recursive: true, force: true });
}

function pipelineFile(port: number): string {
  return `pipeline: latency
source: { topic: events }
event: { id: id, time: time, out_of_orderness: ${OUT_OF_ORDERNESS_MS}ms, allowed_lateness: 5s, dedup: 1m }
dimensions: [segment]
measures:
  all: { count: events }
  bad: { count: { kind: bad } }
  share: { ratio: [bad, all], scale: 100, unit: "%" }
windows: [1s]
detect: { detector: threshold, window: 1s, share: { above: 20% } }
cooldown: 1ms
receivers: { hook: { type: webhook, url: "http://127.0.0.1:${port}/" } }
`;
}

/** A run of the command line that is fed on its standard input, as by another program. */
async function runFor(ms: number): Promise<void> {
  const main = new URL('../src/cli/main.ts', import.meta.url).pathname;
  const options = ['--input', '-', '--data', join(dir, 'data'), '--olap-store', 'none', '--listen', 'none', '--quiet'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'run', join(dir, 'pipeline.yml'), ...options], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  await sleep(1_500);
  let id = 0;
  const started = systemClock.elapsed();
  for (let step = 1; systemClock.elapsed() - started < ms; step++) {
    const lines: string[] = [];
    const due = Math.floor(((systemClock.elapsed() - started) * EVENTS_PER_SECOND) / 1_000);
    for (const now = systemClock.now(); id < due; id++) lines.push(eventLine(id, now));
    if (lines.length > 0) child.stdin.write(`${lines.join('\n')}\n`);
    await sleep(Math.max(0, step * STEP_MS - (systemClock.elapsed() - started)));
  }
  child.kill('SIGINT');
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the run ended with ${code}`);
}

/** In every other second half of a segment's events are bad: it rings, and ends in the next. */
function eventLine(id: number, now: number): string {
  const segment = id % SEGMENTS;
  const isBad = (Math.floor(now / 1_000) + segment) % 2 === 0 && Math.floor(id / SEGMENTS) % 2 === 0;
  return `{"id":"e${id}","time":"${new Date(now).toISOString()}","segment":"s${segment}","kind":"${isBad ? 'bad' : 'good'}"}`;
}

/** Ascending, ms. */
async function latenciesSince(sinceMs: number): Promise<number[]> {
  const log = createEmbeddedLog({ path: join(dir, 'data', 'log.sqlite'), clock: systemClock, readOnly: true });
  /** By the end of the window: append time of the first record whose event time passes it. */
  const finalAt = new Map<number, number>();
  let watermark = -Infinity;
  for (let offset = 0; ;) {
    const batch = await log.read('events', 0, offset, { maxBytes: 1 << 20 });
    if (!batch) break;
    for (let i = 0; i < batch.count; i++) {
      const { time } = JSON.parse(Buffer.from(recordAt(batch, i)).toString()) as { time: string };
      const passed = Math.floor((Date.parse(time) - OUT_OF_ORDERNESS_MS) / 1_000) * 1_000;
      if (passed > watermark) finalAt.set(passed, batch.appendTimes[i]!);
      watermark = Math.max(watermark, passed);
    }
    offset = batch.firstOffset + batch.count;
  }
  await log.close();
  return arrivals
    .filter(({ windowEnd }) => windowEnd >= sinceMs)
    .flatMap(({ windowEnd, arrivedMs }) => (finalAt.has(windowEnd) ? [arrivedMs - finalAt.get(windowEnd)!] : []))
    .sort((a, b) => a - b);
}
