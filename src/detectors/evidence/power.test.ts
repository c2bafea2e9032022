import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createKit } from './kit.ts';
import { At, emptyState } from './layout.ts';
import { createModel } from './model.ts';
import { WORTH_MOST, thresholdOf, weighPower } from './power.ts';
import type { Power } from './power.ts';
import { profileOf } from './profile.ts';
import { createPool, renewShrinkage } from './tracked-error.ts';

const TESTS = 5;
const model = createModel({
  windowMs: 60_000,
  profile: profileOf('events', true),
  hasExposure: true,
  habits: false,
  drop: 0.5,
  rise: 2,
  falseAlarmsPerDay: 1,
  tests: TESTS,
});
const kit = createKit(model, createPool(model));
renewShrinkage(kit.shrinkage, kit.pool, model);
const { numbers } = emptyState(model.layout);
numbers[At.variance] = 0.003;

/** Of a series that is expected to have so many events in an hour. */
function powerOf(expected: number, threshold = 14): Power {
  const power = { chance: 0, worth: 0 };
  weighPower(numbers, { ...kit, threshold, power }, expected);
  return power;
}

const taken = (powers: readonly Power[]): number => powers.reduce((sum, { chance, worth }) => sum + chance * worth, 0) / powers.length;
const expectations = fc.array(fc.integer({ min: -2, max: 10 }).map(Math.exp), { minLength: 20, maxLength: 60 });

test('what all series take adds up to the budget at most, whatever they are', () => {
  fc.assert(
    fc.property(expectations, (volumes) => {
      const powers = volumes.map((expected) => powerOf(expected));
      const thresholds = powers.map(({ worth }) => thresholdOf(model, powers.length, taken(powers), worth));
      const falseAlarms = powers.reduce((sum, { chance }, i) => sum + chance * Math.exp(-thresholds[i]!), 0) * TESTS * 1_440;
      assert.ok(falseAlarms <= 1 + 1e-9, `${falseAlarms} a day`);
      for (const { worth } of powers) assert.ok(worth <= WORTH_MOST, `worth ${worth}`);
    }),
  );
});

test('a series at the edge of what can be found has to reach less than one in which all is found, or nothing', () => {
  const powers = [0.5, 30, 30_000].map((expected) => powerOf(expected));
  const [tiny, edge, large] = powers.map(({ worth }) => thresholdOf(model, 300, taken(powers), worth));
  assert.ok(powers[0]!.chance < 0.05 && powers[2]!.chance > 0.55);
  assert.ok(edge! < large! - 0.3 && edge! < tiny! - 0.3, `${tiny}, ${edge}, ${large}`);
});

test('series that are alike share the budget equally', () => {
  const power = powerOf(300);
  const threshold = thresholdOf(model, 100, taken([power, power]), power.worth);
  assert.ok(Math.abs(threshold - model.logTests - Math.log(100 * power.chance)) < 1e-9);
});

test('one series alone has to reach no more than the whole budget asks for', () => {
  for (const expected of [30, 30_000]) {
    const power = powerOf(expected);
    assert.equal(thresholdOf(model, 1, taken([power]), power.worth), model.logTests);
  }
});

test('however few could ring, a part of all series shares the budget', () => {
  const { worth } = powerOf(30);
  assert.equal(thresholdOf(model, 1_000, 1e-6, worth), model.logTests + Math.log(1_000 * 0.15));
  assert.equal(thresholdOf(model, 1_000, null, worth), model.logTests + Math.log(1_000));
});
