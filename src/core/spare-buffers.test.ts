import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSpareBuffers } from './spare-buffers.ts';

test('what was given back is taken again where it fits, and is one taker’s at a time', () => {
  const buffers = createSpareBuffers(1 << 20);
  const first = buffers.take(100_000);
  assert.ok(first.length >= 100_000);
  assert.notEqual(buffers.take(100_000), first);
  buffers.give(first);
  assert.equal(buffers.take(90_000), first);
  assert.notEqual(buffers.take(90_000), first);
});

test('one that is too small, or far too large, is not given', () => {
  const buffers = createSpareBuffers(8 << 20);
  const large = buffers.take(1 << 20);
  buffers.give(large);
  assert.notEqual(buffers.take(1_000), large);
  assert.notEqual(buffers.take((1 << 20) + 1), large);
  assert.equal(buffers.take(300_000), large);
});

test('no more is kept than allowed', () => {
  const buffers = createSpareBuffers(256 << 10);
  const [one, other] = [buffers.take(200_000), buffers.take(200_000)];
  buffers.give(one);
  buffers.give(other);
  assert.equal(buffers.take(200_000), one);
  assert.notEqual(buffers.take(200_000), other);
});
