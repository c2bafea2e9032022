import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';
import { isTold } from './cell-columns.ts';
import { seriesKey, type Cell, type CellList } from '../cells.ts';
import type { Partials } from './partials.ts';
import { decodePartials, encodePartials } from './codec.ts';
import { createLabelsBook } from './labels-codec.ts';
import { atOnce } from '../../core/slices.ts';

const GROUPINGS = 2;
const offset = fc.oneof(fc.nat(), fc.maxSafeNat());
const value = fc.oneof(fc.constant(undefined), fc.double({ noNaN: true }), fc.maxSafeNat(), fc.constant(-0), fc.uint8Array());
const label = fc.oneof(fc.constantFrom('US', 'KR', '\ufeff', '\ud800'), fc.string({ unit: anyCharacter }));
const plain = { noNullPrototype: true } as const;
const cell = (columns: number): fc.Arbitrary<Cell> =>
  fc.record(
    {
      labels: fc.array(label, { minLength: 1, maxLength: 2 }),
      events: offset,
      offsets: offset,
      values: fc.array(value, { minLength: columns, maxLength: columns }),
    },
    plain,
  );
const groups = (columns: number) =>
  fc.tuple(fc.array(cell(columns), { minLength: 1, maxLength: 9 }), fc.array(cell(columns), { maxLength: 9 })).map((lists) => [...lists]);
const start = fc.integer({ min: -1e12, max: 2e12 });
const partials: fc.Arbitrary<Partials> = fc.nat(3).chain((columns) => {
  const panes = fc.uniqueArray(fc.record({ start, cells: groups(columns) }, plain), { maxLength: 4, selector: (pane) => pane.start });
  return fc.record(
    {
      partition: fc.constantFrom('t/0', 'a topic/12'),
      live: panes,
      replayed: panes,
      finals: fc.uniqueArray(fc.record({ window: fc.nat(3), start, cells: groups(columns) }, plain), {
        maxLength: 4,
        selector: (final) => `${final.window}/${final.start}`,
      }),
      progress: fc.record(
        {
          offset,
          epoch: fc.nat(),
          turn: fc.nat(),
          idle: fc.boolean(),
          watermark: fc.oneof(fc.constant(-Infinity), start),
        },
        plain,
      ),
    },
    plain,
  );
});

function joined(parts: readonly Partials[]): Omit<Partials, 'progress'> {
  const panes = (of: 'live' | 'replayed') => {
    const found = new Map<number, Cell[][]>();
    for (const pane of parts.flatMap((part) => part[of])) {
      const cells = found.get(pane.start) ?? Array.from({ length: GROUPINGS }, () => []);
      found.set(pane.start, cells);
      pane.cells.forEach((list, grouping) => cells[grouping]!.push(...list));
    }
    return [...found].map(([at, cells]) => ({ start: at, cells }));
  };
  const finals = new Map<string, { window: number; start: number; cells: Cell[][] }>();
  for (const final of parts.flatMap((part) => part.finals)) {
    const key = `${final.window}/${final.start}`;
    const known = finals.get(key) ?? { window: final.window, start: final.start, cells: Array.from({ length: GROUPINGS }, () => []) };
    finals.set(key, known);
    final.cells.forEach((list, grouping) => known.cells[grouping]!.push(...list));
  }
  return { partition: parts[0]!.partition, live: panes('live'), replayed: panes('replayed'), finals: [...finals.values()] };
}

/** Cells as they were told; the key that came with them is that of their labels. */
function withoutKeys(told: Omit<Partials, 'progress'>): Omit<Partials, 'progress'> {
  const bare = ({ key, ...rest }: Cell): Cell => {
    assert.equal(key, seriesKey(rest));
    return rest;
  };
  const all = <T extends { readonly cells: readonly CellList[] }>(list: readonly T[]): T[] =>
    list.map((each) => ({ ...each, cells: each.cells.map((cells) => Array.from(cells, bare)) }));
  return { ...told, live: all(told.live), replayed: all(told.replayed), finals: all(told.finals) };
}

