/**
 * How long it takes until somebody is told: from the append of the record that makes a window final to the request at the receiver, in
 * a run of its own process whose windows of 1 s ring and end for 20 segments in turn, with a webhook that answers after 50 ms. At 10,000
 * events a second and at 80 % of what the run can take (measured first), on the embedded log, and at 10,000 on Kafka where there is
 * TOCSIN_TEST_KAFKA. Times of one machine's clock; the append times are those in the log. `BENCH_SECONDS` a run.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemClock } from '../src/core/clock.ts';
import { recordAt } from '../src/log/batch.ts';
import { createEmbeddedLog } from '../src/log/embedded/embedded-log.ts';
import type { Log } from '../src/log/log.ts';
import type { AlertEvent } from '../src/receivers/alert-event.ts';
import { withKafka } from '../test/e2e/kafka-topic.ts';
import { report } from './measure.ts';

const EVENTS_PER_SECOND = 10_000;
const LOAD = 0.8;
/** Capacity is the rate between the first and the second of these, read from a file. */
const CAPACITY_EVENTS = [100_000, 500_000] as const;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 45);
/** At the start code is compiled and caches are cold; what a person waits for is the rest. */
const WARM_UP_MS = 5_000;
const SEGMENTS = 20;
const STEP_MS = 20;
const ANSWER_MS = 50;
const OUT_OF_ORDERNESS_MS = 200;
/** Wanted, ms. */
const P50_MS = 400;
const P99_MS = { embedded: 1_000, kafka: 2_000 };
const MAIN = new URL('../src/cli/main.ts', import.meta.url).pathname;

interface Measured {
  readonly name: string;
  readonly events_per_second: number;
  readonly notifications: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly most_ms: number;
}

const broker = process.env['TOCSIN_TEST_KAFKA'];
const dir = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
let arrivals: { readonly windowEnd: number; readonly arrivedMs: number }[] = [];
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
  const { port } = receiver.address() as AddressInfo;
  const slow = await measure('embedded', EVENTS_PER_SECOND, port);
  const fast = await measure('embedded', Math.round(LOAD * (await capacity(port))), port);
  const onKafka = broker === undefined ? undefined : await measure('kafka', EVENTS_PER_SECOND, port);
  const [p50, p99, kafkaP99] = ['p50 in units of 400 ms', 'p99 in units of 1 s', 'p99 on Kafka in units of 2 s'];
  report('alert-latency', {
    rows: [slow, fast, ...(onKafka ? [onKafka] : [])].map((one) => ({ ...one })),
    ratios: {
      [p50]: Math.max(slow.p50_ms, fast.p50_ms) / P50_MS,
      [p99]: Math.max(slow.p99_ms, fast.p99_ms) / P99_MS.embedded,
      ...(onKafka && { [kafkaP99]: onKafka.p99_ms / P99_MS.kafka }),
    },
    bars: [{ ratio: p50, most: 1 }, { ratio: p99, most: 1 }, ...(onKafka ? [{ ratio: kafkaP99, most: 1 }] : [])],
  });
} finally {
  receiver.closeAllConnections();
  receiver.close();
  rmSync(dir, { recursive: true, force: true });
}

async function measure(kind: 'embedded' | 'kafka', rate: number, port: number): Promise<Measured> {
  const name = `latency-${randomBytes(4).toString('hex')}`;
  const file = join(dir, `${name}.yml`);
  const data = join(dir, name);
  writeFileSync(file, pipelineFile(name, port));
  arrivals = [];
  const startedMs = systemClock.now();
  const log = kind === 'kafka' ? ['--log', `kafka://${broker}`] : [];
  await runFor(['run', file, '--input', '-', '--data', data, ...log], SECONDS * 1_000, rate);
  const since = startedMs + WARM_UP_MS;
  const latencies =
    kind === 'kafka'
      ? await withKafka(broker!, (topics) => latenciesSince(since, name, topics))
      : await embedded(join(data, 'log.sqlite'), (topics) => latenciesSince(since, name, topics));
  if (latencies.length < (SEGMENTS * (SECONDS * 1_000 - 2 * WARM_UP_MS)) / 2_000)
    throw new Error(`only ${latencies.length} notifications came`);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))]!;
  return { name: kind, events_per_second: rate, notifications: latencies.length, p50_ms: at(0.5), p99_ms: at(0.99), most_ms: at(1) };
}

async function embedded<T>(path: string, work: (log: Log) => Promise<T>): Promise<T> {
  const log = createEmbeddedLog({ path, clock: systemClock, readOnly: true });
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}

/** Events a second that a run reads from a file, once it is warm. */
async function capacity(port: number): Promise<number> {
  const seconds: number[] = [];
  for (const count of CAPACITY_EVENTS) {
    const name = `capacity-${count}`;
    const [file, input] = [join(dir, `${name}.yml`), join(dir, `${name}.ndjson`)];
    writeFileSync(file, pipelineFile(name, port));
    const begun = systemClock.now();
    writeFileSync(input, Array.from({ length: count }, (_, id) => `${eventLine(id, begun + Math.floor(id / 50))}\n`).join(''));
    const options = ['--input', input, '--data', join(dir, name), '--olap-store', 'none', '--once', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      MAIN,
      'run',
      file,
      ...options,
    ]);
    seconds.push((JSON.parse(stdout) as { seconds: number }).seconds);
  }
  return (CAPACITY_EVENTS[1] - CAPACITY_EVENTS[0]) / (seconds[1]! - seconds[0]!);
}

function pipelineFile(name: string, port: number): string {
  return `pipeline: ${name}
source: { topic: ${name} }
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
async function runFor(args: readonly string[], ms: number, rate: number): Promise<void> {
  const options = ['--olap-store', 'none', '--listen', 'none', '--quiet'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args, ...options], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  // What is still on its way when the run is asked to end is lost, and that is all.
  child.stdin.on('error', () => {});
  const ended = once(child, 'exit');
  await sleep(1_500);
  let id = 0;
  const started = systemClock.elapsed();
  for (let step = 1; systemClock.elapsed() - started < ms; step++) {
    const lines: string[] = [];
    const due = Math.floor(((systemClock.elapsed() - started) * rate) / 1_000);
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
async function latenciesSince(sinceMs: number, topic: string, log: Log): Promise<number[]> {
  /** By the end of the window: append time of the first record whose event time passes it. */
  const finalAt = new Map<number, number>();
  let watermark = -Infinity;
  for (let offset = 0; ;) {
    const batch = await log.read(topic, 0, offset, { maxBytes: 1 << 20 });
    if (!batch) break;
    for (let i = 0; i < batch.count; i++) {
      const { time } = JSON.parse(Buffer.from(recordAt(batch, i)).toString()) as { time: string };
      const passed = Math.floor((Date.parse(time) - OUT_OF_ORDERNESS_MS) / 1_000) * 1_000;
      if (passed > watermark) finalAt.set(passed, batch.appendTimes[i]!);
      watermark = Math.max(watermark, passed);
    }
    offset = batch.firstOffset + batch.count;
  }
  return arrivals
    .filter(({ windowEnd }) => windowEnd >= sinceMs)
    .flatMap(({ windowEnd, arrivedMs }) => (finalAt.has(windowEnd) ? [arrivedMs - finalAt.get(windowEnd)!] : []))
    .sort((a, b) => a - b);
}
