import assert from 'node:assert/strict';
import { test } from 'node:test';
import { point } from '../testing.ts';
import { isDrawn } from './thin-windows.ts';

test('a ratio over hardly any events is not drawn, a count is', () => {
  const points = [point(0, 50, { events: 4 }), point(1, 5, { events: 1_000 }), point(2, 5, { events: 60 })];
  assert.deepEqual(points.map(isDrawn(points, 'ratio')), [false, true, true]);
  assert.deepEqual(
    [1, 60].map((events) => isDrawn(points, 'ratio')(point(3, 9, { events, final: false }))),
    [false, true],
  );
  assert.deepEqual(points.map(isDrawn(points, 'count')), [true, true, true]);
});

test('where all windows are thin all of them count', () => {
  const points = [point(0, 50, { events: 1 }), point(1, 5, { events: 2 })];
  assert.deepEqual(points.map(isDrawn(points, 'average')), [true, true]);
});
