import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ITEMS_AT_ONCE } from '../core/slices.ts';
import type { DetectorContext, SeriesInput } from './detector.ts';
import { evidenceConfig } from './evidence/config.ts';
import { evidence } from './evidence/evidence.ts';

const MINUTE = 60_000;
const SERIES = 1_000;
const context: DetectorContext = {
  measure: { kind: 'count', name: 'impressions', source: 'events', where: [] },
  window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
  adds: 'events',
  budget: { falseAlarmsPerDay: 1, tests: 2 },
  groupings: [['ad'], []],
};

test('however many series a window has, a slice of a detector judges a bounded number of them', () => {
  const detector = evidence.create(evidenceConfig.parse({ down: '50%' }), context);
  const inputs = Array.from({ length: SERIES }, (_, i): SeriesInput<unknown> => {
    const parts = { amount: 10, exposure: 1 };
    const observation = { startMs: 0, endMs: MINUTE, labels: { ad: `a${i}` }, value: 10, volume: 10, parts, absent: false };
    return { state: undefined, observation };
  });
  const work = detector.observing!(inputs, undefined);
  let slices = 1;
  let step = work.next();
  for (; !step.done; step = work.next()) slices++;
  assert.equal(step.value.steps.length, SERIES);
  // It goes over them several times.
  assert.ok(slices > (3 * SERIES) / ITEMS_AT_ONCE, `${slices} slices`);
});
