import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import { createKit } from './kit.ts';
import { At, emptyState } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { clumpAt, createPool, errorAt, readErrors, renewShrinkage, trackClumps, trackError } from './tracked-error.ts';
import type { Tracking } from './tracked-error.ts';

const settings = { windowMs: 60_000, hasExposure: true, habits: false, falseAlarmsPerDay: 1, tests: 2, drop: 0.5, rise: 2 };
const model = createModel({ ...settings, profile: profileOf('events', true) });

/** A minute that brought `q` times what was expected. */
function track(numbers: Float32Array, q: number, noise: number, tracking: Tracking): void {
  const error = errorAt(numbers, model, tracking.shrinkage, 0);
  trackError(numbers, tracking, { horizon: 0, seen: q, expected: 1, noise, error });
}

/** Error of one minute, and what the pool makes of it, after a day of minutes of this variance. */
function afterDay(variance: number): { own: number; pooled: number } {
  const kit = createKit(model, createPool(model));
  const { shrinkage } = kit;
  renewShrinkage(shrinkage, kit.pool, model);
  const { numbers } = emptyState(model.layout);
  const random = createRandom(3, 1);
  for (let minute = 0; minute < 1_440; minute++) {
    const q = Math.max(0, 1 + random.normal() * Math.sqrt(variance));
    numbers[At.age] = minute + 1;
    track(numbers, q, 0.001, { ...kit, pool: createPool(model) });
  }
  return { own: errorAt(numbers, model, shrinkage, 0), pooled: shrinkage.error[0]! };
}

test('a series that is far rougher than the others is believed to be, one that is calmer only in part', () => {
  const rough = afterDay(0.15);
  assert.ok(rough.own > 0.07 && rough.own < 0.17, `${rough.own}`);
  const calm = afterDay(0.002);
  assert.ok(calm.own > 0.001 && calm.own < calm.pooled, `${calm.own}`);
});

test('one that is rough among others that are calm is believed to be so, however sure of them the pool is', () => {
  const kit = createKit(model, createPool(model));
  const { pool, shrinkage } = kit;
  const others = Array.from({ length: 10 }, () => emptyState(model.layout).numbers);
  const { numbers: rough } = emptyState(model.layout);
  const random = createRandom(4, 1);
  for (let minute = 0; minute < 1_440; minute++) {
    renewShrinkage(shrinkage, pool, model);
    for (const numbers of [...others, rough]) {
      numbers[At.age] = minute + 1;
      const variance = numbers === rough ? 0.2 : 0.01;
      track(numbers, Math.max(0, 1 + random.normal() * Math.sqrt(variance)), 0.01, kit);
    }
  }
  assert.ok(errorAt(rough, model, shrinkage, 0) > 0.1, `${errorAt(rough, model, shrinkage, 0)}`);
  for (const numbers of others) assert.ok(errorAt(numbers, model, shrinkage, 0) < 0.01, `${errorAt(numbers, model, shrinkage, 0)}`);
});

test('a pool of few events that is far rougher than it was taken for is known to be within an hour', () => {
  const kit = createKit(model, createPool(model));
  const { pool, shrinkage } = kit;
  renewShrinkage(shrinkage, pool, model);
  const first = shrinkage.error[0]!;
  const all = Array.from({ length: 20 }, () => emptyState(model.layout).numbers);
  const random = createRandom(5, 1);
  // Clumps of five, one a minute: a variance of 1, of which counting takes a fifth.
  for (let minute = 0; minute < 60; minute++) {
    for (const numbers of all) {
      numbers[At.age] = minute + 1;
      track(numbers, random.poisson(1), 0.2, kit);
    }
    renewShrinkage(shrinkage, pool, model);
  }
  assert.ok(first < 0.02 && shrinkage.error[0]! > 0.6 && shrinkage.error[0]! < 0.9, `${first}, then ${shrinkage.error[0]}`);
});

/** Events of a clump beyond the first, by a day of minutes that bring 1 to 40: of the series of few events, and of one that was not seen yet. */
function clumpAfterDay(bring: (expected: number, random: Random) => number): { own: number; unseen: number } {
  const tracking = createKit(model, createPool(model));
  const all = [2.5, 25].map((volume) => ({ volume, numbers: emptyState(model.layout).numbers, seen: 0, expected: 0 }));
  const random = createRandom(6, 1);
  for (let minute = 0; minute < 1_440; minute++) {
    renewShrinkage(tracking.shrinkage, tracking.pool, model);
    for (const one of all) {
      one.numbers[At.age] = minute + 1;
      const expected = one.volume * (1 + 0.6 * Math.sin(minute / 229));
      const seen = bring(expected, random);
      one.seen += seen;
      one.expected += expected;
      readErrors(one.numbers, tracking, 0);
      trackClumps(one.numbers, tracking, { horizon: 0, seen, expected, noise: 1 / expected, error: 0 });
      if (minute % 5 < 4) continue;
      const several = { horizon: model.grid.several, seen: one.seen, expected: one.expected, noise: 1 / one.expected };
      trackError(one.numbers, tracking, { ...several, error: errorAt(one.numbers, model, tracking.shrinkage, model.grid.several) });
      one.seen = one.expected = 0;
    }
  }
  const [own, unseen] = [all[0]!.numbers, emptyState(model.layout).numbers].map((numbers) => clumpAt(numbers, model, tracking.shrinkage));
  return { own: own!, unseen: unseen! };
}

test('how large clumps are is told alike from few events and from many, and known of series that were not seen yet', () => {
  const five = clumpAfterDay((expected, random) => 5 * random.poisson(expected / 5));
  for (const clump of Object.values(five)) assert.ok(clump > 3 && clump < 5, JSON.stringify(five));
  const single = clumpAfterDay((expected, random) => random.poisson(expected));
  for (const clump of Object.values(single)) assert.ok(clump < 0.15, JSON.stringify(single));
});
