/**
 * How many events `POST /api/v1/events/{topic}` takes as NDJSON and makes durable, against the plainest server that reads the body, cuts
 * it into lines and parses each with JSON.parse (and keeps nothing). Both less the cost of the socket, which is what a server takes that
 * reads the body and drops it. What bounds the rate of a server is the CPU time of the thread that serves; that of the whole process,
 * with what is compressed beside, is told too. And the whole way, to windows: while a pipeline of the same process counts the events,
 * the ad-tech pipeline with all checks and dedup, and the one of the peers' bench that does neither. Each server has a process of its own,
 * Tocsin's as `bin/tocsin` starts it, the others as Node comes; it has done all that it was given before the next one has its turn, and a
 * client that is told to wait does. In turn, medians of rounds.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { judgingDeps } from '../src/app/run/judging.ts';
import { monitorOf } from '../src/app/run/pipeline-parts.ts';
import { createTopicsView } from '../src/app/serve/topics-view.ts';
import { loadPipeline } from '../src/config/load-pipeline.ts';
import { systemClock } from '../src/core/clock.ts';
import { silentLogger } from '../src/core/logger.ts';
import { createEmbeddedLog } from '../src/log/embedded/embedded-log.ts';
import { ensureTopics, openEngine, type Engine } from '../src/pipeline/engine.ts';
import { parseListenAddress } from '../src/server/listen-address.ts';
import { createServer as createTocsinServer } from '../src/server/server.ts';
import { generatorConfig } from '../src/sources/generator/config.ts';
import { createAdGenerator } from '../src/sources/generator/generator.ts';
import { TOCSIN_ENV, TOCSIN_FLAGS } from './as-started.ts';
import { engineConfigOf } from './engine-config.ts';
import { median, report, timesByRound } from './measure.ts';

const EVENTS_PER_BODY = 2_000;
const BODIES = 400;
const CONCURRENT = 4;
const ROUNDS = 4;
const RATE = 5_000;
const TOPIC = 'ad-events';
const COMMIT_EVERY_MS = 250;
/** Tocsin's rate over that of the loop, both less the socket. */
const BAR = 3;
const RATE_RATIO = 'rate over the JSON.parse loop, less the socket';

const NAMES = {
  socket: 'the body is read and dropped',
  parse: 'read, cut into lines, JSON.parse',
  tocsin: 'POST /api/v1/events, durable',
  alike: 'the same, and counted in windows like for like',
  windows: 'the same, and counted with all checks and dedup',
};
type Kind = keyof typeof NAMES;

if (process.argv[2] === 'serve') await serve(process.argv[3] as Kind);
else await measure();

async function serve(kind: Kind): Promise<void> {
  let counted = async (): Promise<void> => {};
  async function tell(): Promise<void> {
    await counted();
    const [all, thread] = [process.cpuUsage(), process.threadCpuUsage()];
    process.send!({ all: all.user + all.system, thread: thread.user + thread.system } satisfies Cpu);
  }
  process.on('message', () => void tell());
  if (kind === 'socket') return plain(() => {});
  if (kind === 'parse') return plain((body) => parseAll(body.toString()));
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  process.on('disconnect', () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit();
  });
  const tocsin = await startTocsin(join(folder, 'log.sqlite'), kind);
  process.send!(tocsin.url);
  if (tocsin.engine) counted = count(tocsin.engine);
}

function parseAll(text: string): number {
  let parsed = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if ((JSON.parse(line) as { event_id?: string }).event_id !== undefined) parsed++;
  }
  return parsed;
}

async function plain(take: (body: Buffer) => void): Promise<void> {
  process.on('disconnect', () => process.exit());
  const listener: RequestListener = (incoming, response) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      take(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
      response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
    });
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

async function startTocsin(path: string, kind: Kind): Promise<{ url: string; engine: Engine | undefined }> {
  const file = kind === 'alike' ? './peers/like-for-like.yml' : '../pipelines/adtech.yml';
  const config = loadPipeline(fileURLToPath(new URL(file, import.meta.url)));
  const engineConfig = engineConfigOf(config);
  const log = createEmbeddedLog({ path, clock: systemClock });
  await ensureTopics(engineConfig, log);
  const engine =
    kind !== 'tocsin'
      ? await openEngine(engineConfig, { log, ...judgingDeps(config.engine, systemClock), monitor: monitorOf(config) })
      : undefined;
  const topics = createTopicsView(engine ? [{ config, engine }] : [], { log, clock: systemClock });
  const server = await createTocsinServer(
    { address: parseListenAddress('127.0.0.1:0'), version: '0', pageRoot: '/nowhere' },
    {
      surface: {
        pipelines: [],
        served: [],
        ...topics,
        backtest: () => Promise.reject(new Error('not asked')),
        notReady: async () => undefined,
      },
      clock: systemClock,
      logger: silentLogger,
    },
  );
  return { url: await server.listen(), engine };
}

