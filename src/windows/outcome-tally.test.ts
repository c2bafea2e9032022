import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { LAST_INSTANT_MS } from '../core/instant.ts';
import { INVALID } from '../core/outcome.ts';
import { createOutcomeTally } from './outcome-tally.ts';
import { createPaneStore } from './panes.ts';
import { compilePlan } from './plan.ts';
import { createSeriesTable } from './series.ts';

test('a record counts at its append time, and at the newest event where that is later or the append time is none', () => {
  const plan = compilePlan(smallSpec({ measures: [{ name: 'dead', kind: 'count', source: '', where: [], outcomes: ['invalid'] }] }));
  const series = createSeriesTable(plan, { labelValues: [], generation: 0 });
  const panes = createPaneStore(plan, series);
  const tally = createOutcomeTally(plan, smallSource(), { panes, series })!;
  const counted = (): [start: number, value: unknown][] => panes.starts().map((start) => [start, panes.cells(start, 0)[0]!.values[0]]);

  // Before the first event, by event time, and of a producer whose times are in nanoseconds.
  for (const appendTime of [Infinity, LAST_INSTANT_MS]) tally.count(INVALID, -Infinity, appendTime, 0);
  assert.deepEqual(counted(), []);
  for (const [i, appendTime] of [61_000, 12_000, Infinity, LAST_INSTANT_MS].entries()) tally.count(INVALID, 25_000, appendTime, i);
  assert.deepEqual(counted(), [
    [20_000, 3],
    [60_000, 1],
  ]);
});
