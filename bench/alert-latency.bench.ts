/**
 * How long it takes until somebody is told, from the append of a record to the request at the receiver, in a run of its own process with
 * a webhook that answers after 50 ms. `final`: from the record that makes a window final; in windows of 1 s 20 segments ring and end in
 * turn. `look`: from the record that makes a look ring; every second many events more than ever come for one of 50 segments, in one
 * append, in the middle of a window of 10 s. At 10,000 events a second and at 80 % of what the run can take (measured first), on the embedded log,
 * and at 10,000 on Kafka where there is TOCSIN_TEST_KAFKA. Times of one machine's clock; the append times are those in the log.
 * `BENCH_SECONDS` a run.
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
const WARM_UP_MS = { final: 5_000, look: 15_000 };
const SEGMENTS = 20;
/** For looks: what evidence has seen of them before, one bad event a second and segment for an hour, and how many come at once then. */
const WATCHED = { segments: 50, seconds: 3_600, more: 600 };
const WINDOW_MS = { final: 1_000, look: 10_000 };
const STEP_MS = 20;
const ANSWER_MS = 50;
const OUT_OF_ORDERNESS_MS = 200;
/** Begins the ids of those that come at once. */
const MORE = 'm';
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
/** What has to happen until it rings. */
type Cause = 'final' | 'look';

interface Arrival {
  readonly segment: string;
  readonly windowEnd: number;
  readonly arrivedMs: number;
  readonly cause: Cause;
}

let arrivals: Arrival[] = [];
const receiver = createServer((request, response) => {
  const arrivedMs = systemClock.now();
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const alert = JSON.parse(Buffer.concat(parts).toString()) as AlertEvent;
    const cause = alert.look && alert.status === 'firing' ? 'look' : 'final';
    arrivals.push({ segment: alert.labels['segment'] ?? '', windowEnd: Date.parse(alert.window_end), arrivedMs, cause });
    setTimeout(() => response.end(), ANSWER_MS);
  });
}).listen(0, '127.0.0.1');

try {
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const rows = [await measure('embedded', 'final', EVENTS_PER_SECOND, port), await measure('embedded', 'look', EVENTS_PER_SECOND, port)];
  const most = Math.round(LOAD * (await capacity(port)));
  rows.push(await measure('embedded', 'final', most, port), await measure('embedded', 'look', most, port));
  const onKafka =
    broker === undefined
      ? []
      : [await measure('kafka', 'final', EVENTS_PER_SECOND, port), await measure('kafka', 'look', EVENTS_PER_SECOND, port)];
  const highest = (of: readonly Measured[], key: 'p50_ms' | 'p99_ms'): number => Math.max(...of.map((one) => one[key]));
  const [p50, p99, kafkaP99] = ['p50 in units of 400 ms', 'p99 in units of 1 s', 'p99 on Kafka in units of 2 s'];
  const hasKafka = onKafka.length > 0;
  report('alert-latency', {
    rows: [...rows, ...onKafka].map((one) => ({ ...one })),
    ratios: {
      [p50]: highest(rows, 'p50_ms') / P50_MS,
      [p99]: highest(rows, 'p99_ms') / P99_MS.embedded,
      ...(hasKafka && { [kafkaP99]: highest(onKafka, 'p99_ms') / P99_MS.kafka }),
    },
    isLessBetter: true,
    bars: [{ ratio: p50, most: 1 }, { ratio: p99, most: 1 }, ...(hasKafka ? [{ ratio: kafkaP99, most: 1 }] : [])],
  });
} finally {
  receiver.closeAllConnections();
  receiver.close();
  rmSync(dir, { recursive: true, force: true });
}

async function measure(kind: 'embedded' | 'kafka', cause: Cause, rate: number, port: number): Promise<Measured> {
  const name = `latency-${randomBytes(4).toString('hex')}`;
  const file = join(dir, `${name}.yml`);
  const data = join(dir, name);
  writeFileSync(file, pipelineFile(name, port, cause));
  arrivals = [];
  const startedMs = systemClock.now();
  const log = kind === 'kafka' ? ['--log', `kafka://${broker}`] : [];
  await runFor(['run', file, '--input', '-', '--data', data, ...log], { ms: SECONDS * 1_000, rate, cause });
  const since = startedMs + WARM_UP_MS[cause];
  const latencies =
    kind === 'kafka'
      ? await withKafka(broker!, (topics) => latenciesSince(since, cause, name, topics))
      : await embedded(join(data, 'log.sqlite'), (topics) => latenciesSince(since, cause, name, topics));
  const perSecond = cause === 'final' ? SEGMENTS / 2 : 1 / 2;
  if (latencies.length < (perSecond * (SECONDS * 1_000 - WARM_UP_MS[cause] - 5_000)) / 1_000)
    throw new Error(`only ${latencies.length} notifications came`);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))]!;
  return {
    name: `${kind}, ${cause}`,
    events_per_second: rate,
    notifications: latencies.length,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    most_ms: at(1),
  };
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
    writeFileSync(file, pipelineFile(name, port, 'final'));
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

