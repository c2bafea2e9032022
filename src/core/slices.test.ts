import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fc } from '../../test/support/fast-check.ts';
import { atOnce, done, inSlices, ITEMS_AT_ONCE, joined, mapped, sorted, type Sliced } from './slices.ts';

/** How often it yields, and what comes of it. */
function counted<T>(work: Sliced<T>): { readonly value: T; readonly slices: number } {
  for (let slices = 1; ; slices++) {
    const step = work.next();
    if (step.done) return { value: step.value, slices };
  }
}

test('texts are sorted as by the language, however many runs they make', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 50 }), fc.nat({ max: 200 }), (texts, times) => {
      const many = Array.from({ length: times }, (_, i) => texts.map((text) => text + ((i * 7_919) % 101))).flat();
      assert.deepEqual(atOnce(sorted(many)), [...many].sort());
    }),
    { numRuns: 50 },
  );
  const { slices } = counted(sorted(Array.from({ length: 10_000 }, (_, i) => String((i * 7_919) % 10_007))));
  assert.ok(slices > 40, `${slices} slices of ten thousand texts, each compared some four times`);
});

test('items are mapped in order, a few in a slice', () => {
  const { value, slices } = counted(mapped([...Array(1_000).keys()], (n) => n * 2));
  assert.deepEqual(
    value,
    [...Array(1_000).keys()].map((n) => n * 2),
  );
  assert.equal(slices, 1 + Math.floor(1_000 / ITEMS_AT_ONCE));
});

test('what works give is joined in their order, also where it is more than a call takes arguments', () => {
  const { value, slices } = counted(
    joined([mapped([1, 2], String), done([]), done(Array<string>(130_000).fill('3')), mapped(Array(20), () => '4')]),
  );
  assert.deepEqual([value.length, value.slice(0, 3), value.at(-1)], [130_022, ['1', '2', '3'], '4']);
  assert.equal(slices, 2);
});

test('others have their turn whenever a slice has taken its time, and not before', async () => {
  let now = 0;
  let turns = 0;
  let isOver = false;
  const tick = (): void => {
    turns++;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  const value = await inSlices(
    mapped([...Array(10 * ITEMS_AT_ONCE).keys()], () => void now++),
    () => now,
  );
  isOver = true;
  assert.equal(value.length, 10 * ITEMS_AT_ONCE);
  // A millisecond an item: each yield is over time.
  assert.ok(turns >= 10, `${turns} turns`);
  await nextTurn();
  turns = 0;
  isOver = false;
  setImmediate(tick);
  await inSlices(
    mapped([...Array(10 * ITEMS_AT_ONCE).keys()], (n) => n),
    () => 0,
  );
  isOver = true;
  assert.equal(turns, 1, 'the turn in which it began may have been held before');
});
