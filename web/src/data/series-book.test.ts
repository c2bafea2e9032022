import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { point } from '../testing.ts';
import { compareVersions, createSeriesBook, labelsKey } from './series-book.ts';

const LABELS = point(0, 1).labels;
const ROOM = { pointsLeast: 1, pointsInAll: 1_000 };

test('a window is kept once, in its newest version, whatever the order', () => {
  const arrivals = fc.array(fc.record({ n: fc.nat(9), version: fc.bigInt(0n, 2n ** 64n - 1n) }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(arrivals, (list) => {
      const book = createSeriesBook({ ...ROOM, pointsMax: 10, seriesMax: 1 });
      for (const { n, version } of list) book.put([point(n, 1, { version: String(version) })]);
      const newest = new Map<number, bigint>();
      for (const { n, version } of list) if (version > (newest.get(n) ?? -1n)) newest.set(n, version);
      const wanted = [...newest].sort(([a], [b]) => a - b).map(([n, version]) => [point(n, 1).window_start, String(version)]);
      assert.deepEqual(
        book.get(LABELS)?.points.map(({ window_start, version }) => [window_start, version]),
        wanted,
      );
    }),
  );
});

test('many series share what there is room for, but for the least that each keeps', () => {
  const kept = (series: number): number[] => {
    const book = createSeriesBook({ pointsMax: 8, pointsLeast: 2, pointsInAll: 12, seriesMax: 9 });
    for (let n = 0; n < 20; n++) book.put(Array.from({ length: series }, (_, of) => point(n, 1, { labels: { of: String(of) } })));
    return book.all().map(({ points }) => points.length);
  };
  assert.deepEqual([kept(1), kept(3), kept(8)], [[8], [4, 4, 4], Array(8).fill(2)]);
});

test('only the newest points are kept, and only so many series', () => {
  const book = createSeriesBook({ ...ROOM, pointsMax: 3, seriesMax: 1 });
  book.put([1, 2, 3, 4, 0].map((n) => point(n, n)));
  assert.deepEqual(
    book.get(LABELS)?.points.map(({ measures }) => measures['ctr']),
    [2, 3, 4],
  );
  assert.equal(book.put([point(5, 1, { labels: {} })]), false);
  assert.equal(book.all().length, 1);
  assert.equal(book.left(), 1);
});

test('where it is full those that brought nothing for long make room, and no others', () => {
  const of = (n: number, name: string) => point(n, 1, { labels: { of: name } });
  const book = createSeriesBook({ ...ROOM, pointsLeast: 2, pointsMax: 9, seriesMax: 2 });
  const names = (): unknown[] => book.all().map(({ labels }) => labels['of']);
  book.put([of(0, 'gone'), of(0, 'here'), of(1, 'new')]);
  assert.deepEqual([names(), book.left()], [['gone', 'here'], 1]);
  book.put([of(2, 'here'), of(3, 'here'), of(3, 'new'), of(3, 'newer')]);
  assert.deepEqual([names(), book.left()], [['here', 'new'], 1]);
});

test('a series that was handed out stays as it was', () => {
  const book = createSeriesBook({ ...ROOM, pointsMax: 3, seriesMax: 1 });
  book.put([point(0, 1)]);
  const before = book.get(LABELS);
  assert.equal(book.put([point(0, 9, { version: '9' })]), false);
  assert.equal(book.get(LABELS), before);
  assert.equal(book.put([point(0, 9, { version: '11' })]), true);
  assert.notEqual(book.get(LABELS), before);
  assert.equal(before?.points[0]?.measures['ctr'], 1);
});

test('versions are compared as the numbers they are', () => {
  assert.ok(compareVersions('9', '10') < 0);
  assert.ok(compareVersions('18446744073709551615', '18446744073709551614') > 0);
  assert.equal(compareVersions('7', '7'), 0);
});

test('the order of labels does not matter, their values do', () => {
  assert.equal(labelsKey({ a: '1', b: '2' }), labelsKey({ b: '2', a: '1' }));
  assert.notEqual(labelsKey({ a: '1,b:2' }), labelsKey({ a: '1', b: '2' }));
});