function pipelineFile(name: string, port: number, cause: Cause): string {
  const detect = {
    final: 'detect: { detector: threshold, window: 1s, share: { above: 20% } }',
    look: 'detect: { window: 10s, bad: { up: 100% } }',
  };
  return `pipeline: ${name}
source: { topic: ${name} }
event: { id: id, time: time, out_of_orderness: ${OUT_OF_ORDERNESS_MS}ms, allowed_lateness: 5s, dedup: 1m }
dimensions: [segment]
measures:
  all: { count: events }
  bad: { count: { kind: bad } }
  share: { ratio: [bad, all], scale: 100, unit: "%" }
windows: [${WINDOW_MS[cause] / 1_000}s]
${detect[cause]}
cooldown: 1ms
receivers: { hook: { type: webhook, url: "http://127.0.0.1:${port}/" } }
`;
}

/** A run of the command line that is fed on its standard input, as by another program. */
async function runFor(args: readonly string[], { ms, rate, cause }: { ms: number; rate: number; cause: Cause }): Promise<void> {
  const options = ['--olap-store', 'none', '--listen', 'none', '--quiet'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args, ...options], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  // What is still on its way when the run is asked to end is lost, and that is all.
  child.stdin.on('error', () => {});
  const ended = once(child, 'exit');
  if (cause === 'look') for (const lines of history(systemClock.now())) if (!child.stdin.write(lines)) await once(child.stdin, 'drain');
  await sleep(1_500);
  let id = 0;
  let surprised = 0;
  const started = systemClock.elapsed();
  for (let step = 1; systemClock.elapsed() - started < ms; step++) {
    const lines: string[] = [];
    const due = Math.floor(((systemClock.elapsed() - started) * rate) / 1_000);
    const now = systemClock.now();
    for (; id < due; id++) lines.push(cause === 'final' ? eventLine(id, now) : watchedLine(id, rate, now));
    const second = Math.floor(now / 1_000);
    // Once a second, but not before the window before is final.
    if (cause === 'look' && second > surprised && now % WINDOW_MS.look > 1_000) {
      surprised = second;
      for (let i = 0; i < WATCHED.more; i++) lines.push(lineOf(`${MORE}${second}-${i}`, now, second % WATCHED.segments, true));
    }
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
  return lineOf(`e${id}`, now, segment, isBad);
}

/** As many are bad in every second as were before, however many events there are. */
function watchedLine(id: number, rate: number, now: number): string {
  const every = Math.round(rate / WATCHED.segments);
  return lineOf(`e${id}`, now, Math.floor(id / every) % WATCHED.segments, id % every === 0);
}

/** What evidence learns from, second by second. */
function* history(until: number): Generator<string> {
  for (let second = Math.floor(until / 1_000) - WATCHED.seconds; second < Math.floor(until / 1_000); second++) {
    const lines = Array.from({ length: WATCHED.segments }, (_, i) => lineOf(`h${second}-${i}`, second * 1_000 + i, i, true));
    yield `${lines.join('\n')}\n`;
  }
}

function lineOf(id: string, now: number, segment: number, isBad: boolean): string {
  return `{"id":"${id}","time":"${new Date(now).toISOString()}","segment":"s${segment}","kind":"${isBad ? 'bad' : 'good'}"}`;
}

/** Ascending, ms. */
async function latenciesSince(sinceMs: number, cause: Cause, topic: string, log: Log): Promise<number[]> {
  /** By the end of the window: append time of the first record whose event time passes it. */
  const finalAt = new Map<number, number>();
  /** By segment and end of the window: append time of what makes a look ring. */
  const moreAt = new Map<string, number>();
  let watermark = -Infinity;
  for (let offset = 0; ;) {
    const batch = await log.read(topic, 0, offset, { maxBytes: 1 << 20 });
    if (!batch) break;
    for (let i = 0; i < batch.count; i++) {
      const event = JSON.parse(Buffer.from(recordAt(batch, i)).toString()) as { id: string; time: string; segment: string };
      const time = Date.parse(event.time);
      const passed = Math.floor((time - OUT_OF_ORDERNESS_MS) / 1_000) * 1_000;
      if (passed > watermark) finalAt.set(passed, batch.appendTimes[i]!);
      watermark = Math.max(watermark, passed);
      if (event.id.startsWith(MORE))
        moreAt.set(`${event.segment}/${(Math.floor(time / WINDOW_MS.look) + 1) * WINDOW_MS.look}`, batch.appendTimes[i]!);
    }
    offset = batch.firstOffset + batch.count;
  }
  const causedAt = ({ segment, windowEnd }: Arrival): number | undefined =>
    cause === 'final' ? finalAt.get(windowEnd) : moreAt.get(`${segment}/${windowEnd}`);
  return arrivals
    .filter((arrival) => arrival.windowEnd >= sinceMs && arrival.cause === cause)
    .flatMap((arrival) => {
      const at = causedAt(arrival);
      return at === undefined ? [] : [arrival.arrivedMs - at];
    })
    .sort((a, b) => a - b);
}
