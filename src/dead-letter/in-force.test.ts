import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInForce, withReadAnew } from './in-force.ts';

const letter = (offset: number, revision: number) => ({ topic: 't', partition: 0, offset, revision });

test('a letter counts until a later revision reads its origin again', () => {
  const anew = [
    { revision: 3, from: { 't/0': 10 } },
    { revision: 5, from: { 't/0': 20, 't/1': 0 } },
  ];
  const inForce = (offset: number, revision: number): boolean => isInForce(letter(offset, revision), anew);
  assert.deepEqual([inForce(9, 1), inForce(10, 1), inForce(10, 2), inForce(10, 3), inForce(19, 4)], [true, false, false, true, true]);
  assert.deepEqual([inForce(20, 4), inForce(20, 5), inForce(20, 6)], [false, true, true]);
  assert.equal(isInForce({ ...letter(5, 1), partition: 2 }, anew), true, 'a partition that nobody read again');
});

test('what a later revision has read as well need not be kept', () => {
  const first = withReadAnew([], { revision: 2, from: { 't/0': 10, 't/1': 5 } });
  const second = withReadAnew(first, { revision: 3, from: { 't/0': 20, 't/1': 0 } });
  assert.equal(second.length, 2, 'offsets 10 to 19 of t/0 were read again by revision 2 alone');
  assert.deepEqual(withReadAnew(second, { revision: 4, from: { 't/0': 0, 't/1': 0 } }), [{ revision: 4, from: { 't/0': 0, 't/1': 0 } }]);
});
