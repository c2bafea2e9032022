import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSpec } from '../../test/support/small-spec.ts';
import type { Contribution } from './decode/columns.ts';
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
  const columns = { times: Float64Array.from(x, (_, i) => i * 100), contributions };
  const add = ({ panes }: ReturnType<typeof stores>, from: number, to: number): void => {
    const records = Int32Array.from({ length: to - from }, (_, k) => from + k);
    panes.add(columns, { records, size: to - from }, [records.map((i) => i % 90)], 0);
  };
  // However they are cut.
  for (let i = 0; i < 300; i++) add(whole, i, i + 1);
  add(first, 0, 150);
  const second = stores();
  for (let code = 0; code < 90; code++) second.series.intern(0, [`a${code}`]);
  for (const start of first.panes.starts()) for (const cell of first.panes.cells(start, 0)) second.panes.restore(start, 0, cell);
  add(second, 150, 300);
  assert.deepEqual(whole.panes.starts(), [0, 5_000, 10_000, 15_000, 20_000, 25_000]);
  for (const start of whole.panes.starts()) assert.deepEqual(second.panes.cells(start, 0), whole.panes.cells(start, 0));
});

test('a change is told once, with the absolute value of the series that changed and of no other', () => {
  const { series, panes } = stores();
  for (const label of ['a', 'b']) series.intern(0, [label]);
  const columns = { times: Float64Array.of(0, 1, 2), contributions: [columnOf([1, 2, 4], 0)] };
  const add = (records: number[], codes: number[], firstOffset: number): void =>
    panes.add(columns, { records: Int32Array.from(records), size: records.length }, [Int32Array.from(codes)], firstOffset);
  const events = () =>
    panes.takeChanged().map(({ start, cells }) => [start, Array.from(cells[0]!, ({ labels, values }) => [labels[0], values[0]])]);
  add([0, 1], [0, 1], 0);
  assert.deepEqual(events(), [
    [
      0,
      [
        ['a', 1],
        ['b', 2],
      ],
    ],
  ]);
  add([2], [1], 0);
  assert.deepEqual(events(), [[0, [['b', 6]]]]);
  assert.deepEqual(events(), []);
  panes.drop(0);
  add([0], [0], 3);
  assert.deepEqual(events(), [[0, [['a', 1]]]], 'a dropped pane holds nothing of before');
});

test('panes stand in the order of their starts, whatever came first, and without those that were dropped', () => {
  const { series, panes } = stores();
  series.intern(0, ['a']);
  const starts = [10_000, 0, 25_000, 5_000, 15_000];
  const cell = { labels: ['a'], events: 1, offsets: 1, values: plan.columns.map(() => undefined) };
  for (const start of starts) panes.restore(start, 0, cell);
  for (const start of [10_000, 10_000, 20_000]) panes.drop(start);
  assert.deepEqual(panes.starts(), [0, 5_000, 15_000, 25_000]);
  assert.deepEqual(
    panes.takeChanged().map(({ start }) => start),
    [0, 5_000, 15_000, 25_000],
  );
});