/** Counts from now on. What it returns resolves when all that is in the log by then is counted and committed. */
function count(engine: Engine): () => Promise<void> {
  let told = (): void => {};
  async function run(): Promise<never> {
    for (let committedAt = systemClock.elapsed(); ;) {
      const read = await engine.step();
      const isDue = systemClock.elapsed() - committedAt >= COMMIT_EVERY_MS;
      if (isDue && engine.hasNews()) {
        await engine.commit();
        committedAt = systemClock.elapsed();
      } else if (read === 0 && isDue) told();
      await (read > 0 ? nextTurn() : sleep(5));
    }
  }
  void run();
  return () => new Promise((resolve) => (told = resolve));
}

/** Microseconds of the whole process, and of the thread that serves. */
interface Cpu {
  readonly all: number;
  readonly thread: number;
}

interface Contender {
  readonly kind: Kind;
  readonly child: ChildProcess;
  readonly url: string;
  /** An event's, of each round. */
  readonly cpu: Cpu[];
}

async function measure(): Promise<void> {
  const contenders = await Promise.all((Object.keys(NAMES) as Kind[]).map(start));
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENT });
  const generator = createAdGenerator(generatorConfig.parse({ rate: RATE, seed: 1 }), { originMs: Date.UTC(2026, 2, 2, 9) });
  // The first round makes compiled code of everything.
  for (let round = 0; round <= ROUNDS; round++) {
    const { bodies, events } = ndjsonBodies(generator, round);
    for (const { child, url, cpu } of contenders) {
      const before = await cpuOf(child);
      await push(`${url}/api/v1/events/${TOPIC}`, bodies, agent);
      const after = await cpuOf(child);
      if (round > 0) cpu.push({ all: (after.all - before.all) / events, thread: (after.thread - before.thread) / events });
    }
  }
  agent.destroy();
  for (const { child } of contenders) child.disconnect();
  const rounds = (kind: Kind, part: keyof Cpu): number[] => contenders.find((one) => one.kind === kind)!.cpu.map((cpu) => cpu[part]);
  const of = (kind: Kind, part: keyof Cpu): number => median(rounds(kind, part));
  const lessSocket = (kind: Kind, part: keyof Cpu): number[] => rounds(kind, part).map((us, round) => us - rounds('socket', part)[round]!);
  const overLoop = (kind: Kind, part: keyof Cpu): number[] => timesByRound(lessSocket('parse', part), lessSocket(kind, part));
  report('ingest', {
    events_per_body: EVENTS_PER_BODY,
    rows: contenders.map(({ kind, cpu }) => ({
      name: NAMES[kind],
      thread_us_per_event: rounded(of(kind, 'thread')),
      process_us_per_event: rounded(of(kind, 'all')),
      least: rounded(Math.min(...cpu.map(({ all }) => all))),
      most: rounded(Math.max(...cpu.map(({ all }) => all))),
    })),
    ratios: {
      [RATE_RATIO]: overLoop('tocsin', 'thread'),
      'the same per CPU second of all threads': overLoop('tocsin', 'all'),
      'to windows like for like, per CPU second of all threads': overLoop('alike', 'all'),
      'to windows with all checks and dedup, per CPU second of all threads': overLoop('windows', 'all'),
    },
    bar: { ratio: RATE_RATIO, least: BAR },
  });
}

function rounded(us: number): number {
  return Math.round(us * 1_000) / 1_000;
}

async function start(kind: Kind): Promise<Contender> {
  const isPlain = kind === 'socket' || kind === 'parse';
  const options = isPlain ? {} : { execArgv: TOCSIN_FLAGS, env: TOCSIN_ENV };
  const child = fork(fileURLToPath(import.meta.url), ['serve', kind], options);
  const [url] = (await once(child, 'message')) as [string];
  return { kind, child, url, cpu: [] };
}

async function cpuOf(child: ChildProcess): Promise<Cpu> {
  child.send('cpu');
  return ((await once(child, 'message')) as [Cpu])[0];
}

function ndjsonBodies(generator: ReturnType<typeof createAdGenerator>, round: number): { bodies: Buffer[]; events: number } {
  const origin = Date.UTC(2026, 2, 2, 9);
  const stepMs = (EVENTS_PER_BODY / RATE) * 1_000;
  let events = 0;
  const bodies = Array.from({ length: BODIES }, (_, i) => {
    const from = origin + (round * BODIES + i) * stepMs;
    const { bytes, ends } = generator.events(from, from + stepMs);
    events += ends.length;
    return Buffer.concat(Array.from(ends, (end, n) => [bytes.subarray(n === 0 ? 0 : ends[n - 1], end), Buffer.from('\n')]).flat());
  });
  return { bodies, events };
}

/** All bodies, so many at a time; those that are refused for now are sent again when they are wanted. */
async function push(url: string, bodies: readonly Buffer[], agent: Agent): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let body = bodies[next++]; body; body = bodies[next++]) {
      let answer = await post(url, body, agent);
      for (; answer.status === 429; answer = await post(url, body, agent)) await sleep(answer.retryAfterMs);
      if (answer.status !== 202) throw new Error(`${url} answered ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, one));
}

async function post(url: string, body: Buffer, agent: Agent): Promise<{ status: number; retryAfterMs: number }> {
  const outgoing = request(url, {
    agent,
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', 'content-length': body.length },
  });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return { status: answer.statusCode!, retryAfterMs: Number(answer.headers['retry-after'] ?? 0) * 1_000 };
}
