import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { beginEpisode, discard, stepEpisode } from './episode.ts';
import { createField } from './field.ts';
import { createKit } from './kit.ts';
import { At, HAS_LASTED, Status, WAS_HELD } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { likelihoodRatio } from './scan.ts';
import { createPool, renewShrinkage } from './tracked-error.ts';

const MINUTE = 60_000;
const STEP = 600;
const SETTINGS = { windowMs: MINUTE, hasExposure: false, habits: true, drop: 0.5, rise: 2, falseAlarmsPerDay: 1, tests: 2 };

test('a new level is learnt of minutes that are known whole, wherever in a block the episode ended', () => {
  const model = createModel({ ...SETTINGS, profile: profileOf('events', false) });
  const { grid, layout } = model;
  for (let late = 0; late < grid.blockSlots; late++) {
    const field = createField(model);
    const state = field.bear(grid.slotAt(0));
    const { numbers } = state;
    let learnt = 0;
    for (let window = 0; window < STEP + 120; window++) {
      const slot = grid.slotAt(window);
      const rate = window < STEP + late ? 200 : 600;
      field.begin(slot, 1);
      field.enter(state, slot, rate, 1);
      field.judge(state, slot, 1, true);
      if (window < STEP + 20 || numbers[At.status] !== Status.calm) continue;
      for (let block = 0; block < grid.pendingBlocks; block++) {
        const seen = numbers[layout.pendingSeen + block]!;
        assert.equal(seen, 600 * numbers[layout.pendingExposure + block]!, `${late} minutes later`);
        if (seen > 0) learnt++;
      }
    }
    assert.ok(learnt > 0, 'it went on');
  }
});

test('a burst rings in its first minute, and tells that minute, however calm those are that the span with most evidence begins with', () => {
  const model = createModel({ ...SETTINGS, profile: profileOf('events', false) });
  const { grid } = model;
  const field = createField(model);
  const state = field.bear(grid.slotAt(0));
  const random = createRandom(1);
  const told = Array.from({ length: 2 * 1_440 }, (_, window) => {
    const isBurst = window === 2 * 1_440 - 1;
    field.begin(grid.slotAt(window), 1);
    field.enter(state, grid.slotAt(window), isBurst ? 16_000 : random.poisson(16), 1);
    field.judge(state, grid.slotAt(window), 1, true);
    return state.numbers[At.status];
  });
  const { numbers } = state;
  assert.deepEqual([told.indexOf(Status.rise), numbers[At.rangSlots], numbers[At.rangObserved]], [told.length - 1, 1, 16_000]);
});

test('what is over before it rings is not held for a habit, and leaves what is still to be said', () => {
  const model = createModel({ ...SETTINGS, profile: profileOf('events', false) });
  const left = [WAS_HELD, HAS_LASTED].map((back) => {
    const { numbers } = createField(model).bear(0);
    numbers[At.back] = back;
    numbers[At.reach] = 30;
    discard(numbers, model, 90, 5);
    return [numbers[At.back], numbers[At.reach]];
  });
  assert.deepEqual(left, [
    [0, 0],
    [HAS_LASTED, 0],
  ]);
});

test('of the span that rang nothing is learnt', () => {
  const { model, numbers, slot, slots } = rung(MINUTE);
  const { grid, layout } = model;
  const block = Math.floor(slot / grid.blockSlots);
  const kept = Array.from({ length: grid.pendingBlocks }, (_, ago) => numbers[layout.pendingSeen + ((block - ago) % grid.pendingBlocks)]!);
  assert.equal(slots, 2 * grid.blockSlots);
  assert.deepEqual(
    kept,
    kept.map((_, ago) => (ago <= 2 ? 0 : 1)),
  );
});

test('three minutes that are as before end an episode; of longer windows two, and one never', () => {
  const endsAfter = [10_000, MINUTE, 5 * MINUTE, 60 * MINUTE].map((windowMs) => {
    const { model, kit, state, numbers, slot } = rung(windowMs);
    let after = 0;
    while (numbers[At.status] === Status.drop && after < 10) {
      const place = (slot + ++after) % model.grid.recent;
      numbers[model.layout.recentSeen + place] = numbers[model.layout.recentExpected + place] = 10_000;
      stepEpisode(state, kit, slot + after);
    }
    return after;
  });
  assert.deepEqual(endsAfter, [3, 3, 2, 2]);
});

/** A drop to 30 % has just begun. */
function rung(windowMs: number) {
  const model = createModel({ ...SETTINGS, windowMs, profile: profileOf('events', false) });
  const { grid, layout } = model;
  const kit = createKit(model, createPool(model));
  renewShrinkage(kit.shrinkage, kit.pool, model);
  const state = createField(model).bear(0);
  const { numbers } = state;
  numbers.fill(1, layout.pendingSeen, layout.pendingSeen + grid.pendingBlocks);
  const [slot, slots] = [100_003, 2 * grid.blockSlots];
  const values = { seen: 3_000, expected: 10_000, variance: 0.01, whole: 0.01, clump: 1, alike: 0.01, noise: 1e-4 };
  beginEpisode(state, model, slot, { log: 20, spanLog: 20, slots, ...values }, true, { threshold: 15, skew: 2 });
  return { model, kit, state, numbers, slot, slots };
}

test('yesterday explains what is like it, in whatever currency, and nothing that goes far beyond it', () => {
  const model = createModel({ ...SETTINGS, hasExposure: true, profile: profileOf('amounts', true) });
  for (const unit of [0.001, 1, 1_000]) {
    const held = [0.7, 0.6, 0.4].map((ratio) => {
      const state = createField(model).bear(0);
      // 32 ln 0.73, all day long.
      state.habits.fill(-10, 0, model.grid.habitSlots);
      const [seen, noise, variance] = [ratio * unit, 0.003, 0.002];
      const log = Math.log(likelihoodRatio(model, true, seen, unit, variance, noise, 2));
      const span = { seen, expected: unit, noise, variance, whole: variance, alike: variance, clump: 1, slots: 4, log, spanLog: log };
      beginEpisode(state, model, 90, span, true, { threshold: 14, skew: 2 });
      return state.numbers[At.status] === Status.heldDrop;
    });
    assert.deepEqual(held, [true, true, false], `amounts of ${unit}`);
  }
});

test('the first minutes of what comes every day are held against whole blocks of the day before', () => {
  const model = createModel({ ...SETTINGS, profile: profileOf('events', false) });
  const beginsOn = (habit: number, seen: number, expected: number): number => {
    const state = createField(model).bear(0);
    state.habits.fill(habit, 0, model.grid.habitSlots);
    const [noise, variance] = [1 / expected, 0.006];
    const log = Math.log(likelihoodRatio(model, seen < expected, seen, expected, variance, noise, 2));
    const span = { seen, expected, noise, variance, whole: variance, alike: variance, clump: 1, slots: 1, log, spanLog: log };
    beginEpisode(state, model, 90, span, seen < expected, { threshold: 11, skew: 2 });
    return state.numbers[At.status]!;
  };
  // 32 ln 2.5, 32 ln 0.04: 8 events a minute that become 20, and 20 that become none.
  assert.equal(beginsOn(30, 31, 8), Status.heldRise);
  assert.equal(beginsOn(30, 90, 8), Status.rise);
  assert.equal(beginsOn(10, 31, 8), Status.rise);
  // Too near to the forecast to be believed, but it explains nearly all.
  assert.equal(beginsOn(12, 16, 8), Status.heldRise);
  assert.equal(beginsOn(-102, 0, 20), Status.heldDrop);
});
