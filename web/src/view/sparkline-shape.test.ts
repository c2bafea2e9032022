import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { sparkShape } from './sparkline-shape.ts';

const BOX = { width: 100, height: 20, slots: 5, mean: null };
const final = (value: number | null) => ({ value, final: true });
const open = (value: number | null) => ({ value, final: false });

test('what is open is a path of its own that begins where what is final ends', () => {
  const shape = sparkShape([final(1), final(2), open(3)], BOX);
  assert.equal(shape.open.slice(1).split('L')[0], shape.final.split('L').at(-1));
  assert.equal(shape.last?.final, false);
});

test('a value that is missing leaves a gap', () => {
  const { final: path, area } = sparkShape([final(1), final(null), final(2), final(3)], BOX);
  assert.equal(path.match(/M/g)?.length, 2);
  assert.equal(area.match(/Z/g)?.length, area.match(/M/g)?.length);
});

test('a value without one on either side is a dot', () => {
  assert.match(sparkShape([final(1), final(2), final(null), open(2)], BOX).lone, /^M(\S+ \S+)L\1$/);
  assert.match(sparkShape([final(2), final(null), final(1)], BOX).lone, /^(M(\S+ \S+)L\2){2}$/);
  assert.equal(sparkShape([final(1), open(2)], BOX).lone, '');
});

test('a count that has just begun does not squeeze the rest', () => {
  const without = sparkShape([final(100), final(140)], BOX);
  const withOpen = sparkShape([final(100), final(140), open(1)], { ...BOX, slots: 5 });
  const heights = (path: string): string[] => [...path.matchAll(/ ([\d.]+)/g)].map((match) => match[1] ?? '');
  assert.deepEqual(heights(withOpen.final), heights(without.final));
});

test('nothing to draw is nothing, not an error', () => {
  for (const points of [[], [final(null)], [open(null)]]) assert.equal(sparkShape(points, BOX).last, null);
});

test('the line stays within its box', () => {
  const values = fc.array(fc.record({ value: fc.option(fc.double({ min: -1e12, max: 1e12, noNaN: true })), final: fc.boolean() }));
  fc.assert(
    fc.property(values, fc.option(fc.double({ min: -1e12, max: 1e12, noNaN: true })), (points, mean) => {
      const { final: line, open: dashed, last, meanY } = sparkShape(points, { ...BOX, mean });
      const numbers = [...`${line}${dashed}`.matchAll(/-?[\d.]+(?:e-?\d+)?/g)].map(Number);
      for (const [index, each] of numbers.entries()) assert.ok(each >= 0 && each <= (index % 2 === 0 ? 100 : 20), `${line}${dashed}`);
      if (last) assert.ok(last.y >= 0 && last.y <= 20 && last.x <= 100);
      if (meanY !== null) assert.ok(meanY >= 0 && meanY <= 20);
    }),
  );
});
