import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSpec } from '../../../test/support/small-spec.ts';
import { atOnce } from '../../core/slices.ts';
import type { Cell } from '../cells.ts';
import { createLivePanes } from './live-panes.ts';
import { compilePlan } from '../plan.ts';

const plan = compilePlan(smallSpec({}));

test('what was put in stays as it was told, whatever is told after it', () => {
  const panes = createLivePanes(plan);
  const cellOf = (events: number): Cell => ({ labels: [], events, offsets: events, values: plan.columns.map(() => events) });
  const told = [cellOf(1), cellOf(2), cellOf(3)];
  for (const cell of told) atOnce(panes.put('t/0', { start: 0, cells: plan.groupings.map(() => [cell]) }));
  assert.ok(plan.columns.length > 0);
  assert.deepEqual(told, [cellOf(1), cellOf(2), cellOf(3)]);
  const { labels, events, offsets, values } = panes.cell('t/0', 0, plan.paneMs, 0, '[]')!;
  assert.deepEqual({ labels, events, offsets, values }, cellOf(3));
});
