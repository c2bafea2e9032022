import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createRandom } from '../../core/random.ts';
import { createTail, newTailState, type Tail } from './tail.ts';

const settings = { tailHalfLife: 20_000, tailShares: [0.05, 0.007] };

function newTail(): Tail {
  return createTail(settings, newTailState(settings));
}

test('beyond what was seen, an exponential tail is carried on', () => {
  const random = createRandom(7);
  const tail = newTail();
  for (let i = 0; i < 20_000; i++) tail.learn(-0.3 * Math.log(1 - random.unit()), 1);
  for (const decades of [2, 3, 5, 7]) {
    const surprise = tail.surprise(0.3 * decades * Math.LN10);
    assert.ok(Math.abs(surprise - decades) < 0.12 * decades, `${decades} decades: ${surprise}`);
  }
});

test('a heavier tail makes the same value less surprising', () => {
  const random = createRandom(8);
  const [light, heavy] = [newTail(), newTail()];
  for (let i = 0; i < 5_000; i++) {
    const draw = -Math.log(1 - random.unit());
    light.learn(0.2 * draw, 1);
    heavy.learn(0.6 * draw, 1);
  }
  assert.ok(heavy.surprise(3) < light.surprise(3) - 2);
});

test('a rare kind of value, one in a hundred, is not surprising once it is known', () => {
  const tail = newTail();
  for (let i = 0; i < 20_000; i++) tail.learn(i % 100 === 0 ? 5 : 0, 1);
  assert.ok(tail.surprise(5) < 2.5, String(tail.surprise(5)));
  assert.ok(tail.surprise(7) > tail.surprise(5) + 1);
});

test('a larger value is never less surprising', () => {
  const values = fc.array(fc.double({ min: 0, max: 12, noNaN: true }), { maxLength: 600 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 10, noNaN: true }), fc.double({ min: 0, max: 2, noNaN: true }), (learnt, at, more) => {
      const tail = newTail();
      for (const value of learnt) tail.learn(value, 1);
      assert.ok(tail.surprise(at + more) >= tail.surprise(at) - 1e-6);
    }),
  );
});

test('a shrunk history gives way to what comes after it', () => {
  const tail = newTail();
  for (let i = 0; i < 5_000; i++) tail.learn(6, 1);
  const before = tail.surprise(3);
  tail.shrinkTo(5);
  for (let i = 0; i < 1_000; i++) tail.learn(0.5, 1);
  assert.ok(before < 1 && tail.surprise(3) > 2, `${before} ${tail.surprise(3)}`);
});

test('shrunk after it was stored at any point, a history goes on to the last bit', () => {
  const random = createRandom(9);
  const tail = newTail();
  for (let i = 1; i <= 1_200; i++) {
    tail.learn(-0.5 * Math.log(1 - random.unit()), random.unit());
    if (i % 7 !== 0) continue;
    const stored = [1, 2].map(() => createTail(settings, structuredClone(tail.state)));
    // Also where it is shrunk twice with nothing in between that was counted anew.
    for (const one of [tail, ...stored]) one.shrinkTo(40);
    const again = createTail(settings, structuredClone(stored[0]!.state));
    for (const one of [tail, ...stored, again]) {
      one.learn(0.4, 0.3);
      one.shrinkTo(30);
    }
    for (const one of [...stored, again]) assert.deepEqual(one.state, tail.state, `after ${i} points`);
  }
});
