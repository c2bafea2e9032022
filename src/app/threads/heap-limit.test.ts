import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { heapRoomMb, OUT_OF_MEMORY, sharedHeapMb } from './heap-limit.ts';

const LIMIT_MB = 32;

/** Grows a table by 20,000 entries a turn, up to so many. */
function thread(entries: number): Worker {
  const script = `
    import(${JSON.stringify(new URL('./heap-limit.ts', import.meta.url).href)}).then(({ keepHeapWithin }) => {
      keepHeapWithin(${LIMIT_MB});
      const table = new Map();
      (function grow() {
        for (let i = 0; i < 20_000; i++) table.set(table.size, table.size);
        if (table.size < ${entries}) setImmediate(grow);
      })();
    });`;
  return new Worker(script, { eval: true, resourceLimits: { maxOldGenerationSizeMb: heapRoomMb(LIMIT_MB) } });
}

test('a table that doubles beyond the limit ends the thread that has it, and not the process', async () => {
  const [error] = (await once(thread(20e6), 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, OUT_OF_MEMORY);
});

test('within the limit nothing ends', async () => {
  const worker = thread(200_000);
  const [code] = (await once(worker, 'exit')) as [number];
  assert.equal(code, 0);
});

test('unless told, threads share half of the memory there is, within bounds', () => {
  const GB = 2 ** 30;
  assert.equal(sharedHeapMb(2, 8 * GB), 2_048);
  assert.equal(sharedHeapMb(16, 64 * GB), 2_048);
  assert.equal(sharedHeapMb(2, 256 * GB), 4_096);
  assert.equal(sharedHeapMb(3, GB), 170);
  assert.equal(sharedHeapMb(8, GB), 128);
});
