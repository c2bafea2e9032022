import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { labelsKey, type Labels } from '../../core/labels.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { OpenRow, StateName } from './monitor-state.ts';
import { createOpenRows } from './open-rows.ts';
import { rowReader } from './row-values.ts';
import { rowAt } from '../../../test/support/window-row.ts';

const measures: MeasureSpec[] = [
  { kind: 'count', name: 'views', source: 'events', where: [] },
  { kind: 'count', name: 'clicks', source: 'events', where: [] },
  { kind: 'average', name: 'price', source: 'events', where: [], field: 'price' },
  { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'views', scale: 100 },
];
const MINUTE = 60_000;

function rowOf(minute: number, labels: Labels, values: readonly (number | null)[]): WindowRow {
  const [views = null, clicks = null, price = null] = values;
  const known = { views, clicks, price, ctr: views ? ((clicks ?? 0) / views) * 100 : null };
  return rowAt(minute * MINUTE, { labels, measures: known, events: 7 });
}

const value = fc.option(fc.nat(9), { nil: null });
const labelsArbitrary = fc.oneof(
  fc.constant<Labels>({}),
  fc.record({ country: fc.constantFrom('KR', 'US', 'DE') }),
  fc.record({ country: fc.constantFrom('KR', 'US'), format: fc.constantFrom('a', 'b') }),
);

test('rows are found by their labels, in whatever order the series of each window come; the first one counts', () => {
  const full = { covers: (labels: Labels) => Object.keys(labels).length > 0, measure: measures[0]! };
  fc.assert(
    fc.property(fc.array(fc.array(fc.tuple(labelsArbitrary, value), { maxLength: 6 }), { maxLength: 6 }), (windows) => {
      const open = createOpenRows(measures, new Map([['1m', [full]]]), { set: () => {} });
      windows.forEach((rows, minute) => {
        const wanted = new Map<string, number | null>();
        for (const [labels, views] of rows) {
          open.keep(rowOf(minute, { ...labels }, [views]), () => false);
          const key = labelsKey(labels);
          if (Object.keys(labels).length > 0 && !wanted.has(key)) wanted.set(key, views);
        }
        const held = open.of('1m', minute * MINUTE);
        assert.deepEqual(
          [...held].map(([key, row]) => [key, (row as WindowRow).measures['views']]),
          [...wanted],
        );
        if (minute % 2 === 0) open.letGo('1m', minute * MINUTE);
        assert.equal(open.of('1m', minute * MINUTE).size, minute % 2 === 0 ? 0 : wanted.size);
      });
    }),
  );
});

test('a row that was written is read as it was, and is deleted with its window', () => {
  const watching = measures.map((measure) => ({ covers: () => true, measure }));
  fc.assert(
    fc.property(value, value, value, (views, clicks, price) => {
      const book = new Map<string, unknown>();
      const set = (name: StateName, stored: unknown): void => void book.set(JSON.stringify(name), stored);
      const open = createOpenRows(measures, new Map([['1m', watching]]), { set });
      const row = rowOf(0, { country: 'KR' }, [views, clicks, price]);
      open.keep(row, () => false);
      open.write();
      const [stored] = [...book.values()].map((one) => JSON.parse(JSON.stringify(one)) as OpenRow);
      for (const measure of measures) {
        const read = rowReader(measure, measures);
        assert.deepEqual(read(stored!, row.labels, 0, MINUTE), read(row, row.labels, 0, MINUTE));
      }
      open.letGo('1m', 0);
      assert.deepEqual([...book.values()], [undefined]);
    }),
  );
});
