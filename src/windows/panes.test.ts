import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSpec } from '../../test/support/small-spec.ts';
import type { Contribution } from './columns.ts';
import { createPaneStore } from './panes.ts';
import { compilePlan } from './plan.ts';
import { createSeriesTable } from './series.ts';

const plan = compilePlan(
  smallSpec({
    dimensions: ['a'],
    measures: [
      { name: 'sum', kind: 'sum', source: 'events', where: [], field: 'x' },
      { name: 'least', kind: 'min', source: 'events', where: [], field: 'x' },
      { name: 'users', kind: 'distinct', source: 'events', where: [], field: 'u' },
      { name: 'p90', kind: 'quantile', source: 'events', where: [], field: 'x', q: 0.9 },
    ],
    windows: [{ name: '25s/10s', sizeMs: 25_000, slideMs: 10_000 }],
    limits: { maxSeries: 1_000 },
  }),
);

const columnOf = (values: number[], column: number, hashed = false): Contribution => ({
  column,
  values: Float64Array.from(values),
  hashes: hashed ? { low: Uint32Array.from(values, (x) => x * 2_654_435_761), high: Uint32Array.from(values) } : undefined,
});

function stores() {
  const series = createSeriesTable(plan, { labelValues: [[]], generation: 0 });
  return { series, panes: createPaneStore(plan, series) };
}

test('a store put back from its cells goes on as if nothing had happened: sums, minima and sketches alike', () => {
  const x = Array.from({ length: 300 }, (_, i) => (i * 37) % 101);
  const contributions = [columnOf(x, 0), columnOf(x, 1), columnOf(x, 2, true), columnOf(x, 3)];
  const whole = stores();
  const first = stores();
  // More series than a pane has room for at first.
  for (const { series } of [whole, first]) for (let code = 0; code < 90; code++) series.intern(0, [`a${code}`]);
  const add = ({ panes }: ReturnType<typeof stores>, i: number): void => panes.add(i * 100, Int32Array.of(i % 90), contributions, i, i);
  for (let i = 0; i < 300; i++) add(whole, i);
  for (let i = 0; i < 150; i++) add(first, i);
  const second = stores();
  for (let code = 0; code < 90; code++) second.series.intern(0, [`a${code}`]);
  for (const start of first.panes.starts()) for (const cell of first.panes.cells(start, 0)) second.panes.restore(start, 0, cell);
  for (let i = 150; i < 300; i++) add(second, i);
  assert.deepEqual(whole.panes.starts(), [0, 5_000, 10_000, 15_000, 20_000, 25_000]);
  for (const start of whole.panes.starts()) assert.deepEqual(second.panes.cells(start, 0), whole.panes.cells(start, 0));
});

test('a change is told once, with the absolute value of the series that changed and of no other', () => {
  const { series, panes } = stores();
  for (const label of ['a', 'b']) series.intern(0, [label]);
  const contributions = [columnOf([1, 2, 4], 0)];
  const events = () =>
    panes.takeChanged().map(({ start, cells }) => [start, cells[0]!.map(({ labels, values }) => [labels[0], values[0]])]);
  panes.add(0, Int32Array.of(0), contributions, 0, 0);
  panes.add(1, Int32Array.of(1), contributions, 1, 1);
  assert.deepEqual(events(), [
    [
      0,
      [
        ['a', 1],
        ['b', 2],
      ],
    ],
  ]);
  panes.add(2, Int32Array.of(1), contributions, 2, 2);
  assert.deepEqual(events(), [[0, [['b', 6]]]]);
  assert.deepEqual(events(), []);
  panes.drop(0);
  panes.add(3, Int32Array.of(0), contributions, 0, 3);
  assert.deepEqual(events(), [[0, [['a', 1]]]], 'a dropped pane holds nothing of before');
});
