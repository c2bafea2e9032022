import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { loadPipeline } from '../../config/load-pipeline.ts';
import { beginsAgain, createThreads } from './threads.ts';

const { engine: spec } = loadPipeline(new URL('../../../pipelines/adtech.yml', import.meta.url).pathname);

/** Waits for nothing: a signal that has come already ends every back-off. */
const AT_ONCE = AbortSignal.abort();

interface Settings {
  readonly elapsed?: () => number;
  readonly max?: number;
}

function poolOf(t: TestContext, script: string, { elapsed = () => 0, max = 1 }: Settings = {}) {
  const warnings: string[] = [];
  const started: Worker[] = [];
  const threads = createThreads(
    { log: { kind: 'embedded', path: '/nowhere' }, max, memoryMb: 16 },
    {
      clock: { elapsed },
      logger: { info: () => {}, warn: (message) => warnings.push(message) },
      signal: AT_ONCE,
      start({ memoryMb }) {
        const worker = new Worker(script, { eval: true, resourceLimits: { maxOldGenerationSizeMb: memoryMb } });
        started.push(worker);
        return worker;
      },
    },
  );
  t.after(() => threads.close());
  const pipeline = threads.pipeline();
  const open = (partition: number, offset = 0) =>
    pipeline.open(
      {
        spec,
        source: spec.sources[0]!.name,
        config: { partition, replayTopic: 'r', revision: 1, clock: 'event', completeFrom: 0, maxBatchBytes: 1 },
        beginning: { state: [], offset, replayOffset: 0, end: 0, copied: [] },
      },
      { ends: new Map(), onJudged: () => {} },
    );
  return { pipeline, open, warnings, started };
}

/** Answers that an aggregation is open, and stays. */
const STAYS = `require('node:worker_threads').parentPort.on('message', ({ id }) =>
  require('node:worker_threads').parentPort.postMessage({ id, value: { panes: {}, mirror: { status: {}, isIdle: false } } }));`;

test('a thread that ends soon after its start is started again five times at most, and each end is said once', async (t) => {
  const { pipeline, open, warnings, started } = poolOf(t, 'process.exit(3)');
  for (let i = 1; i <= 4; i++) {
    const [a, b] = await Promise.allSettled([open(0), open(1)]);
    assert.ok(a.status === 'rejected' && beginsAgain(a.reason), `start ${i}`);
    assert.ok(b.status === 'rejected' && b.reason === a.reason);
  }
  await assert.rejects(open(0), { code: 'thread_ended', retryable: false, message: /exit code 3.*5 times in a row/ });
  assert.equal(started.length, 5);
  assert.equal(warnings.length, 4);
  assert.match(warnings[0]!, /thread 1, which counts ad-events\/0, ad-events\/1, has ended: .*again from its last commit/);
  assert.deepEqual(pipeline.counts(), { running: 0, restarts: 5 });
});

test('what a thread warns of is said here, and does not end it', async (t) => {
  const { open, warnings, pipeline } = poolOf(t, `require('node:worker_threads').parentPort.postMessage({ warning: 'slower' });${STAYS}`);
  await open(0);
  assert.deepEqual(warnings, ['slower']);
  assert.deepEqual(pipeline.counts(), { running: 1, restarts: 0 });
});

test('a thread that had come further before it ended, with one of its partitions, is started again however often that was', async (t) => {
  let now = 0;
  const { open } = poolOf(t, 'process.exit(3)', { elapsed: () => (now += 100_000) });
  for (let i = 0; i < 7; i++) {
    const opened = await Promise.allSettled([open(0), open(1, i)]);
    assert.ok(opened.every((one) => one.status === 'rejected' && beginsAgain(one.reason)));
  }
});

test('one that ends at the same record each time is not, however long it takes to come there', async (t) => {
  let now = 0;
  const { open, warnings } = poolOf(t, 'process.exit(3)', { elapsed: () => (now += 100_000) });
  await assert.rejects(open(0, 7), beginsAgain);
  for (let i = 1; i <= 3; i++) await assert.rejects(open(0, 9), beginsAgain);
  assert.match(warnings.at(-1)!, /last commit\. That was 3 times in a row without getting further; 5 end the run\.$/);
  await assert.rejects(open(0, 9), beginsAgain);
  await assert.rejects(open(0, 9), { code: 'thread_ended', retryable: false });
});

test('a thread that runs out of memory says which setting allows it more', async (t) => {
  const { open } = poolOf(t, 'const all = []; for (;;) all.push(new Array(10_000).fill(all.length));');
  await assert.rejects(open(0), { code: 'thread_ended', message: /more memory than --thread-memory allows \(16MB\)/ });
});

test('partitions spread over all threads there may be; what waits for one that ends is refused, what is on another one stays', async (t) => {
  const { pipeline, open, started } = poolOf(t, STAYS, { max: 2 });
  const [a, b, c] = [await open(0), await open(1), await open(2)];
  assert.equal(started.length, 2);
  assert.deepEqual(pipeline.counts(), { running: 2, restarts: 0 });
  await started[1]!.terminate();
  await assert.rejects(b.aggregate.takePartials(false), beginsAgain);
  await a.aggregate.takePartials(false);
  await c.aggregate.takePartials(false);
  await b.aggregate.close();
  await open(1);
  assert.equal(started.length, 3);
  assert.deepEqual(pipeline.counts(), { running: 2, restarts: 1 });
});
