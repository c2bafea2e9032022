/**
 * Events per second and per CPU second from the embedded log to windows, on the main thread and in one and two threads: the ad-tech
 * pipeline as people run it, on four partitions. In turn, in one process, each run on the same log; ratios of medians. And how long the
 * main thread, which serves HTTP, was not free at the longest.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { judgingDeps } from '../src/app/run/judging.ts';
import { createPlacement } from '../src/app/threads/placement.ts';
import { createThreads, type PipelineThreads } from '../src/app/threads/threads.ts';
import { monitorOf } from '../src/app/run/pipeline-parts.ts';
import { loadPipeline } from '../src/config/load-pipeline.ts';
import { systemClock } from '../src/core/clock.ts';
import { silentLogger } from '../src/core/logger.ts';
import { createEmbeddedLog } from '../src/log/embedded/embedded-log.ts';
import { ensureTopics, openEngine } from '../src/pipeline/engine.ts';
import { createAdGenerator } from '../src/sources/generator/generator.ts';
import { generatorConfig } from '../src/sources/generator/config.ts';
import { engineConfigOf } from './engine-config.ts';
import { median, report, timesByRound } from './measure.ts';

const PARTITIONS = 4;
const EVENTS = 1_000_000;
const RATE = 20_000;
const STEP_MS = 1_000;
const ROUNDS = 5;
/** As often as at 250 ms and 200,000 events a second, on a busy machine too. */
const COMMIT_EVERY = 50_000;
/** Two threads' events per CPU second, as a share of the main thread's. */
const BAR = 0.85;

const loaded = loadPipeline(new URL('../pipelines/adtech.yml', import.meta.url).pathname);
const [only] = loaded.engine.sources;
const spec = { ...loaded.engine, sources: [{ ...only!, partitions: PARTITIONS }] };
const config = { ...loaded, engine: spec };
const engineConfig = engineConfigOf(config);

const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
const path = join(folder, 'log.sqlite');
const log = createEmbeddedLog({ path, clock: systemClock });
await ensureTopics(engineConfig, log);
await fill();

async function fill(): Promise<void> {
  const origin = Date.UTC(2026, 2, 2, 9);
  const generator = createAdGenerator(generatorConfig.parse({ rate: RATE, seed: 1 }), { originMs: origin });
  for (let i = 0, brought = 0; brought < EVENTS; i++) {
    const from = origin + i * STEP_MS;
    const events = generator.events(from, from + STEP_MS);
    brought += events.ends.length;
    await log.commit({ appends: [{ topic: only!.topic, partition: i % PARTITIONS, ...events }] });
  }
}

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly longestPauseMs: number;
  readonly accepted: number;
}

/** From the beginning of the log to its end; commits go to the log, except offsets and state, so that the next run begins anew. */
async function run(threads: PipelineThreads | undefined): Promise<Run> {
  const placement =
    threads && createPlacement({ spec, always: true }, { threads, clock: systemClock, ends: new Map(), onJudged: () => {} });
  const engine = await openEngine(engineConfig, {
    log: {
      ...log,
      state: async () => [],
      committed: async () => undefined,
      commit: ({ appends = [] }) => log.commit({ appends: appends }),
    },
    ...judgingDeps(spec, systemClock),
    ...(placement && { openAggregate: placement.open }),
    monitor: monitorOf(config),
  });
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const [cpu, begun] = [process.cpuUsage(), systemClock.elapsed()];
  for (let sinceCommit = 0; ; await nextTurn()) {
    const read = await engine.step();
    sinceCommit += read;
    if (read > 0 && sinceCommit < COMMIT_EVERY) continue;
    await engine.commit();
    sinceCommit = 0;
    if (read === 0) break;
  }
  const seconds = (systemClock.elapsed() - begun) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  loop.disable();
  const accepted = engine.partitions().reduce((sum, { totals }) => sum + totals.accepted, 0);
  await engine.close();
  return { seconds, cpuSeconds: (user + system) / 1e6, longestPauseMs: loop.max / 1e6, accepted };
}

const pools = [1, 2].map((max) =>
  createThreads(
    { log: { kind: 'embedded', path }, max, memoryMb: 1_024 },
    { clock: systemClock, logger: silentLogger, signal: new AbortController().signal },
  ),
);
const contenders = { 'main thread': undefined, 'one thread': pools[0]!.pipeline(), 'two threads': pools[1]!.pipeline() };
const runs = Object.entries(contenders).map(([name, threads]) => ({ name, threads, done: [] as Run[] }));
// The first round makes compiled code of everything, in every thread.
for (let round = 0; round <= ROUNDS; round++) {
  for (const { threads, done } of runs) {
    const one = await run(threads);
    if (round > 0) done.push(one);
  }
}
await Promise.all(pools.map((pool) => pool.close()));
await log.close();
rmSync(folder, { recursive: true });

const accepted = new Set(runs.flatMap(({ done }) => done.map((one) => one.accepted)));
if (accepted.size !== 1) throw new Error(`the contenders disagree: ${[...accepted].join(', ')}`);
const [events] = accepted;
const medianOf = (done: readonly Run[], value: (one: Run) => number): number => median(done.map(value));
const rate = (index: number, of: 'seconds' | 'cpuSeconds'): number => events! / medianOf(runs[index]!.done, (one) => one[of]);
const rounds = (index: number, of: 'seconds' | 'cpuSeconds'): number[] => runs[index]!.done.map((one) => one[of]);
report('threads', {
  events: events!,
  rows: runs.map(({ name, done }, i) => ({
    name,
    events_per_second: Math.round(rate(i, 'seconds')),
    events_per_cpu_second: Math.round(rate(i, 'cpuSeconds')),
    longest_pause_ms: Math.round(medianOf(done, (one) => one.longestPauseMs)),
  })),
  ratios: {
    cpu_two_threads_to_one: timesByRound(rounds(1, 'cpuSeconds'), rounds(2, 'cpuSeconds')),
    cpu_two_threads_to_main: timesByRound(rounds(0, 'cpuSeconds'), rounds(2, 'cpuSeconds')),
    speed_two_threads_to_one: timesByRound(rounds(1, 'seconds'), rounds(2, 'seconds')),
  },
  bar: { ratio: 'cpu_two_threads_to_main', least: BAR },
});
