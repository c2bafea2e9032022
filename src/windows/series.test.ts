import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { smallSpec } from '../../test/support/small-spec.ts';
import { compilePlan } from './plan.ts';
import { createSeriesTable, type SeriesTable } from './series.ts';

const spec = smallSpec({
  dimensions: ['a', 'b', 'c'],
  measures: [],
  rollups: [['a', 'c'], ['b'], []],
  limits: { maxSeries: 1_000_000 },
});
const plan = compilePlan(spec);

/** Each dimension has so many values that the array of codes grows, and at last gives way to the map. */
const VALUES = 3_000;
const dictionaries = ['a', 'b', 'c'].map((name) => Array.from({ length: VALUES }, (_, i) => `${name}${i}`));
const value = fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: 40 }), fc.nat({ max: VALUES - 1 }));

test('a code stands for one set of labels, in small dictionaries and in large ones, whatever came between', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 200 }), (records) => {
      const table = createSeriesTable(plan, { labelValues: dictionaries, generation: 0 });
      const codes = [0, 1, 2].map((d) => Int32Array.from(records, (record) => record[d]!));
      const into = plan.groupings.map(() => new Int32Array(records.length));
      const all = { records: Int32Array.from(records, (_, i) => i), size: records.length };
      // Twice: first they are made, then they are found.
      for (let round = 0; round < 2; round++) {
        table.resolve(codes, all, into, () => assert.fail('there is no limit'));
        records.forEach((record, i) => {
          plan.groupings.forEach((dimensions, g) => {
            assert.deepEqual(
              table.labels[g]![into[g]![i]!],
              dimensions.map((d) => dictionaries[d]![record[d]!]),
            );
          });
        });
      }
      assert.equal(table.labels[0]!.length, new Set(records.map((record) => record.join())).size);
    }),
    { numRuns: 60 },
  );
});

/** As a snapshot does. */
function putBack(from: SeriesTable, to: SeriesTable): void {
  for (const { quarter, segments } of from.takeCame())
    for (const segment of segments) to.restorePlace(quarter, JSON.parse(segment) as string[]);
}

test('beyond the limit events count under other, also after a restart, and series taken in before stay', () => {
  const limited = compilePlan({ ...spec, limits: { ...spec.limits, maxSeries: 2 } });
  const codes = [Int32Array.of(0, 1, 2, 0, 3), Int32Array.of(0, 1, 2, 0, 3), Int32Array.of(0, 1, 2, 0, 3)];
  const overflowed: number[] = [];
  const told = (table: ReturnType<typeof createSeriesTable>): string[] => {
    const into = limited.groupings.map(() => new Int32Array(5));
    overflowed.length = 0;
    table.resolve(codes, { records: Int32Array.of(0, 1, 2, 3, 4), size: 5 }, into, (k) => overflowed.push(k));
    return [0, 1, 2, 3, 4].map((i) => `${table.labels[0]![into[0]![i]!]!.join('')} ${table.labels[2]![into[2]![i]!]!.join('')}`);
  };
  const wanted = ['a0b0c0 b0', 'a1b1c1 b1', 'otherotherother b2', 'a0b0c0 b0', 'otherotherother b3'];
  const table = createSeriesTable(limited, { labelValues: dictionaries, generation: 0 });
  assert.deepEqual(told(table), wanted);
  assert.deepEqual(overflowed, [2, 4]);
  const restored = createSeriesTable(limited, { labelValues: dictionaries, generation: 0 });
  putBack(table, restored);
  assert.deepEqual(told(restored), wanted);
  assert.deepEqual(overflowed, [2, 4]);
});

test('a segment that is named other itself is not beyond the limit, with and without a restart', () => {
  const limited = compilePlan({ ...spec, dimensions: ['country'], rollups: [], limits: { ...spec.limits, maxSeries: 1 } });
  const decoder = { labelValues: [['KR', 'US', 'other']], generation: 0 };
  const overflowed = (table: ReturnType<typeof createSeriesTable>, codes: readonly number[]): number[] => {
    const found: number[] = [];
    const into = new Int32Array(codes.length);
    const all = { records: Int32Array.from(codes, (_, i) => i), size: codes.length };
    table.resolve([Int32Array.from(codes)], all, [into], (k) => found.push(k));
    assert.deepEqual([...into], [0, 1, 1, 1, 1, 0].slice(-codes.length));
    return found;
  };
  const table = createSeriesTable(limited, decoder);
  assert.deepEqual(overflowed(table, [0, 1, 2, 2, 1, 0]), [1, 4]);
  const restored = createSeriesTable(limited, decoder);
  putBack(table, restored);
  assert.deepEqual(overflowed(restored, [2, 2, 1, 0]), [2]);
  assert.deepEqual(overflowed(table, [2, 2, 1, 0]), [2]);
});