test('in one record or in many, what was told is read, and the progress comes last', () => {
  fc.assert(
    fc.property(partials, fc.constantFrom(1, 40, 300, 1 << 20), (told, maxBytes) => {
      const record = { partials: told, revision: 3, report: { totals: [1, 2] } };
      const parts = encodePartials(record, maxBytes).map((bytes) => atOnce(decodePartials(bytes, GROUPINGS)));
      const last = parts.at(-1)!;
      assert.deepEqual([last.partials.progress, last.report, last.revision], [told.progress, record.report, 3]);
      for (const part of parts.slice(0, -1)) assert.deepEqual([part.partials.progress, part.report], [undefined, undefined]);
      const { progress, ...values } = told;
      assert.ok(progress);
      assert.deepEqual(withoutKeys(joined(parts.map((part) => part.partials))), values);
      if (maxBytes === 1) assert.ok(parts.length >= Math.min(2, told.live.length + told.finals.length));
    }),
  );
});

test('with one book for many records each is read as by itself, also where the book begins anew', () => {
  fc.assert(
    fc.property(fc.array(partials, { maxLength: 6 }), fc.constantFrom(0, 4, 1_000), (records, labelsMax) => {
      const book = createLabelsBook(labelsMax);
      for (const told of records) {
        const [bytes] = encodePartials({ partials: told, revision: 1 });
        const [alone, shared] = [undefined, book].map((one) => atOnce(decodePartials(bytes!, GROUPINGS, one)).partials);
        const kinds = (read: Partials): boolean[] => read.live.flatMap(({ cells }) => cells.map(isTold));
        assert.deepEqual(withoutKeys(joined([shared!])), withoutKeys(joined([alone!])));
        assert.deepEqual(kinds(shared!), kinds(alone!));
      }
    }),
    { numRuns: 50 },
  );
});

test('records of the same series share what is made of their labels, of no more labels than so many', () => {
  const labelsOf = (labelsMax: number) => {
    const book = createLabelsBook(labelsMax);
    return [1, 2].map((events) => {
      const one: Cell = { labels: ['KR', 'banner'], events, offsets: events, values: [] };
      const told: Partials = { partition: 't/0', live: [{ start: 0, cells: [[one]] }], replayed: [], finals: [] };
      const [bytes] = encodePartials({ partials: told, revision: 1 });
      const read = atOnce(decodePartials(bytes!, 1, book)).partials.live[0]!.cells[0]!.at(0)!;
      assert.equal(read.events, events);
      return read.labels;
    });
  };
  const [first, second] = labelsOf(2);
  assert.equal(second, first);
  const [before, anew] = labelsOf(1);
  assert.notEqual(anew, before, 'it began anew');
});

