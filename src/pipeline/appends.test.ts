import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../core/slices.ts';
import { appendLetters } from './appends.ts';

/** How many records are in each piece. */
function piecesOf(count: number, chars: number): number[] {
  const letters = Array.from({ length: count }, (_, i) => ({ key: `t/0/${i}`, letter: 'x'.repeat(chars) }));
  return atOnce(appendLetters('p.dlq', letters)).map(({ ends }) => ends.length);
}

test('a piece is full with so many records, or with so many characters, counted anew for each', () => {
  assert.deepEqual(piecesOf(2_500, 10), [1_024, 1_024, 452]);
  // Five of them are more than half a million characters.
  assert.deepEqual(piecesOf(17, 110_000), [5, 5, 5, 2]);
  assert.deepEqual(piecesOf(0, 0), []);
});