test('a segment that has not come for a day gives its place back; its code goes to another when no pane holds it, roll-ups likewise', () => {
  const limited = compilePlan({ ...spec, rollups: [['b'], []], limits: { ...spec.limits, maxSeries: 2 } });
  const table = createSeriesTable(limited, { labelValues: dictionaries, generation: 0 });
  const none = (_: number, codes: number): Uint8Array => new Uint8Array(codes);
  let beyond = 0;
  const told = (...segments: number[]): string[] => {
    const codes = Int32Array.from(segments);
    const into = limited.groupings.map(() => new Int32Array(codes.length));
    beyond = 0;
    table.resolve([codes, codes, codes], { records: codes.map((_, i) => i), size: codes.length }, into, () => beyond++);
    return segments.map((_, i) => into.map((found, g) => table.labels[g]![found[i]!]!.join('')).join(' '));
  };
  const others = (...segments: number[]): string[] => segments.map((i) => `otherotherother b${i} `);
  const named = (...segments: number[]): string[] => segments.map((i) => `a${i}b${i}c${i} b${i} `);
  table.enter(0, none);
  assert.deepEqual(told(0, 1, 2), [...named(0, 1), ...others(2)]);
  table.enter(2, none);
  assert.deepEqual(told(1), named(1));
  table.enter(4, none);
  assert.deepEqual(told(2, 3), others(2, 3), 'not for a day, but nearly');
  table.enter(5, (_, codes) => new Uint8Array(codes).fill(1));
  assert.deepEqual(told(3, 2, 1), [...named(3), ...others(2), ...named(1)]);
  assert.equal(beyond, 1);
  assert.deepEqual(
    table.labels.map((labels) => labels.length),
    [4, 3, 1],
    'what panes hold keeps its code',
  );
  for (let day = 2; day < 30; day++) {
    table.enter(10 * day, none);
    assert.deepEqual(told(10 * day, 10 * day + 1, 10 * day), named(10 * day, 10 * day + 1, 10 * day));
  }
  assert.deepEqual(
    table.labels.map((labels) => labels.length),
    [4, 3, 1],
    'as many codes as are needed at a time',
  );
  assert.deepEqual(
    table.takeCame().map(({ quarter }) => quarter),
    [290],
  );
});

test('with any number of dimensions different label sets are different series', () => {
  for (const count of [1, 7, 8, 11, 16]) {
    const dimensions = Array.from({ length: count }, (_, d) => `d${d}`);
    const wide = compilePlan({ ...spec, dimensions, rollups: [] });
    const labelValues = dimensions.map(() => Array.from({ length: 20 }, (_, v) => `v${v}`));
    const table = createSeriesTable(wide, { labelValues, generation: 0 });
    const codes = dimensions.map((_, d) =>
      Int32Array.from({ length: 200 }, (_unused, i) => (d === 0 ? i % 20 : d === count - 1 ? (i / 20) | 0 : i % 7)),
    );
    const into = wide.groupings.map(() => new Int32Array(200));
    for (let round = 0; round < 2; round++) {
      table.resolve(codes, { records: Int32Array.from({ length: 200 }, (_, i) => i), size: 200 }, into, () =>
        assert.fail('there is no limit'),
      );
      for (let i = 0; i < 200; i++) {
        assert.deepEqual(
          table.labels[0]![into[0]![i]!],
          dimensions.map((_, d) => `v${codes[d]![i]!}`),
        );
      }
    }
  }
});

test('codes of a new generation are looked up anew', () => {
  const decoder = { labelValues: [['KR', 'US']], generation: 0 };
  const table = createSeriesTable(compilePlan({ ...spec, dimensions: ['country'], rollups: [] }), decoder);
  const into = Int32Array.of(0);
  const named = (code: number): string => {
    table.resolve([Int32Array.of(code)], { records: Int32Array.of(0), size: 1 }, [into], () => assert.fail('there is no limit'));
    return table.labels[0]![into[0]!]!.join('');
  };
  assert.deepEqual([named(0), named(1)], ['KR', 'US']);
  decoder.labelValues[0] = ['US', 'JP'];
  decoder.generation++;
  assert.deepEqual([named(0), named(1)], ['US', 'JP']);
  assert.equal(table.labels[0]!.length, 3);
});
