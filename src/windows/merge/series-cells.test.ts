import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { smallSource, smallSpec } from '../../../test/support/small-spec.ts';
import { atOnce } from '../../core/slices.ts';
import type { Cell } from '../cells.ts';
import { createMerge, type Merge } from './merge.ts';
import type { Partials } from '../partials/partials.ts';
import { decodePartials, encodePartials } from '../partials/codec.ts';
import { compilePlan } from '../plan.ts';
import { bySeries, cellsOf, createSeriesCells, keysOf, takeWhole } from './series-cells.ts';
import { createSeriesSet } from './series-set.ts';

const SIZE_MS = 10_000;
const PARTITIONS = 3;
const plan = compilePlan(smallSpec({ sources: [smallSource({ partitions: PARTITIONS })], dimensions: ['segment'], rollups: [[]] }));

/** As a record has them. */
function told(partials: Partials): Partials {
  return atOnce(decodePartials(encodePartials({ partials, revision: 1 })[0]!, plan.groupings.length)).partials;
}

const cellOf = (segment: number, turn: number): Cell => ({
  labels: [`s${segment}`],
  events: turn + 1,
  offsets: turn * 1_000 + segment + 1,
  values: plan.columns.map(() => turn + 1),
});

interface Change {
  readonly partition: number;
  readonly start: number;
  readonly from: number;
  readonly count: number;
  /** The window's values at its end: those of the pane, or fewer. */
  readonly ends: 'not' | 'alike' | 'earlier';
}

function partialsOf({ partition, start, from, count, ends }: Change, turn: number): Partials {
  const cells = Array.from({ length: count }, (_, i) => cellOf(from + i, turn));
  const at = start * SIZE_MS;
  const final = ends === 'alike' ? cells : cells.slice(1).map((cell) => ({ ...cell, events: 1, offsets: 1 }));
  return {
    partition: `t/${partition}`,
    live: [{ start: at, cells: [cells, []] }],
    replayed: [],
    finals: ends === 'not' ? [] : [{ window: 0, start: at, cells: [final, []] }],
    progress: { watermark: ends === 'not' ? -Infinity : at + SIZE_MS, idle: false, offset: turn * 1_000, epoch: 0, turn },
  };
}

const steps = fc.array(
  fc.record({
    partition: fc.nat({ max: PARTITIONS - 1 }),
    start: fc.nat({ max: 3 }),
    from: fc.nat({ max: 20 }),
    count: fc.integer({ min: 2, max: 30 }),
    ends: fc.constantFrom('not', 'alike', 'earlier'),
  }),
  { minLength: 1, maxLength: 12 },
);

test('cells told in columns make the rows, counts and state that cells one by one make', () => {
  fc.assert(
    fc.property(steps, fc.nat({ max: 12 }), (changes, restartAt) => {
      let merges: Merge[] = [createMerge(plan, 1, { keepsPanes: true }), createMerge(plan, 1, { keepsPanes: true })];
      const stored = merges.map(() => new Map<string, unknown>());
      for (const [turn, change] of changes.entries()) {
        const partials = partialsOf(change, turn);
        const [one, other] = merges.map((merge, i) =>
          atOnce(merge.step([i === 0 ? partials : told(partials)], { provisional: turn % 2 === 0 ? 'later' : true })),
        );
        assert.deepEqual(other, one);
        for (const [i, merge] of merges.entries()) {
          for (const [key, value] of atOnce(merge.takingStateChanges())) {
            if (value === null) stored[i]!.delete(key);
            else stored[i]!.set(key, value);
          }
        }
        assert.deepEqual([...stored[1]!.keys()], [...stored[0]!.keys()]);
        if (turn === restartAt) {
          merges = merges.map((_, i) => {
            const merge = createMerge(plan, 1, { keepsPanes: true });
            merge.restore([...stored[i]!], []);
            return merge;
          });
        }
        assert.deepEqual(merges[1]!.flush(), merges[0]!.flush());
        assert.deepEqual(atOnce(merges[1]!.counts()), atOnce(merges[0]!.counts()));
      }
    }),
    { numRuns: 150 },
  );
});

test('cells are as they were told until one of them is looked up, and the same then', () => {
  const [pane] = told(partialsOf({ partition: 0, start: 0, from: 0, count: 3, ends: 'not' }, 1)).live;
  const [list] = pane!.cells;
  const cells = createSeriesCells();
  assert.ok(takeWhole(cells, list!));
  assert.equal(cellsOf(cells), list);
  assert.deepEqual([...keysOf(cells)], ['["s0"]', '["s1"]', '["s2"]']);
  const before = [...cellsOf(cells)];
  bySeries(cells).get('["s1"]');
  assert.deepEqual([...cellsOf(cells)], before);
  assert.deepEqual([...keysOf(cells)], ['["s0"]', '["s1"]', '["s2"]']);
  // There is something already.
  assert.ok(!takeWhole(cells, list!));
});

test('series that changed several times are there once, and none after it was cleared', () => {
  const series = createSeriesSet();
  series.add(['a', 'b']);
  series.add(new Set(['b', 'c']));
  assert.deepEqual([...atOnce(series.all())], ['a', 'b', 'c']);
  series.add(['a', 'd']);
  assert.deepEqual([...atOnce(series.all())], ['a', 'b', 'c', 'd']);
  series.clear();
  assert.deepEqual([...atOnce(series.all())], []);
});
