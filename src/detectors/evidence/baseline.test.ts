import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { beginBaseline, driftBaseline, learnBlock, logRate, renewVariance } from './baseline.ts';
import type { Block } from './baseline.ts';
import { passBlock } from './blocks.ts';
import { createKit } from './kit.ts';
import { At, Status, emptyState } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { moveTo } from './slot-place.ts';
import { createPool, renewShrinkage } from './tracked-error.ts';

const DAY = 1_440;
const share = { windowMs: 60_000, habits: false, drop: 0.5, rise: 2, falseAlarmsPerDay: 1, tests: 2 };
const model = createModel({ ...share, hasExposure: true, profile: profileOf('events', true) });
const { grid, layout, rhythm } = model;
const work = Array.from({ length: rhythm.size }, () => 0);

/** Level of a rate of 2 % that is known this well (variance), and of no rhythm. */
function known(variance: number): Float32Array {
  const { numbers } = emptyState(layout);
  beginBaseline(numbers, model, createPool(model), 2_000, 100_000);
  numbers.fill(0, layout.covariance, layout.covariance + (rhythm.size * (rhythm.size + 1)) / 2);
  numbers[layout.covariance] = variance;
  return numbers;
}

const block = (q: number, more: Partial<Block> = {}): Block => ({
  seen: 100 * q,
  expected: 100,
  noise: 0.01,
  error: 0,
  isYoung: false,
  ...more,
});

test('a block moves the level towards what it saw, by as much as it is the surer of the two, and makes it surer', () => {
  for (const q of [0.9, 1, 1.1]) {
    const numbers = known(0.01);
    const before = logRate(numbers, model, 0);
    learnBlock(numbers, model, 0, block(q), work);
    // As sure as the level was: half of the way.
    assert.ok(Math.abs(logRate(numbers, model, 0) - before - Math.log((1 + q) / 2)) < 1e-3, `${q}`);
    assert.ok(Math.abs(numbers[layout.covariance]! / 0.005 - 1) < 1e-3);
  }
});

test('a block that is far out is believed up to some deviations, also where nothing came, or less than nothing', () => {
  const moved = (q: number): number => {
    const numbers = known(0.01);
    const before = logRate(numbers, model, 0);
    learnBlock(numbers, model, 0, block(q), work);
    return logRate(numbers, model, 0) - before;
  };
  assert.ok(moved(50) > 0.15 && moved(50) < 0.25, `${moved(50)}`);
  assert.equal(moved(50), moved(500));
  assert.ok(moved(0) < -0.15 && moved(0) > -0.25, `${moved(0)}`);
  assert.equal(moved(0), moved(-3));
});

test('a daily rhythm is learnt at its own time of the day', () => {
  const kit = createKit(model, createPool(model));
  renewShrinkage(kit.shrinkage, kit.pool, model);
  const state = emptyState(layout);
  const { numbers } = state;
  const random = createRandom(1);
  const truth = (minute: number): number => 0.02 * Math.exp(0.5 * Math.sin((2 * Math.PI * minute) / DAY));
  const first = grid.slotAt(0) / grid.blockSlots;
  const blocks = (4 * DAY) / grid.blockMinutes;
  for (let at = first; at < first + blocks; at++) {
    passBlock(state, kit, moveTo(kit.now, model, at * grid.blockSlots));
    const middle = (at + 0.5) * grid.blockMinutes - grid.slotMinutes / 2;
    numbers[layout.pendingSeen + (at % grid.pendingBlocks)] = random.poisson(5_000 * truth(middle));
    numbers[layout.pendingExposure + (at % grid.pendingBlocks)] = 5_000;
    numbers[At.age]! += grid.blockSlots;
  }
  for (let minute = 0; minute < DAY; minute += 60) {
    const out = logRate(numbers, model, rhythm.at(minute)) - Math.log(truth(minute));
    assert.ok(Math.abs(out) < 0.08, `minute ${minute}: ${out}`);
  }
});

test('nothing is learnt while an alarm is on, nor under suspicion after the first day, for an hour at most', () => {
  const kit = createKit(model, createPool(model));
  renewShrinkage(kit.shrinkage, kit.pool, model);
  const learns = (numbers: Float32Array, from: number): boolean => {
    const before = numbers[layout.mean]!;
    numbers[layout.pendingSeen + ((from + 1) % grid.pendingBlocks)] = 300;
    numbers[layout.pendingExposure + ((from + 1) % grid.pendingBlocks)] = 10_000;
    passBlock({ ...emptyState(layout), numbers }, kit, moveTo(kit.now, model, (from + grid.pendingBlocks) * grid.blockSlots));
    return numbers[layout.mean] !== before;
  };
  const calm = known(0.01);
  calm[At.age] = 2 * DAY;
  assert.equal(learns(calm, 100), true);
  calm[At.status] = Status.drop;
  assert.equal(learns(calm, 200), false);
  calm[At.status] = Status.calm;
  calm[At.suspicion] = 8;
  const suspected = Array.from({ length: 14 }, (_, at) => learns(calm, 300 + at));
  assert.deepEqual(
    suspected.map((learnt, at) => [at, learnt]),
    suspected.map((_, at) => [at, at >= 60 / grid.blockMinutes]),
  );
  calm[At.age] = DAY / 2;
  assert.equal(learns(calm, 400), true);
});

test('what is known ages, and a forecast on a steep part of the day is the less sure', () => {
  const numbers = known(0.01);
  driftBaseline(numbers, model, 1_000);
  assert.ok(Math.abs(numbers[layout.covariance]! - 0.01 - 1_000 * model.profile.levelDrift) < 1e-6);
  // Of a sine: steepest at midnight, level at six.
  numbers[layout.mean + 2] = 1;
  const varianceAt = (minute: number): number => {
    renewVariance(numbers, model, rhythm.at(minute), 0, work);
    return numbers[At.variance]!;
  };
  assert.ok(Math.abs(varianceAt(0) - varianceAt(DAY / 4) - ((10 * 2 * Math.PI) / DAY) ** 2) < 1e-4);
});
