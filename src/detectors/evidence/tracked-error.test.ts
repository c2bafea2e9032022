import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { emptyState } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { createPool, createShrinkage, errorAt, renewShrinkage, trackError } from './tracked-error.ts';

const settings = { windowMs: 60_000, hasExposure: true, habits: false, falseAlarmsPerDay: 1, tests: 2, drop: 0.5, rise: 2 };
const model = createModel({ ...settings, profile: profileOf('events', true) });

/** Error of one minute, and what the pool makes of it, after a day of minutes of this variance. */
function afterDay(variance: number): { own: number; pooled: number } {
  const pool = createPool(model);
  const shrinkage = createShrinkage(model);
  renewShrinkage(shrinkage, pool, model);
  const { numbers } = emptyState(model.layout);
  const random = createRandom(3, 1);
  for (let minute = 0; minute < 1_440; minute++) {
    const q = Math.max(0, 1 + random.normal() * Math.sqrt(variance));
    trackError(numbers, model, 0, q, 0.001, errorAt(numbers, model, shrinkage, 0), shrinkage, createPool(model));
  }
  return { own: errorAt(numbers, model, shrinkage, 0), pooled: shrinkage.error[0]! };
}

test('a series that is far rougher than the others is believed to be, one that is calmer only in part', () => {
  const rough = afterDay(0.15);
  assert.ok(rough.own > 0.07 && rough.own < 0.17, `${rough.own}`);
  const calm = afterDay(0.002);
  assert.ok(calm.own > 0.001 && calm.own < calm.pooled, `${calm.own}`);
});
