import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makesUpFirst, pauseMs } from './position.ts';

test('a pause counts from where live events stopped; a backfill that was broken off is none', () => {
  assert.equal(pauseMs(undefined, 5_000), 0);
  assert.equal(pauseMs({ origin: 1_000, until: 4_000 }, 5_000), 1_000);
  assert.equal(pauseMs({ origin: 4_900, until: 50 }, 5_000), 100);
});

test('what is missing is made up for in ever shorter runs, until live events can do it or the machine is too slow', () => {
  assert.equal(makesUpFirst(20_000, Infinity), true);
  assert.equal(makesUpFirst(9_000, 20_000), true);
  assert.equal(makesUpFirst(3_000, 20_000), false, 'live events do it');
  assert.equal(makesUpFirst(12_000, 20_000), false, 'it would hardly get less');
});
