import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { smallSource, smallSpec } from '../../../test/support/small-spec.ts';
import { atOnce, ITEMS_AT_ONCE, type Sliced } from '../../core/slices.ts';
import type { Cell } from '../cells.ts';
import { createMerge, type Merge } from './merge.ts';
import type { Partials } from '../partials/partials.ts';
import { compilePlan } from '../plan.ts';

const SIZE_MS = 10_000;
const PARTITIONS = 3;
const source = smallSource({ partitions: PARTITIONS, event: { allowedLatenessMs: 5_000 } });
const spec = smallSpec({
  sources: [source],
  dimensions: ['segment'],
  windows: [{ name: '10s', sizeMs: SIZE_MS, slideMs: SIZE_MS }],
  rollups: [[]],
  limits: { maxSeries: 10_000, retireAfterMs: 60_000 },
});
const plan = compilePlan(spec);

/** Told of each look at a cell's label: a series is never taken in or written without one. */
function cellOf(segment: number, events: number, offsets: number, seen: () => void): Cell {
  const labels = new Proxy([`s${segment}`], {
    get(target, name) {
      if (name === '0') seen();
      return Reflect.get(target, name);
    },
  });
  return { labels, events, offsets, values: [events] };
}

interface Told {
  readonly partition: number;
  readonly start: number;
  /** Of so many segments, from this one on. */
  readonly from: number;
  readonly count: number;
  readonly final: boolean;
}

/** `turn`: makes values and offsets of later tellings larger. */
function partialsOf(told: readonly Told[], turn: number, seen: () => void): Partials[] {
  return told.map(({ partition, start, from, count, final }) => {
    const cells = Array.from({ length: count }, (_, i) => cellOf(from + i, turn + 1, turn * 1_000 + 1, seen));
    const pane = { start: start * SIZE_MS, cells: [cells, []] };
    return {
      partition: `t/${partition}`,
      live: [pane],
      replayed: [],
      finals: final ? [{ window: 0, ...pane }] : [],
      progress: { watermark: final ? (start + 1) * SIZE_MS : -Infinity, idle: false, offset: 0, epoch: 0, turn },
    };
  });
}

const arbitrary = fc.array(
  fc.array(
    fc.record({
      partition: fc.nat({ max: PARTITIONS - 1 }),
      start: fc.nat({ max: 3 }),
      from: fc.nat({ max: 40 }),
      count: fc.nat({ max: 60 }),
      final: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  { minLength: 1, maxLength: 8 },
);

/** Whoever asks in between is answered, and changes nothing. */
function inPieces<T>(merge: Merge, work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    atOnce(merge.counts());
    merge.progress('t/0');
  }
}

test('rows, their order and the state are the same in slices as in one go', () => {
  fc.assert(
    fc.property(arbitrary, (steps) => {
      const [whole, sliced] = [createMerge(plan, 1), createMerge(plan, 1)];
      for (const [turn, told] of steps.entries()) {
        const provisional = turn % 3 === 2 ? 'later' : true;
        const wanted = atOnce(
          whole.step(
            partialsOf(told, turn, () => {}),
            { provisional },
          ),
        );
        const found = inPieces(
          sliced,
          sliced.step(
            partialsOf(told, turn, () => {}),
            { provisional },
          ),
        );
        assert.deepEqual(found, wanted);
        assert.deepEqual(atOnce(sliced.counts()), atOnce(whole.counts()));
        assert.equal(JSON.stringify(inPieces(sliced, sliced.takingStateChanges())), JSON.stringify(atOnce(whole.takingStateChanges())));
      }
    }),
    { numRuns: 60 },
  );
});

test('however many segments there are, a slice takes in or writes a bounded number of them', () => {
  const merge = createMerge(plan, 1);
  let looks = 0;
  let most = 0;
  const step = (turn: number, start: number, final: boolean): number => {
    const told = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, start, from: 0, count: 3_000, final }));
    const work = merge.step(
      partialsOf(told, turn, () => looks++),
      { provisional: true },
    );
    for (;;) {
      looks = 0;
      const { done, value } = work.next();
      most = Math.max(most, looks);
      if (done) return value.records.length + value.provisional.length;
    }
  };
  assert.deepEqual(
    [step(0, 0, false), step(1, 0, true), step(2, 0, false)],
    // Provisional rows; final ones and the `closed` record; corrections.
    [3_000, 3_001, 3_000],
  );
  assert.ok(most > 0 && most <= 4 * ITEMS_AT_ONCE * PARTITIONS, `${most} looks at cells in one slice`);
});

test('series of open windows are counted in slices too', () => {
  const merge = createMerge(plan, 1);
  const told = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, start: 0, from: 0, count: 3_000, final: false }));
  atOnce(
    merge.step(
      partialsOf(told, 0, () => {}),
      { provisional: true },
    ),
  );
  const work = merge.counts();
  let slices = 1;
  let step = work.next();
  for (; !step.done; step = work.next()) slices++;
  assert.deepEqual(
    Object.values(step.value).map(({ results }) => results),
    [3_000],
  );
  assert.ok(slices > (PARTITIONS * 3_000) / 512, `${slices} slices`);
});

test('a window that closes, and is forgotten with its panes, while series are counted is counted once', () => {
  const merge = createMerge(plan, 1);
  const tell = (turn: number, starts: readonly number[], final: boolean): void => {
    for (const start of starts) {
      const told = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, start, from: 0, count: 1_000, final }));
      atOnce(
        merge.step(
          partialsOf(told, turn, () => {}),
          { provisional: false },
        ),
      );
    }
  };
  const results = (): number => atOnce(merge.counts())['10s']!.results;
  tell(0, [0, 1, 2], false);
  assert.equal(results(), 3_000);
  // A scrape has begun. Between two of its slices all windows become final, and the first ones can change no more.
  const work = merge.counts();
  work.next();
  tell(1, [0, 1, 2], true);
  merge.expire();
  assert.equal(merge.release('t/0', 0), true);
  assert.equal(results(), 3_000);
  assert.equal(atOnce(work)['10s']!.results, 3_000);
});