test('what a pane and its window at its end have alike is told once', () => {
  const arbitrary = fc.array(fc.record({ events: fc.nat(2), later: fc.boolean(), isLive: fc.boolean(), isFinal: fc.boolean() }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(arbitrary, fc.constantFrom(1, 60, 1 << 20), (series, maxBytes) => {
      const cells = series.map(({ events, later, ...rest }, i) => {
        const labels = [`s${i}`, 'x'];
        const final: Cell = { labels, events, offsets: events, values: [events, undefined] };
        // The same offset need not mean the same values: what became of a record is counted after its window has closed.
        return { ...rest, final, live: later ? { ...final, values: [events + 1, undefined] } : { ...final } };
      });
      const live = cells.filter(({ isLive }) => isLive).map((each) => each.live);
      const finals = cells.filter(({ isFinal }) => isFinal).map((each) => each.final);
      const told: Partials = {
        partition: 't/0',
        live: [{ start: 0, cells: [live] }],
        replayed: [],
        finals: [{ window: 1, start: 0, cells: [finals] }],
      };
      const parts = encodePartials({ partials: told, revision: 1 }, maxBytes).map((bytes) => atOnce(decodePartials(bytes, 1)).partials);
      const found = { live: parts.flatMap((part) => part.live), finals: parts.flatMap((part) => part.finals) };
      const sorted = (all: readonly { readonly cells: readonly CellList[] }[]): Cell[] =>
        all.flatMap((each) => [...each.cells[0]!]).sort((a, b) => Number(a.labels[0]!.slice(1)) - Number(b.labels[0]!.slice(1)));
      const bare = (each: Cell) => ({ labels: each.labels, events: each.events, offsets: each.offsets, values: each.values });
      assert.deepEqual(sorted(found.live).map(bare), live.map(bare));
      assert.deepEqual(sorted(found.finals).map(bare), finals.map(bare));
    }),
  );
});

test('values of a pane that are all those of its window come as one; where a record names a series twice they come one by one', () => {
  const [a, b] = ['a', 'b'].map((name, i): Cell => ({ labels: [name], events: i, offsets: i + 1, values: [i] })) as [Cell, Cell];
  const read = (live: readonly Cell[], finals: readonly Cell[]): Partials => {
    const told = { live: [{ start: 0, cells: [live] }], replayed: [], finals: [{ window: 0, start: 0, cells: [finals] }] };
    return atOnce(decodePartials(encodePartials({ partials: { partition: 't/0', ...told }, revision: 1 })[0]!, 1)).partials;
  };
  const once = read([a, b], [a, b]);
  assert.ok(isTold(once.live[0]!.cells[0]!) && once.live[0]!.cells[0] === once.finals[0]!.cells[0]);
  const twice = read([a, b, a], []).live[0]!.cells[0]!;
  assert.ok(!isTold(twice));
  assert.deepEqual(
    Array.from(twice, ({ labels }) => labels[0]),
    ['a', 'b', 'a'],
  );
});

test('a record is not much longer than its limit', () => {
  const cells = Array.from({ length: 5_000 }, (_, i): Cell => ({ labels: [`segment ${i}`], events: i, offsets: i, values: [i / 3] }));
  const told: Partials = { partition: 't/0', live: [{ start: 0, cells: [cells, []] }], replayed: [], finals: [] };
  const parts = encodePartials({ partials: told, revision: 1 }, 10_000);
  assert.ok(parts.length > 5 && parts.every((bytes) => bytes.length < 11_000), parts.map((bytes) => bytes.length).join());
});

test('records of a version to come, and cut off ones, are refused', () => {
  const [bytes] = encodePartials({ partials: { partition: 't/0', live: [], replayed: [], finals: [] }, revision: 1 });
  assert.throws(() => atOnce(decodePartials(bytes!.subarray(0, bytes!.length - 1), 1)), RangeError);
  assert.throws(() => atOnce(decodePartials(Uint8Array.of(3, ...bytes!.subarray(1)), 1)), /version 3/);
});

test('labels take memory by their number, however many a damaged record has', () => {
  const labels = Array.from({ length: 10_000 }, (_, i) => `${i % 2}`);
  const told: Partials = {
    partition: 't/0',
    live: [{ start: 0, cells: [[{ labels, events: 1, offsets: 1, values: [] }]] }],
    replayed: [],
    finals: [],
  };
  const [bytes] = encodePartials({ partials: told, revision: 1 });
  const before = process.memoryUsage().heapUsed;
  const { partials: found } = atOnce(decodePartials(bytes!, 1));
  const taken = process.memoryUsage().heapUsed - before;
  assert.deepEqual(found.live[0]!.cells[0]!.at(0)!.labels, labels);
  // By the square it would be 400 MB.
  assert.ok(taken < 50e6, `${taken} bytes`);
});

test('damaged records are refused with a RangeError, or read as something else', () => {
  const cells = [[{ labels: ['US', 'US'], events: 3, offsets: 4, values: [1] }], [{ labels: ['KR'], events: 1, offsets: 1, values: [2] }]];
  const told: Partials = { partition: 't/0', live: [{ start: 0, cells }], replayed: [], finals: [] };
  const [bytes] = encodePartials({ partials: told, revision: 1 });
  assert.throws(() => atOnce(decodePartials(bytes!, 1)), { name: 'RangeError', message: /grouping 1; there are 1/ });
  let refused = 0;
  for (let at = 0; at < bytes!.length; at++) {
    for (let byte = at % 11; byte < 256; byte += 11) {
      const damaged = bytes!.with(at, byte);
      try {
        const { partials: found } = atOnce(decodePartials(damaged, GROUPINGS));
        for (const { labels } of found.live.flatMap((pane) => pane.cells.flatMap((list) => [...list])))
          assert.ok(!labels.includes(undefined as never));
      } catch (error) {
        assert.ok(error instanceof RangeError, `${at}: ${byte}: ${String(error)}`);
        refused++;
      }
    }
  }
  assert.ok(refused > 100, `${refused} were refused`);
});
