import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { flatRow, measuresOf, mergeRows, mergeStates } from './row-merge.ts';
import { rowVersion } from './row-version.ts';
import type { WindowRow } from './row.ts';
import { createDdsketch } from './sketches/ddsketch.ts';
import { createHll } from './sketches/hll.ts';
import type { MeasureSpec } from './spec.ts';
import { rowAt } from '../../test/support/window-row.ts';

const of = { source: 'events', where: [] } as const;
const measures: readonly MeasureSpec[] = [
  { name: 'clicks', kind: 'count', ...of },
  { name: 'views', kind: 'count', ...of },
  { name: 'revenue', kind: 'sum', field: 'revenue', ...of },
  { name: 'least', kind: 'min', field: 'revenue', ...of },
  { name: 'most', kind: 'max', field: 'revenue', ...of },
  { name: 'mean', kind: 'average', field: 'revenue', ...of },
  { name: 'ctr', kind: 'ratio', numerator: 'clicks', denominator: 'views', scale: 100 },
];

function row(part: Partial<WindowRow>): WindowRow {
  const state = part.state ?? { clicks: 1, views: 4, revenue: 2, least: 0.5, most: 1.5, 'mean.sum': 2, 'mean.count': 2 };
  const plain = { labels: { country: 'KR' }, events: 5, version: '100', partitions: ['t/0'] };
  return rowAt(Date.UTC(2026, 2, 2, 10), { ...plain, ...part, state, measures: measuresOf(state, measures) });
}

test('the highest version of an origin counts, compared as a number and beyond 2^53', () => {
  const rows = [
    row({ version: '9', events: 1 }),
    row({ version: '18446744073709551615', events: 3 }),
    row({ version: '18446744073709551614', events: 2 }),
  ];
  for (const order of [rows, rows.toReversed()]) {
    const merged = mergeRows(order, measures);
    assert.deepEqual(
      merged.map(({ events, version }) => [events, version]),
      [[3, '18446744073709551615']],
    );
  }
});

test('origins that the main row does not name are added, and divided only then', () => {
  const state = { clicks: 2, views: 2, revenue: 0.25, least: 0.25, most: 0.25, 'mean.sum': 0.25, 'mean.count': 1 };
  const rows = [
    row({}),
    row({ origin: 't/0', events: 99, partitions: [] }),
    row({ origin: 't/1', state, events: 3, corrections: 3, partitions: [] }),
    row({ origin: 'replay', state, events: 3, replayed: 3, partitions: [], version: '120' }),
  ];
  const [merged, ...rest] = mergeRows(rows, measures);
  assert.deepEqual(rest, []);
  assert.deepEqual(merged?.measures, { clicks: 5, views: 8, revenue: 2.5, least: 0.25, most: 1.5, mean: 0.625, ctr: 62.5 });
  assert.deepEqual(merged?.state, { clicks: 5, views: 8, revenue: 2.5, least: 0.25, most: 1.5, 'mean.sum': 2.5, 'mean.count': 4 });
  assert.ok(merged);
  const { events, replayed, corrections, final, version, origin, partitions } = merged;
  assert.deepEqual(
    { events, replayed, corrections, final, version, origin },
    { events: 11, replayed: 3, corrections: 3, final: true, version: '120', origin: '' },
  );
  assert.deepEqual(partitions, ['t/0', 't/1']);
});

test('the newest main row says which origins are in it, not an older one', () => {
  const rows = [
    row({ version: '1', partitions: ['t/0'] }),
    row({ version: '2', partitions: ['t/0', 't/1'], events: 8 }),
    row({ origin: 't/1', events: 3 }),
  ];
  assert.deepEqual(
    mergeRows(rows, measures).map(({ events }) => events),
    [8],
  );
});

test('a window without a main row is the sum of its origins', () => {
  const rows = [row({ origin: 't/1', events: 2, final: false }), row({ origin: 'replay', events: 3, partitions: [] })];
  assert.deepEqual(
    mergeRows(rows, measures).map(({ events, final, origin }) => [events, final, origin]),
    [[5, false, '']],
  );
});

test('windows, starts, labels and pipelines stay apart, in an order that does not hang on the order of reading', () => {
  const rows = [
    row({ labels: { country: 'US' } }),
    row({ labels: {} }),
    row({ window: '5m', window_end: '2026-03-02T10:05:00.000Z' }),
    row({ window_start: '2026-03-02T09:59:00.000Z', window_end: '2026-03-02T10:00:00.000Z' }),
    row({ pipeline: 'q' }),
    row({}),
  ];
  const merged = mergeRows(rows, measures);
  assert.equal(merged.length, rows.length);
  assert.deepEqual(mergeRows(rows.toReversed(), measures), merged);
  assert.equal(merged[0]?.window_start, '2026-03-02T09:59:00.000Z');
  assert.equal(merged.at(-1)?.window, '5m');
});

