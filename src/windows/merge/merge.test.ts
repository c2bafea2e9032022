import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSource, smallSpec } from '../../../test/support/small-spec.ts';
import { atOnce } from '../../core/slices.ts';
import type { Cell } from '../cells.ts';
import { createMerge, type Merge } from './merge.ts';
import type { Partials } from '../partials/partials.ts';
import { compilePlan } from '../plan.ts';
import { mergeRows } from '../row-merge.ts';
import type { WindowRecord, WindowRow } from '../row.ts';

const SECOND = 1_000;
/** Windows of 10 s, 5 s of allowed lateness; a minute later a window no longer waits. */
const source = smallSource({ partitions: 3, event: { allowedLatenessMs: 5 * SECOND } });
const spec = smallSpec({ sources: [source], limits: { retireAfterMs: 60 * SECOND } });
const plan = compilePlan(spec);

/** Cells of the only series: its events so far, and 1 + the offset of the last of them. */
type Count = readonly [startSecond: number, events: number, offsets: number];
const cell = ([, events, offsets]: Count): Cell => ({ labels: [], events, offsets, values: [events] });

interface Step {
  readonly watermark: number;
  readonly idle?: boolean;
  readonly live?: readonly Count[];
  readonly finals?: readonly Count[];
  readonly replayed?: readonly Count[];
}

/** Of `t/<partition>`; seconds. */
function partials(partition: number, { watermark, idle = false, live = [], finals = [], replayed = [] }: Step): Partials {
  const panes = (counts: readonly Count[]) => counts.map((count) => ({ start: count[0] * SECOND, cells: [[cell(count)]] }));
  return {
    partition: `t/${partition}`,
    live: panes(live),
    replayed: panes(replayed),
    finals: finals.map((count) => ({ window: 0, start: count[0] * SECOND, cells: [[cell(count)]] })),
    progress: { watermark: watermark * SECOND, idle, offset: Math.max(0, ...live.map(([, , offsets]) => offsets)), epoch: 0, turn: 0 },
  };
}

const told = (records: readonly WindowRecord[]): string[] =>
  records.map((record) => {
    const second = Date.parse(record.window_start) / SECOND;
    if (record.kind === 'closed') return `${second} closed`;
    const { origin, events, corrections, idle } = record;
    return `${second} ${origin}:${events} corrected ${corrections}${idle.length > 0 ? ` idle ${idle.join()}` : ''}`;
  });

function stepAll(merge: Merge, steps: readonly Step[]): WindowRecord[] {
  const brought = steps.map((step, partition) => partials(partition, step));
  return atOnce(merge.step(brought, { provisional: false })).records;
}

const rowsOf = (records: readonly WindowRecord[]): WindowRow[] => records.filter((record) => record.kind === 'row');
const total = (records: readonly WindowRecord[]): number =>
  mergeRows(rowsOf(records), spec.measures).reduce((sum, { events }) => sum + events, 0);

const gone = { watermark: -Infinity, idle: true };

test('two partitions that come for a window no longer held stand in rows of their own, and take nothing from the main row', () => {
  const merge = createMerge(plan, 1);
  const all = stepAll(merge, [{ watermark: 100, live: [[0, 5, 5]], finals: [[0, 5, 5]] }, gone, gone]);
  assert.deepEqual(told(all), [
    '0 :5 corrected 0 idle t/1,t/2',
    '0 closed',
    ...Array.from({ length: 9 }, (_, i) => `${i * 10 + 10} closed`),
  ]);
  assert.equal(merge.release('t/0', 0), true, 'its partition has passed it, and the others are too far behind');
  const late = [
    // At the same time as an event that is final for this partition alone.
    ...stepAll(merge, [
      { watermark: 100 },
      {
        watermark: 12,
        live: [
          [0, 2, 2],
          [10, 1, 3],
        ],
        finals: [[0, 2, 2]],
      },
      gone,
    ]),
    ...stepAll(merge, [{ watermark: 100 }, { watermark: 13, live: [[0, 3, 4]] }, { watermark: 1, live: [[0, 7, 1]] }]),
    ...stepAll(merge, [{ watermark: 100 }, { watermark: 30 }, { watermark: 16, live: [[0, 8, 2]], finals: [[0, 8, 2]] }]),
  ];
  assert.deepEqual(
    told(late).filter((text) => !text.endsWith('closed')),
    ['0 t/1:2 corrected 2', '10 t/1:1 corrected 1', '0 t/1:3 corrected 3', '0 t/2:7 corrected 7', '0 t/2:8 corrected 8'],
  );
  assert.equal(total([...all, ...late]), 5 + 3 + 1 + 8);
  assert.deepEqual(atOnce(merge.counts()), { '10s': { results: 1, corrections: 0 } });
});

