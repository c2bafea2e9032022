/**
 * How long it takes until somebody is told, from the append of a record to the request at the receiver, in a run of its own process with
 * a webhook that answers after 50 ms. `final`: from the record that makes a window final; in windows of 1 s 20 segments ring and end in
 * turn. `look`: from the record that makes a look ring; three times a second many events more than ever come for one of 200 segments, in the
 * middle of a window of 10 s. At 10,000 events a second and at 80 % of what the run can take (measured first), on the embedded log,
 * and at 10,000 on Kafka where there is TOCSIN_TEST_KAFKA. Times of one machine's clock; the append times are those in the log. Where one
 * rang and nobody was told the bench fails. `BENCH_SECONDS` a run, `ONLY=kafka,look` for those rows alone.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../src/core/clock.ts';
import { createEmbeddedLog } from '../src/log/embedded/embedded-log.ts';
import type { Log } from '../src/log/log.ts';
import type { AlertEvent } from '../src/receivers/alert-event.ts';
import { withKafka } from '../test/e2e/kafka-topic.ts';
import { eventLine, feedRun, OUT_OF_ORDERNESS_MS, TOCSIN, WINDOW_MS, type Cause } from './alert-feed.ts';
import { keyOf, stagesOf, type Stages } from './alert-stages.ts';
import { report } from './measure.ts';

const EVENTS_PER_SECOND = 10_000;
const LOAD = 0.8;
/** Capacity is the rate between the first and the second of these, read from a file. */
const CAPACITY_EVENTS = [100_000, 500_000] as const;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 45);
const ONLY = process.env['ONLY']?.split(',') ?? [];
/** From when somebody is told first: code is compiled, and what came meanwhile is caught up with; what a person waits for is the rest. */
const WARM_UP_MS = 5_000;
/** What rings so shortly before the run is asked to end may not be told any more. */
const SETTLE_MS = 3_000;
const ANSWER_MS = 50;
/** Wanted, ms. */
const P50_MS = 400;
const P99_MS = { embedded: 1_000, kafka: 2_000 };

type Backing = 'embedded' | 'kafka';

interface Measured {
  readonly name: string;
  readonly events_per_second: number;
  readonly notifications: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly most_ms: number;
  /** Of `p99_ms`, each the 99th of a hundred by itself: until the partition told, until it stood on the topic of alerts. */
  readonly told_p99_ms: number;
  readonly rung_p99_ms: number;
  /** How old the newest event was that it had read in when it was asked to end: more than a moment is more than it can take. */
  readonly behind_ms: number;
  /** The stages of the slowest. */
  readonly slowest: string;
}

const broker = process.env['TOCSIN_TEST_KAFKA'];
const dir = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));

/** By `keyOf`: the first request, epoch ms. */
const arrivals = new Map<string, number>();
let firstArrivedMs: number | undefined;
const receiver = createServer((request, response) => {
  const arrivedMs = systemClock.now();
  firstArrivedMs ??= arrivedMs;
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const key = keyOf(JSON.parse(Buffer.concat(parts).toString()) as AlertEvent);
    if (!arrivals.has(key)) arrivals.set(key, arrivedMs);
    setTimeout(() => response.end(), ANSWER_MS);
  });
}).listen(0, '127.0.0.1');

try {
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const embeddedRows = [...(await rowsOf('embedded', EVENTS_PER_SECOND, port))];
  if (!ONLY.includes('kafka')) embeddedRows.push(...(await rowsOf('embedded', Math.round(LOAD * (await capacity(port))), port)));
  const onKafka = broker === undefined ? [] : await rowsOf('kafka', EVENTS_PER_SECOND, port);
  const highest = (of: readonly Measured[], key: 'p50_ms' | 'p99_ms'): number => Math.max(...of.map((one) => one[key]));
  const judged = [
    { ratio: 'p50 in units of 400 ms', of: embeddedRows, value: () => highest(embeddedRows, 'p50_ms') / P50_MS },
    { ratio: 'p99 in units of 1 s', of: embeddedRows, value: () => highest(embeddedRows, 'p99_ms') / P99_MS.embedded },
    { ratio: 'p99 on Kafka in units of 2 s', of: onKafka, value: () => highest(onKafka, 'p99_ms') / P99_MS.kafka },
  ].filter(({ of }) => of.length > 0);
  report('alert-latency', {
    rows: [...embeddedRows, ...onKafka].map((one) => ({ ...one })),
    ratios: Object.fromEntries(judged.map(({ ratio, value }) => [ratio, value()])),
    isLessBetter: true,
    bars: judged.map(({ ratio }) => ({ ratio, most: 1 })),
  });
} finally {
  receiver.closeAllConnections();
  receiver.close();
  rmSync(dir, { recursive: true, force: true });
}

function isWanted(...of: readonly string[]): boolean {
  return ONLY.every((word) => of.includes(word));
}

async function rowsOf(backing: Backing, rate: number, port: number): Promise<Measured[]> {
  const rows: Measured[] = [];
  for (const cause of ['final', 'look'] as const) if (isWanted(backing, cause)) rows.push(await measure(backing, cause, rate, port));
  return rows;
}

async function measure(backing: Backing, cause: Cause, rate: number, port: number): Promise<Measured> {
  const name = `latency-${randomBytes(4).toString('hex')}`;
  const file = join(dir, `${name}.yml`);
  const data = join(dir, name);
  writeFileSync(file, pipelineFile(name, port, cause));
  arrivals.clear();
  firstArrivedMs = undefined;
  const log = backing === 'kafka' ? ['--log', `kafka://${broker}`] : [];
  const args = ['run', file, '--input', '-', '--data', data, ...log];
  const endedMs = await feedRun(args, { cause, rate, seconds: SECONDS, isTold: () => firstArrivedMs !== undefined });
  const span = { cause, since: firstArrivedMs! + WARM_UP_MS, until: endedMs - SETTLE_MS, arrivals };
  const work = (topics: Log): ReturnType<typeof stagesOf> => stagesOf(file, topics, span);
  const { stages, newestMs } = await (backing === 'kafka' ? withKafka(broker!, work) : embedded(join(data, 'log.sqlite'), work));
  const slowest = stages.at(-1);
  if (!slowest) throw new Error('nobody was told anything after the warm-up');
  const at = (share: number, of: (one: Stages) => number | undefined): number => {
    const sorted = stages.map((one) => of(one) ?? 0).sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  };
  return {
    name: `${backing}, ${cause}`,
    events_per_second: rate,
    notifications: stages.length,
    p50_ms: at(0.5, ({ arrived }) => arrived),
    p99_ms: at(0.99, ({ arrived }) => arrived),
    most_ms: slowest.arrived,
    told_p99_ms: at(0.99, ({ told }) => told),
    rung_p99_ms: at(0.99, ({ rung }) => rung),
    behind_ms: endedMs - newestMs,
    slowest: `${slowest.told === undefined ? '' : `told ${slowest.told}, `}rung ${slowest.rung}, there ${slowest.arrived}`,
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
    const { stdout } = await promisify(execFile)(TOCSIN, ['run', file, ...options]);
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
