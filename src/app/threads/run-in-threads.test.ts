/** A live run whose threads are ended while it counts: it goes on, from the last commit, and nothing is lost or counts twice. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import { loadPipeline } from '../../config/load-pipeline.ts';
import { systemClock as clock } from '../../core/clock.ts';
import { createMemoryHotStore } from '../../hot-store/memory/memory-store.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { generatorConfig } from '../../sources/generator/config.ts';
import { createAdGenerator } from '../../sources/generator/generator.ts';
import { openEmbeddedRun } from '../embedded/embedded-run.ts';
import { createPriorities } from '../embedded/priorities.ts';
import type { ThreadConfig } from './thread-messages.ts';
import { startWorker } from './thread.ts';
import { createThreads } from './threads.ts';
import { RUN_DEFAULTS } from '../run/run-options.ts';

const loaded = loadPipeline(new URL('../../../pipelines/adtech.yml', import.meta.url).pathname);
const PARTITIONS = 2;
const PIECES = 6;
const START = Date.UTC(2026, 2, 2, 9);

/** `begun`: told of each thread as it is started, by number; `start`: starts one. */
async function running(t: TestContext, begun: (number: number, worker: Worker) => void = () => {}, start = startWorker) {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
  const path = join(dir, 'log.sqlite');
  const log = createEmbeddedLog({ path, clock });
  const logger = { warnings: [] as string[], info: () => {}, warn: (message: string) => void logger.warnings.push(message) };
  const workers: Worker[] = [];
  const stop = new AbortController();
  const threads = createThreads(
    { log: { kind: 'embedded', path }, max: PARTITIONS, startsMax: Infinity, memoryMb: 1_024 },
    {
      // Each end counts as a late one: who starts again does not wait.
      clock: { elapsed: () => clock.elapsed() * 1_000 },
      logger,
      signal: stop.signal,
      start(config) {
        const worker = start(config);
        workers.push(worker);
        begun(workers.length, worker);
        return worker;
      },
    },
  );
  const [source] = loaded.engine.sources;
  const engine = { ...loaded.engine, sources: [{ ...source!, partitions: PARTITIONS }] };
  const options = {
    ...RUN_DEFAULTS,
    files: [],
    data: dir,
    olapStore: 'none',
    quiet: true,
    clock: 'event',
    threads: PARTITIONS,
  } as const;
  const run = await openEmbeddedRun({ ...loaded, engine, receivers: [] }, options, {
    log,
    clock,
    logger,
    threads,
    hotStore: createMemoryHotStore({ history: [] }),
    write: () => {},
    colour: false,
    lane: createPriorities({ clock }).lane(0),
    onJudged: () => {},
    onCommitted: async () => {},
  });
  const ended = run.run(stop.signal, () => false);
  t.after(async () => {
    stop.abort();
    await ended.catch(() => {});
    await threads.close();
    await log.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const generator = createAdGenerator(generatorConfig.parse({ rate: 500, seed: 1 }), { originMs: START });
  let brought = 0;
  return {
    run,
    workers,
    logger,
    ended,
    brought: () => brought,
    async bring(piece: number): Promise<void> {
      const events = generator.events(START + piece * 1_000, START + (piece + 1) * 1_000);
      brought += events.ends.length;
      await log.commit({ appends: [{ topic: source!.topic, partition: piece % PARTITIONS, ...events }] });
    },
    counted: (): number => run.engine.partitions().reduce((sum, { totals }) => sum + totals.accepted + totals.duplicate, 0),
  };
}

test('threads that are ended in mid-run cost nothing but time', { timeout: 60_000 }, async (t) => {
  const { run, workers, logger, ended, bring, brought, counted } = await running(t);
  for (let piece = 0; piece < PIECES; piece++) {
    await bring(piece);
    // Every other one at once, before what was brought is committed.
    if (piece % 2 === 1) await workers.at(-1)!.terminate();
    while (counted() < brought() || run.threads().running < PARTITIONS) await Promise.race([delay(5), ended]);
  }
  assert.equal(counted(), brought());
  assert.equal(run.threads().restarts, logger.warnings.length);
  assert.ok(run.threads().restarts >= PIECES / 2, `${run.threads().restarts} restarts`);
  assert.match(logger.warnings[0]!, /thread \d, which counts ad-events\/\d, has ended: .*It begins again from its last commit\./);
});

test('so does one that ends while the engine is opened for the first time', { timeout: 60_000 }, async (t) => {
  const { run, logger, ended, bring, brought, counted } = await running(t, (number, worker) => {
    if (number === 1) void worker.terminate();
  });
  await bring(0);
  while (counted() < brought()) await Promise.race([delay(5), ended]);
  assert.deepEqual([counted(), run.threads().restarts], [brought(), 1]);
  assert.match(logger.warnings[0]!, /thread 1, .*has ended: .*It begins again/);
});

/** A thread that comes to the end that it is told, and is like any other until then. */
const MORTAL = `
  const channel = new BroadcastChannel('run-in-threads.test');
  channel.unref();
  const ends = {
    error: () => { throw new Error('a fault'); },
    trap: () => new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.of(
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11))).exports.f(),
    exit: () => process.exit(3),
  };
  channel.onmessage = ({ data }) => ends[data]();
  await import(${JSON.stringify(new URL('./worker.ts', import.meta.url).href)});
`;

/** What is said of each end. */
const ENDS = { error: /: a fault\./, trap: /: unreachable\./, exit: /exit code 3/ };

function startScript(script: string, config: ThreadConfig): Worker {
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), { workerData: config });
}

test('however a thread ends: by an error, a trap in WebAssembly, an exit', { timeout: 60_000 }, async (t) => {
  const { run, logger, ended, bring, brought, counted } = await running(t, undefined, (config) => startScript(MORTAL, config));
  const channel = new BroadcastChannel('run-in-threads.test');
  t.after(() => channel.close());
  for (const [piece, [end, said]] of Object.entries(ENDS).entries()) {
    await bring(piece);
    // Then all threads have begun, and hear what comes.
    while (counted() < brought() || run.threads().running < PARTITIONS) await Promise.race([delay(5), ended]);
    const before = logger.warnings.length;
    await bring(piece + PIECES);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- between threads, not windows
    channel.postMessage(end);
    while (counted() < brought() || logger.warnings.length < before + PARTITIONS) await Promise.race([delay(5), ended]);
    for (const warning of logger.warnings.slice(before)) assert.match(warning, said);
  }
  assert.equal(counted(), brought());
  // One that ends while the others' end closes what it counts counts nothing.
  assert.ok(run.threads().restarts >= Object.keys(ENDS).length, `${run.threads().restarts} restarts`);
});

/** A thread like any other, whose answers to steps hold what cannot be sent. */
const UNSENDABLE = `
  import { parentPort } from 'node:worker_threads';
  const post = parentPort.postMessage.bind(parentPort);
  parentPort.postMessage = (message, transfer) => post(message.value?.mirror && !message.value.panes ? { ...message, oops: () => {} } : message, transfer);
  await import(${JSON.stringify(new URL('./worker.ts', import.meta.url).href)});
`;

test('an answer that cannot be sent is told once, and ends the run', { timeout: 60_000 }, async (t) => {
  const { run, logger, ended } = await running(t, undefined, (config) => startScript(UNSENDABLE, config));
  await assert.rejects(ended, { code: 'thread_ended', retryable: false, message: /hand over its answer \(step\): .*could not be cloned/ });
  assert.deepEqual([run.threads().restarts, logger.warnings], [0, []]);
});