test('empty windows between are told after a restart too', () => {
  const first = createMerge(plan, 1);
  const at = (watermark: number, counts: readonly Count[]): Step[] => [
    { watermark, live: counts, finals: counts },
    { watermark },
    { watermark },
  ];
  assert.deepEqual(told(stepAll(first, at(12, [[0, 1, 1]]))), ['0 :1 corrected 0', '0 closed']);
  const second = createMerge(plan, 1);
  second.restore(atOnce(first.takingStateChanges()), []);
  assert.equal(second.frontier, 12 * SECOND);
  assert.deepEqual(told(stepAll(second, at(42, [[30, 1, 2]]))), ['10 closed', '20 closed', '30 :1 corrected 0', '30 closed']);
});

test('open windows are shown as they stand after a restart, before anything new comes', () => {
  const open: Step[] = [{ watermark: 12, live: [[0, 5, 5]] }, { watermark: 5 }, { watermark: 5, live: [[0, 2, 3]] }];
  const first = createMerge(plan, 1);
  stepAll(first, open);
  const second = createMerge(plan, 1);
  const panes = open.map((step, partition) => partials(partition, step));
  second.restore(atOnce(first.takingStateChanges()), panes);
  const shown = (): string[] => told(atOnce(second.step([], { provisional: true })).provisional);
  assert.deepEqual(shown(), ['0 :7 corrected 0']);
  assert.deepEqual(shown(), [], 'once');
});

test('a window with nothing but records that are no events, as of a producer whose clock is ahead, is shown when an event comes to it', () => {
  const merge = createMerge(plan, 1);
  const shown = (of: Merge, steps: readonly Step[]): string[] => {
    const brought = steps.map((step, partition) => partials(partition, step));
    return told(atOnce(of.step(brought, { provisional: true })).provisional);
  };
  const first: Step[] = [
    {
      watermark: 5,
      live: [
        [0, 5, 5],
        [3_000, 0, 6],
      ],
    },
    { watermark: 5 },
    { watermark: 5 },
  ];
  assert.deepEqual(shown(merge, first), ['0 :5 corrected 0']);
  const restarted = createMerge(plan, 1);
  restarted.restore(
    atOnce(merge.takingStateChanges()),
    first.map((step, partition) => partials(partition, step)),
  );
  assert.deepEqual(shown(restarted, []), ['0 :5 corrected 0']);
  const next: Step[] = [{ watermark: 5, live: [[3_000, 1, 7]] }, { watermark: 5 }, { watermark: 5 }];
  for (const each of [merge, restarted]) assert.deepEqual(shown(each, next), ['3000 :1 corrected 0']);
});

test('of a window that is not shown yet nothing is noted at each tick: shown at last, it is whole, and that takes no longer after many ticks', () => {
  const hopping = compilePlan(smallSpec({ dimensions: ['segment'], windows: [{ name: '1m', sizeMs: 60 * SECOND, slideMs: 10 * SECOND }] }));
  const SEGMENTS = 100;
  /** Slices that it takes, and rows, when the window [-40 s, 20 s) is first shown, and rows of the tick behind that. */
  function firstShown(ticks: number): { slices: number; rows: WindowRow[]; rowsAfter: WindowRow[] } {
    const merge = createMerge(hopping, 1);
    let turn = 0;
    function tell(startSecond: number, segments: number): { slices: number; rows: WindowRow[] } {
      turn++;
      const cells = Array.from({ length: segments }, (_, i): Cell => ({ labels: [`s${i}`], events: turn, offsets: turn, values: [turn] }));
      const panes = { live: [{ start: startSecond * SECOND, cells: [cells] }], replayed: [], finals: [] };
      const progress = { watermark: -Infinity, idle: false, offset: 0, epoch: 0, turn: 0 };
      const work = merge.step([{ partition: 't/0', ...panes, progress }], { provisional: true });
      for (let slices = 1; ; slices++) {
        const step = work.next();
        if (step.done) return { slices, rows: step.value.provisional };
      }
    }
    for (let tick = 0; tick < ticks; tick++) tell(0, SEGMENTS);
    return { ...tell(10, 1), rowsAfter: tell(10, 1).rows };
  }
  const [few, many] = [firstShown(1), firstShown(200)];
  for (const { rows, rowsAfter } of [few, many]) {
    assert.deepEqual([rows.length, rowsAfter.length], [SEGMENTS, 1]);
    assert.ok([...rows, ...rowsAfter].every(({ window_start }) => Date.parse(window_start) === -40 * SECOND));
  }
  assert.deepEqual(
    [few, many].map(({ rows }) => rows.reduce((sum, { events }) => sum + events, 0)),
    [SEGMENTS + 2, 200 * SEGMENTS + 201],
  );
  assert.ok(many.slices < 2 * few.slices, `${few.slices} slices after one tick, ${many.slices} after 200`);
});
