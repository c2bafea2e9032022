import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handClock } from '../testing.ts';
import { paced } from './paced.ts';

test('the first is done at once, of those that come too soon the last one later', () => {
  const clock = handClock();
  let done = 0;
  const ask = paced(100, clock, () => done++);
  ask();
  assert.equal(done, 1);
  ask();
  ask();
  assert.equal(done, 1);
  clock.pass(100);
  assert.equal(done, 2);
  clock.pass(1_000);
  assert.equal(done, 2, 'nobody asked');
  ask();
  assert.equal(done, 3);
});
