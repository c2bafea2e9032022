import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alert, point } from '../testing.ts';
import { bandsOf, chartColumns, clearOf, heightened, distinct, lonePoints, scaleValues } from './chart-data.ts';

test('the open part begins at the last final point', () => {
  const [x, final, open] = chartColumns([point(0, 1), point(1, 2), point(2, 3, { final: false })], 'ctr', 10_000, () => true);
  assert.equal(x.length, 3);
  assert.deepEqual(final, [1, 2, null]);
  assert.deepEqual(open, [null, 2, 3]);
});

test('windows that are missing leave a gap instead of a line across', () => {
  const [x, final] = chartColumns([point(0, 1), point(3, 2)], 'ctr', 10_000, () => true);
  assert.deepEqual(final, [1, null, 2]);
  assert.equal((x[1] ?? 0) - (x[0] ?? 0), 10_000);
});

test('a window alone is a point, as no line leads to it', () => {
  const [, final, open] = chartColumns([point(0, 1), point(3, 2, { final: false })], 'ctr', 10_000, () => true);
  assert.deepEqual(final, [1, null, null]);
  assert.deepEqual(open, [null, null, 2], 'nothing is open about the final one: the open one lies apart');
  assert.deepEqual([lonePoints(final), lonePoints(open)], [[0], [2]]);
  assert.deepEqual(lonePoints([1, 2, null, 3, undefined, 4, 5, null, 6]), [3, 8]);
});

test('the words of a limit stand where the line does not cross them', () => {
  const box = { at: 50, height: 14, top: 0, bottom: 100 };
  assert.equal(clearOf([], box), 47);
  assert.equal(clearOf([[80, 90]], box), 47, 'it runs far below');
  assert.equal(clearOf([[10, 45]], box), 67, 'it runs above: they stand below');
  assert.equal(clearOf([[80, 40]], box), 37, 'it runs through: they stand above all of it');
  assert.equal(clearOf([[10, 70]], box), 87);
  assert.equal(clearOf([[5, 95]], box), 47, 'there is no place');
  const apart = [
    [10, 20],
    [80, 90],
  ] as const;
  assert.equal(clearOf(apart, box), 47, 'two pieces, and none between');
});

test('bands are the episodes of this measure and window; what fires reaches to the end', () => {
  const firing = { ...alert('a'), resolved_time: null };
  const over = { ...alert('b', { status: 'resolved' }), resolved_time: '2026-01-01T00:02:00.000Z' };
  const until = Date.parse('2026-01-01T00:05:00.000Z');
  assert.deepEqual(
    bandsOf([firing, over], 'ctr', '10s', until).map(({ to }) => new Date(to).toISOString()),
    ['2026-01-01T00:05:00.000Z', '2026-01-01T00:02:00.000Z'],
  );
  const limit = { ...firing, explanation: { ...firing.explanation, baseline: null } };
  assert.deepEqual(
    bandsOf([firing, limit], 'ctr', '10s', until).map(({ isLimit }) => isLimit),
    [false, true],
  );
  assert.deepEqual(bandsOf([firing], 'ctr', '1m', until), []);
  assert.deepEqual(bandsOf([firing], 'ecpm', '10s', until), []);
});

test('values that are all the same have an axis that can be read', () => {
  assert.deepEqual(heightened(0, 0), [0, 1]);
  assert.deepEqual(heightened(-20, -20), [-20, -18]);
  assert.deepEqual(heightened(0, 0.25), [0, 0.25]);
});

test('no two labels of an axis read the same', () => {
  assert.deepEqual(distinct(['$1.90', '$1.91', '$1.91', '$1.92']), ['$1.90', '$1.91', '', '$1.92']);
});

test('what is final sets the scale; what is open only while there are hardly any finals, or where it only grows', () => {
  const many = [
    [1, 2, 3, 4],
    [5, null, 6, 7],
    [null, null, 7, 90],
  ];
  assert.deepEqual(scaleValues(many, false), [5, 6, 7]);
  assert.deepEqual(scaleValues(many, true), [5, 6, 7, 7, 90], 'a count of three final windows and an open one that is far above');
  const few = [
    [1, 2, 3],
    [5, 6, null],
    [null, 6, 90],
  ];
  assert.deepEqual(scaleValues(few, false), [5, 6, 6, 90]);
  assert.deepEqual(scaleValues([[1], [null], [90]], false), [90]);
  assert.deepEqual(scaleValues([[1], [5]], false), [5]);
});
