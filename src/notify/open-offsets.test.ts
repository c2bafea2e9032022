import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenOffsets } from './open-offsets.ts';

const never = new AbortController().signal;

test('all is done up to the first open offset, and past the highest where none is open', () => {
  const offsets = createOpenOffsets(9, never);
  for (const offset of [3, 4, 7]) offsets.open(offset);
  assert.equal(offsets.close(4), undefined);
  assert.equal(offsets.close(3), 7);
  assert.equal(offsets.close(7), 8);
  offsets.open(9);
  assert.equal(offsets.size, 1);
  assert.equal(offsets.close(9), 10);
});

test('there is room again when one is done, and when it is stopped', async () => {
  const stop = new AbortController();
  const offsets = createOpenOffsets(1, stop.signal);
  await offsets.room();
  offsets.open(0);
  let isIn = false;
  const room = offsets.room().then(() => (isIn = true));
  await Promise.resolve();
  assert.equal(isIn, false);
  offsets.close(0);
  await room;
  offsets.open(1);
  const stopped = offsets.room();
  stop.abort();
  await stopped;
});
