import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../core/slices.ts';
import type { Cell } from '../cells.ts';
import { twinsOf } from './twins.ts';

test('of a window nearly all of whose segments did not change in this tick, however many they are, those are told as its own', () => {
  const cells = Array.from({ length: 130_000 }, (_, i): Cell => ({ labels: [String(i)], events: 1, offsets: 1, values: [] }));
  const [first, second] = cells as [Cell, Cell];
  const live = [{ start: 0, cells: [[first, { ...second, events: 2 }]] }];
  const { both, live: panes, finals } = atOnce(twinsOf(live, [{ window: 0, start: 0, cells: [cells] }]));
  assert.deepEqual(both, [{ window: 0, start: 0, cells: [[first]] }]);
  assert.deepEqual(panes, [{ start: 0, cells: [[{ ...second, events: 2 }]] }]);
  // The live value of the second one is a later one.
  assert.equal(finals[0]?.cells[0]?.length, 129_999);
});
