import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createSpareBuffers } from '../../core/spare-buffers.ts';
import { HttpProblem } from '../problem.ts';
import { createGathering, type BodyBudget } from './gathering.ts';

const newBudget = (): BodyBudget => ({ held: 0, buffers: createSpareBuffers(8 << 20) });

test('pieces come together whatever length was stated, and all is given back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(150_000), { maxLength: 6 }), fc.nat(2 << 20), (sizes, stated) => {
      const budget = newBudget();
      const gathered = createGathering(budget, 128 << 20, stated);
      const pieces = sizes.map((size, i) => Buffer.alloc(size, i + 1));
      for (const piece of pieces) gathered.put(piece);
      const bytes = gathered.bytes();
      assert.ok(Buffer.concat(pieces).equals(bytes));
      assert.equal(budget.held, sizes.length > 0 ? bytes.buffer.byteLength : 0);
      gathered.letGo();
      assert.equal(budget.held, 0);
    }),
    { examples: [[[0], 65_536]] },
  );
});

test('a body that is as long as it says is put into one buffer', () => {
  let taken = 0;
  const spare = createSpareBuffers(0);
  const take = (bytes: number): Uint8Array<ArrayBuffer> => {
    taken++;
    return spare.take(bytes);
  };
  const gathered = createGathering({ held: 0, buffers: { ...spare, take } }, 128 << 20, 1 << 20);
  for (let i = 0; i < 16; i++) gathered.put(Buffer.alloc(64 << 10));
  assert.equal(gathered.bytes().length, 1 << 20);
  assert.equal(taken, 1);
});

test('clients that state much and send little hold no more than the budget, and an honest one still finds room', () => {
  const budget = newBudget();
  const most = 128 << 20;
  const before = process.memoryUsage().arrayBuffers;
  const liars = Array.from({ length: 1_000 }, () => createGathering(budget, most, 1 << 30));
  for (const liar of liars) liar.put(Buffer.from('x'));
  const held = process.memoryUsage().arrayBuffers - before;
  assert.ok(held <= most && budget.held <= most, `${held} bytes, ${budget.held} counted`);
  assert.ok(budget.held > held / 2, `${held} bytes, ${budget.held} counted`);
  const honest = createGathering(budget, most, 300_000);
  honest.put(Buffer.alloc(300_000));
  honest.letGo();
  for (const liar of liars) liar.letGo();
  assert.equal(budget.held, 0);
});

test('what does not fit is refused, and takes nothing', () => {
  const budget = { held: 0, buffers: createSpareBuffers(0) };
  const one = createGathering(budget, 192 << 10, 0);
  one.put(Buffer.alloc(64 << 10));
  const other = createGathering(budget, 192 << 10, 0);
  assert.throws(
    () => other.put(Buffer.alloc(200_000)),
    (error) => error instanceof HttpProblem && error.status === 429,
  );
  assert.equal(budget.held, 64 << 10);
  other.letGo();
  one.put(Buffer.from('x'));
  assert.equal(budget.held, 128 << 10);
  assert.equal(one.bytes().length, (64 << 10) + 1);
});
