import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackCarryOver } from './carry-over.ts';
import { createKit } from './kit.ts';
import { At, Baseline, emptyState, setSlot } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { shiftNewest } from './series-slots.ts';
import { createPool, errorAt, readErrors, renewShrinkage } from './tracked-error.ts';

const share = { windowMs: 60_000, habits: false, drop: 0.5, rise: 2, falseAlarmsPerDay: 1, tests: 2 };

/** A state in which each of the newest slots holds another number; `slot` is at a place in the middle. */
function filled(hasExposure: boolean) {
  const model = createModel({ ...share, hasExposure, profile: profileOf('events', hasExposure) });
  const { grid, layout } = model;
  const { numbers } = emptyState(layout);
  const slot = grid.recent * 50_000 + 7;
  setSlot(numbers, slot);
  numbers[At.baseline] = Baseline.own;
  numbers[At.reach] = grid.slotsMax;
  for (let ago = 0; ago < grid.recent; ago++) {
    const place = (slot - ago) % grid.recent;
    numbers[layout.recentSeen + place] = 2 ** (ago % 10);
    numbers[layout.recentExpected + place] = 100 + ago;
  }
  /** Expected `ago` slots before the newest. */
  const expectedOf = (ago: number): number => numbers[layout.recentExpected + ((slot - ago) % grid.recent)]!;
  return { model, numbers, slot, expectedOf };
}

test('a common shift changes what was expected in its slots, and the exposure that is learnt from: not those before', () => {
  const { model, numbers, slot, expectedOf } = filled(true);
  numbers[At.exposure] = 40;
  numbers[At.moneyRate] = 3;
  shiftNewest({ ...emptyState(model.layout), numbers }, model, slot, Math.log(2), 2);
  const expected = [0, 1, 2, 3, 4].map(expectedOf);
  assert.deepEqual(expected, [200, 202, 204, 103, 104]);
  assert.equal(numbers[At.exposure], 80);
  assert.equal(numbers[At.moneyRate], 6);
});

test('a shift reaches back no further than the evidence does', () => {
  const { model, numbers, slot, expectedOf } = filled(true);
  numbers[At.reach] = 2;
  shiftNewest({ ...emptyState(model.layout), numbers }, model, slot, Math.log(2), 7);
  assert.deepEqual([0, 1, 2].map(expectedOf), [200, 202, 102]);
});

test('what carries over into a span is what the slots right before it were out by', () => {
  const { model, numbers, slot } = filled(false);
  const pool = createPool(model);
  const kit = createKit(model, pool);
  renewShrinkage(kit.shrinkage, pool, model);
  numbers[At.variance] = 0.01;
  const { before } = model.carry;
  const [horizon, slots] = [1, model.grid.horizons[1]!];
  const expected = 500;
  readErrors(numbers, kit, horizon);
  trackCarryOver(numbers, kit, slot, { horizon, seen: 550, expected, noise: 1 / expected, error: 0.02 });
  const ago = Array.from({ length: before }, (_, at) => slots + at);
  const seenBefore = ago.reduce((sum, at) => sum + 2 ** (at % 10), 0);
  const expectedBefore = ago.reduce((sum, at) => sum + 100 + at, 0);
  const all = 1 / expected + 0.01 + 0.02;
  const allBefore = 1 / expectedBefore + 0.01 + errorAt(numbers, model, kit.shrinkage, 1);
  const weight = 1 / (all * allBefore);
  const outBefore = seenBefore / expectedBefore - 1;
  assert.ok(Math.abs(outBefore) < 4 * Math.sqrt(allBefore), 'within what counts');
  const first = createPool(model);
  assert.ok(
    Math.abs(pool.togetherWeights[horizon]! / first.togetherWeights[horizon]! - 1 - weight / first.togetherWeights[horizon]!) < 1e-6,
  );
  assert.ok(Math.abs(pool.together[horizon]! / (weight * (0.1 * outBefore - 0.01)) - 1) < 1e-4, `${pool.together[horizon]}`);
});