test('measures of nothing are undefined where they must be, and 0 where they count', () => {
  assert.deepEqual(measuresOf({}, measures), { clicks: 0, views: 0, revenue: 0, least: null, most: null, mean: null, ctr: null });
  const scaled: readonly MeasureSpec[] = [
    ...measures.slice(0, 2),
    { name: 'r', kind: 'ratio', numerator: 'clicks', denominator: 'views', scale: 100 },
  ];
  assert.equal(measuresOf({ clicks: 7, views: 3 }, scaled)['r'], (100 * 7) / 3);
});

test('merging states is commutative, and whole numbers add in any grouping', () => {
  const count = fc.nat(1_000_000);
  const least = fc.option(fc.integer(), { nil: undefined });
  const states = fc
    .record({ clicks: count, revenue: fc.integer(), least })
    .map(({ least: low, ...rest }) => (low === undefined ? rest : { ...rest, least: low }));
  fc.assert(
    fc.property(states, states, states, (a, b, c) => {
      assert.deepEqual(mergeStates(a, b, measures), mergeStates(b, a, measures));
      const left = mergeStates(mergeStates(a, b, measures), c, measures);
      assert.deepEqual(left, mergeStates(a, mergeStates(b, c, measures), measures));
      const lows = [a, b, c].map((state) => ('least' in state ? Number(state.least) : Infinity));
      assert.equal(left['least'], Math.min(...lows) === Infinity ? undefined : Math.min(...lows));
    }),
    { numRuns: 200 },
  );
});

test('sketches merge as if one had seen everything; of nothing there are 0 values and no quantile', () => {
  const sketched: readonly MeasureSpec[] = [
    { name: 'users', kind: 'distinct', field: 'user', ...of },
    { name: 'median', kind: 'quantile', field: 'latency', q: 0.5, ...of },
  ];
  const base64 = (sketch: { toBytes(): Uint8Array }) => Buffer.from(sketch.toBytes()).toString('base64');
  const stateOf = (values: readonly number[]) => {
    const [users, median] = [createHll(), createDdsketch()];
    for (const value of values) {
      users.add(Math.imul(value, 0x9e3779b1) >>> 0, Math.imul(value, 0x85ebca6b) >>> 0);
      median.add(value);
    }
    return { users: base64(users), median: base64(median) };
  };
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
  const merged = mergeStates(stateOf(range(1, 31)), stateOf(range(21, 52)), sketched);
  assert.deepEqual(merged, stateOf([...range(1, 31), ...range(21, 52)]));
  const { users, median } = measuresOf(merged, sketched);
  assert.equal(users, 51);
  assert.ok(Math.abs((median ?? 0) - 25) <= 1, `${median}`);
  assert.deepEqual(measuresOf(stateOf([]), sketched), { users: 0, median: null });
  assert.deepEqual(measuresOf({}, sketched), { users: 0, median: null });
  assert.deepEqual(mergeStates(merged, {}, sketched), merged);
});

test('a flat row has its dimensions and measures by name; a roll-up lacks what it sums over', () => {
  const flat = flatRow(row({}));
  const expected = [
    'window_start',
    'window_end',
    'window',
    'country',
    ...measures.map(({ name }) => name),
    'final',
    'corrections',
    'version',
  ];
  assert.deepEqual(Object.keys(flat), expected);
  assert.deepEqual([flat['country'], flat['ctr'], flat['version']], ['KR', 25, '100']);
  assert.equal('country' in flatRow(row({ labels: {} })), false);
});

test('a window computed anew is the rows of its newest revision; windows that were not keep theirs', () => {
  const before = '2026-03-02T09:59:00.000Z';
  const rows = [
    row({ labels: { country: 'KR' }, version: rowVersion(1, 'final', 900), window_start: before }),
    row({ labels: { country: 'KR' }, version: rowVersion(1, 'final', 900) }),
    row({ labels: { country: 'KR' }, version: rowVersion(1, 'final', 901), origin: 'replay', partitions: [] }),
    row({ labels: { device: 'ios' }, version: rowVersion(2, 'provisional', 5) }),
  ];
  assert.deepEqual(
    mergeRows(rows, measures).map(({ window_start: start, labels }) => [start, labels]),
    [
      [before, { country: 'KR' }],
      ['2026-03-02T10:00:00.000Z', { device: 'ios' }],
    ],
  );
});
