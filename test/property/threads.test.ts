/** Aggregations in real threads, that end at any moment: what is told is what the oracle says, and what one thread tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { fc } from '../support/fast-check.ts';
import { openCounting } from '../../src/app/embedded/counting.ts';
import { createPlacement } from '../../src/app/threads/placement.ts';
import { startWorker } from '../../src/app/threads/thread.ts';
import { createThreads, type Threads } from '../../src/app/threads/threads.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createRandom } from '../../src/core/random.ts';
import { openEngine, type Engine } from '../../src/pipeline/engine.ts';
import { differences } from '../oracle/compare.ts';
import { anyScenario } from './arbitraries.ts';
import { assertCounts, assertDeadLetters, NEVER_MS, pace, played, retiring, SKETCHES } from './played.ts';
import { runs } from './runs.ts';
import type { OpenEngine } from './staged.ts';
import type { TempLog } from './temp-log.ts';
import { nameOf } from './told.ts';

const ignored = new AbortController().signal;

interface Pool {
  readonly threads: Threads;
  /** Ends one of the threads, as a crash would. */
  kill(which: number): Promise<void>;
  readonly kills: number;
}

/** Each start counts as a late one, and none as the last: the pool neither waits nor gives up. */
function pool(path: string): Pool {
  const workers = new Set<Worker>();
  let elapsed = 0;
  let kills = 0;
  const threads = createThreads(
    { log: { kind: 'embedded', path }, max: 2, startsMax: Infinity, memoryMb: 1_024 },
    {
      clock: { elapsed: () => (elapsed += 100_000) },
      logger: silentLogger,
      signal: ignored,
      start(config) {
        const worker = startWorker(config);
        workers.add(worker);
        worker.on('exit', () => workers.delete(worker));
        return worker;
      },
    },
  );
  return {
    threads,
    async kill(which) {
      const worker = [...workers][which];
      if (!worker) return;
      kills++;
      await worker.terminate();
    },
    get kills() {
      return kills;
    },
  };
}

/** Some steps and commits are hit by the end of a thread, before them or in their middle, and are made again in a new life. */
function threadedOpener(one: Pool, faults: { readonly seed: number; readonly deaths: number }): OpenEngine {
  const random = createRandom(faults.seed);
  const placements: Engine[] = [];

  return async (config, deps, monitorAnew) => {
    // The driver forgets an engine by forgetting it.
    for (const left of placements.splice(0)) await left.close();
    const placement = createPlacement(
      { spec: config.plan.spec, always: true },
      { threads: one.threads.pipeline(), clock: { elapsed: deps.elapsed }, ends: new Map(), onJudged: () => {} },
    );
    const counting = await openCounting(async () => {
      const monitor = monitorAnew();
      const engine = await openEngine(
        { ...config, maxBatchRecords: 1 + random.below(50) },
        { ...deps, monitor, openAggregate: placement.open },
      );
      return { engine, monitor };
    });

    async function lasting<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
      const done: T[] = [];
      await counting.lasting(async () => {
        const dies = random.unit() < faults.deaths;
        const death = dies ? one.kill(random.below(2)) : undefined;
        if (random.unit() < 0.5) await death;
        done.push(await work(counting.engine));
        await death;
      }, ignored);
      return done[0]!;
    }

    const engine: Engine = {
      ...counting.engine,
      step: () => lasting((current) => current.step()),
      hasNews: () => counting.engine.hasNews(),
      commit: (options) => lasting((current) => current.commit(options)),
      flush: (options) =>
        lasting(async (current) => {
          // A new life has read nothing beyond the last commit.
          while ((await current.step()) > 0);
          return current.flush(options);
        }),
      counts: () => counting.engine.counts(),
      partitions: () => counting.engine.partitions(),
      get frontier() {
        return counting.engine.frontier;
      },
      close: () => counting.engine.close(),
    };
    placements.push(engine);
    return engine;
  };
}

test('in threads that end at any moment, everything told is what the oracle says, and what one thread tells, byte for byte', async (t) => {
  let kills = 0;
  await fc.assert(
    fc.asyncProperty(anyScenario({ replays: false }), pace(), fc.constantFrom(0.05, 0.2), async (drawn, at, deaths) => {
      const one = retiring(drawn, NEVER_MS);
      const opened: Pool[] = [];
      const inThreads = (temp: TempLog) => {
        opened.push(pool(temp.path));
        return { open: threadedOpener(opened[0]!, { seed: at.seed, deaths }) };
      };
      const result = await played(one, at, inThreads).finally(() => void opened[0]?.threads.close());
      kills += opened[0]!.kills;
      const { told, judgement, engine } = result;
      const measures = one.spec.measures;
      assertDeadLetters(one, result);
      assert.deepEqual(differences(told.last, judgement.rows, measures, { ...SKETCHES, stage: 'last', tolerance: 0 }), []);
      assert.deepEqual(differences(told.first, judgement.rows, measures, { ...SKETCHES, stage: 'first', tolerance: 0 }), []);
      assertCounts(one, engine, judgement);
      const { told: alone } = await played(one, at);
      const byName = (rows: typeof told.last) => new Map(rows.map((row) => [nameOf(row), JSON.stringify(row)]));
      assert.deepEqual(byName(told.first), byName(alone.first));
      assert.deepEqual(byName(told.last), byName(alone.last));
    }),
    // Not shrunk: threads are slow to start, and seed and path tell the case.
    { ...runs(5), endOnFailure: true },
  );
  t.diagnostic(`${kills} threads were ended`);
});
