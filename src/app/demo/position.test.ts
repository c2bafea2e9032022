import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseMs } from './position.ts';

test('a pause counts from where live events stopped; a backfill that was broken off is none', () => {
  assert.equal(pauseMs(undefined, 5_000), 0);
  assert.equal(pauseMs({ origin: 1_000, until: 4_000 }, 5_000), 1_000);
  assert.equal(pauseMs({ origin: 4_900, until: 50 }, 5_000), 100);
});
