import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPipeline } from '../../config/load-pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import type { Log } from '../../log/log.ts';
import type { OpenedAggregate } from '../../pipeline/aggregate/aggregate.ts';
import { compilePlan } from '../../windows/plan.ts';
import { judgingDeps } from '../run/judging.ts';
import { createPlacement } from './placement.ts';

const loaded = loadPipeline(new URL('../../../pipelines/adtech.yml', import.meta.url).pathname);

function begin({ partitions, always = false }: { partitions: number; always?: boolean }) {
  const spec = { ...loaded.engine, sources: [{ ...loaded.engine.sources[0]!, partitions }] };
  const [source] = spec.sources;
  let [now, busy, end] = [0, 0, 0];
  const inThread: number[] = [];
  const placement = createPlacement(
    { spec, always },
    {
      threads: {
        async open({ config }) {
          inThread.push(config.partition);
          return {} as OpenedAggregate;
        },
        counts: () => ({ running: 0, restarts: 0 }),
      },
      clock: { elapsed: () => now },
      ends: new Map(),
      onJudged: () => {},
      busy: () => busy,
    },
  );
  const log = {
    bounds: async () => ({ start: 0, end, storedBytes: 0 }),
    committed: async () => undefined,
    state: async () => [],
    read: async () => undefined,
  } as Partial<Log> as Log;
  const { parse, randomKey, elapsed } = judgingDeps(spec, systemClock);
  const open = (partition: number, toRead: number) => {
    end = toRead;
    return placement.open(
      {
        plan: compilePlan(spec),
        source: source!,
        partition,
        replayTopic: 'r',
        revision: 1,
        clock: 'event',
        start: () => 0,
        completeFrom: 0,
        maxBatchBytes: 1,
      },
      { randomKey, elapsed, parse: parse.json, log },
    );
  };
  /** Whether two seconds in which the main thread was so busy move it. */
  const after = (share: number, read = 1): boolean => {
    now += 2_000;
    busy = share;
    return placement.isTimeToMove(read);
  };
  return { open, after, inThread, placement };
}

test('a partition with much to read goes to a thread; another stays until the main thread has been busy for long', async () => {
  const { open, after, inThread } = begin({ partitions: 2 });
  await open(0, 1_000_000);
  await open(1, 10);
  assert.deepEqual(inThread, [0]);
  // The first look only begins to measure.
  const looks = [1, 0.95, 0.95, 0.95, 0.5, 0.95, 0.95, 0.95].map((share) => after(share, 100));
  assert.ok(!looks.includes(true), 'a pause in between');
  assert.equal(after(0.95, 100), true);
  assert.equal(after(0.95, 100), false, 'once');
  await open(1, 10);
  assert.deepEqual(inThread, [0, 1]);
});

test('a busy main thread moves soon where it is known that much is left, and not for a rest that is read by then', async () => {
  const much = begin({ partitions: 2 });
  await much.open(0, 400_000);
  await much.open(1, 400_000);
  assert.deepEqual(much.inThread, []);
  assert.equal(much.after(1, 10_000), false);
  // 100,000 in two seconds: the rest would take nearly 14.
  assert.equal(much.after(1, 100_000), true);
  const little = begin({ partitions: 2 });
  await little.open(0, 100_000);
  await little.open(1, 260_000);
  little.after(1, 10_000);
  assert.equal(little.after(1, 150_000), false);
  assert.equal(little.after(1, 150_000), false);
});

test('a main thread that is busy with other things than reading keeps its partitions', async () => {
  const { open, after } = begin({ partitions: 2 });
  await open(0, 10);
  const looks = Array.from({ length: 8 }, () => after(1, 0));
  assert.ok(!looks.includes(true));
});

test('the only partition stays, unless threads were asked for', async () => {
  const one = begin({ partitions: 1 });
  await one.open(0, 1e9);
  const looks = Array.from({ length: 8 }, () => one.after(1));
  assert.ok(!looks.includes(true));
  const asked = begin({ partitions: 1, always: true });
  await asked.open(0, 0);
  assert.deepEqual([one.inThread, asked.inThread], [[], [0]]);
});
