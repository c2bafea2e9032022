import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import { createKit } from './kit.ts';
import { At, Lump, emptyState } from './layout.ts';
import { createModel } from './model.ts';
import { beginLumps, skewOf, trackNoise } from './noise.ts';
import { profileOf } from './profile.ts';
import { createPool, renewShrinkage } from './tracked-error.ts';

const SLOTS = 4_000;
const settings = { windowMs: 60_000, habits: false, falseAlarmsPerDay: 1, tests: 1, drop: 0.5, rise: undefined };

/** What a series knows of its noise after sums of `many` lumps a slot, `size` each (1 on average). */
function learn(many: number, size: (random: Random) => number) {
  const model = createModel({ ...settings, hasExposure: true, profile: profileOf('amounts', true) });
  const { numbers } = emptyState(model.layout);
  const kit = createKit(model, createPool(model));
  const { pool, shrinkage } = kit;
  const random = createRandom(5);
  numbers[At.spread] = 4;
  numbers[At.moneyRate] = 1;
  beginLumps(numbers, model);
  for (let slot = 0; slot < SLOTS; slot++) {
    renewShrinkage(shrinkage, pool, model);
    let seen = 0;
    for (let left = random.poisson(many); left > 0; left--) seen += size(random) / many;
    trackNoise(numbers, kit, { horizon: 0, seen, expected: 1, noise: 0, error: 0 });
  }
  const lumps = numbers[model.layout.lumps + Lump.rate]!;
  return {
    spread: numbers[At.spread]!,
    lumps,
    greatestSkew: numbers[model.layout.lumps + Lump.skew]!,
    skew: skewOf(numbers, model, shrinkage),
  };
}

function isNear(found: number, truth: number, share: number): boolean {
  return Math.abs(found / truth - 1) < share;
}

for (const many of [0.1, 0.4, 2]) {
  test(`of equal payments, ${many} a slot, spread and number are learnt: so many come or do not`, () => {
    const { spread, lumps, skew } = learn(many, () => 1);
    assert.ok(
      isNear(lumps, many, 0.25) && isNear(spread, 1 / many, 0.25) && isNear(skew, 1, 0.25),
      JSON.stringify({ spread, lumps, skew }),
    );
  });

  test(`of payments of all sizes, ${many} a slot, as seldom as they come nothing does`, () => {
    const { spread, lumps, greatestSkew } = learn(many, (random) => -Math.log(1 - random.unit()));
    // Exponential sizes: a spread of 2 over their number, and 1.5 as the power of such sums.
    assert.ok(isNear(lumps, many, 0.25) && isNear(spread, 2 / many, 0.35), JSON.stringify({ spread, lumps }));
    assert.ok(isNear(greatestSkew, 1.5, 0.15), String(greatestSkew));
  });
}

test('where no slot is ever empty, their number limits nothing', () => {
  assert.equal(learn(500, (random) => -Math.log(1 - random.unit())).greatestSkew, 2);
});
