import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { getPriority, platform } from 'node:os';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { poolGivesWay } from './thread-priority.ts';

const skip = platform() === 'linux' ? false : 'priorities of threads are there on Linux alone';

const GIVES_WAY = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { getPriority } = require('node:os');
  import(workerData).then(({ giveWay }) => {
    giveWay();
    parentPort.postMessage(getPriority(0));
  });
`;

test('a thread that gives way does so alone', { skip }, async () => {
  const before = getPriority(0);
  const worker = new Worker(GIVES_WAY, { eval: true, workerData: new URL('./thread-priority.ts', import.meta.url).href });
  const [own] = (await once(worker, 'message')) as [number];
  assert.ok(own > before, `${own}, and ${before} here`);
  assert.equal(getPriority(0), before);
  await worker.terminate();
});

test("the pool's threads give way, once and no others", { skip }, async () => {
  await stat('.');
  const before = priorities();
  poolGivesWay();
  const after = priorities();
  poolGivesWay();
  assert.deepEqual(priorities(), after);
  for (const [thread, { name, priority }] of after) {
    const known = before.get(thread)?.priority ?? priority;
    assert.equal(priority > known, name === 'libuv-worker', `${name}: ${known}, then ${priority}`);
  }
});

function priorities(): Map<string, { readonly name: string; readonly priority: number }> {
  return new Map(
    readdirSync('/proc/self/task').map((thread) => {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim();
      return [thread, { name, priority: getPriority(Number(thread)) }];
    }),
  );
}
