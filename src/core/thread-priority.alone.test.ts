import assert from 'node:assert/strict';
import { once } from 'node:events';
import { getPriority, platform } from 'node:os';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

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
