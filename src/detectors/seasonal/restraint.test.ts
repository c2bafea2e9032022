import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRestraint, newRestraintState } from './restraint.ts';
import { SEASONAL_SETTINGS } from './settings.ts';

const STEP = 2 * SEASONAL_SETTINGS.toldHalfLife;

/** One alarm every `STEP` points, of which the budget allows `allowed` each. */
function excessAfter(alarms: number, allowed: number, pointsLong = 1): number {
  const restraint = createRestraint(SEASONAL_SETTINGS, newRestraintState());
  for (let i = 0; i < alarms * STEP; i++) restraint.learn(i % STEP < pointsLong, allowed / STEP);
  return restraint.excess;
}

test('a series within its budget is held to nothing; one beyond it needs the more to ring the longer that lasts', () => {
  assert.ok(excessAfter(100, 1) < 1e-9);
  assert.ok(excessAfter(100, 5) === 0);
  assert.ok(excessAfter(1, 0.001) < 0.05, 'a single alarm is no record, however small the budget');
  assert.ok(excessAfter(10, 0.1) > 0.2 && excessAfter(200, 0.1) > excessAfter(10, 0.1));
});

test('an episode counts once, however many of its points ring', () => {
  assert.ok(Math.abs(excessAfter(20, 0.1, 30) - excessAfter(20, 0.1)) < 1e-9);
});
