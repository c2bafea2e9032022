import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';
import { createRandom } from '../../core/random.ts';
import { createHeavyHitters, HEAVY_KEY_LENGTH_MAX, heavyHittersFromBytes, heavyKey, mergeHeavyHitters } from './heavy-hitters.ts';

const keys = fc.array(fc.constantFrom(...'aaaabbbccdefghijklmnopqrstuvwxyz'), { maxLength: 300 });

function sketchOf(events: readonly string[], keep: number) {
  const sketch = createHeavyHitters(keep);
  for (const key of events) sketch.add(key);
  return sketch;
}

function countsOf(events: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of events) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

test('counts are between their bounds, the error is bounded, and no frequent key is missed, however it was merged', () => {
  fc.assert(
    fc.property(fc.array(keys, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 12 }), (parts, keep) => {
      const bytes = parts.map((part) => sketchOf(part, keep).toBytes()).reduce(mergeHeavyHitters);
      const all = parts.flat();
      const sketch = heavyHittersFromBytes(bytes);
      const { total, error } = sketch.inside;
      const top = sketch.top(keep);
      const counts = countsOf(all);
      assert.equal(total, all.length);
      const held = top.reduce((sum, { least }) => sum + least, 0);
      assert.ok(error * (keep + 1) <= all.length - held, `error ${error}`);
      for (const { key, least, most } of top) assert.ok(least <= counts.get(key)! && counts.get(key)! <= most);
      for (const [key, count] of counts)
        if (count > error)
          assert.ok(
            top.some((one) => one.key === key),
            key,
          );
      assert.ok(top.length <= keep);
    }),
  );
});

test('fewer keys than it keeps are counted exactly', () => {
  const sketch = sketchOf([...'abacabad'], 8);
  assert.deepEqual(sketch.top(2), [
    { key: 'a', least: 4, most: 4 },
    { key: 'b', least: 2, most: 2 },
  ]);
});

test('two sketches merge to the same bytes either way, and bytes give the same sketch again', () => {
  fc.assert(
    fc.property(keys, keys, keys, fc.integer({ min: 1, max: 8 }), (a, b, more, keep) => {
      const [one, other] = [sketchOf(a, keep).toBytes(), sketchOf(b, keep).toBytes()];
      assert.deepEqual(mergeHeavyHitters(one, other), mergeHeavyHitters(other, one));
      const [kept, restored] = [sketchOf(a, keep), heavyHittersFromBytes(one)];
      for (const key of more) {
        kept.add(key);
        restored.add(key);
      }
      assert.deepEqual(restored.toBytes(), kept.toBytes());
    }),
  );
});

test('one user among a hundred thousand stands out, in a few hundred bytes', () => {
  const random = createRandom(1);
  const sketch = createHeavyHitters(64);
  for (let event = 0; event < 100_000; event++) sketch.add(event % 25 === 0 ? 'robot' : `user-${random.below(50_000)}`);
  const [first] = sketch.top(1);
  assert.equal(first?.key, 'robot');
  assert.ok(first.least <= 4_000 && first.most >= 4_000 && first.least > 4_000 - 100_000 / 65, JSON.stringify(first));
  assert.ok(sketch.toBytes().length < 1_200, `${sketch.toBytes().length} bytes`);
});

test('keys are bounded and survive UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 400 }), (text) => {
      const key = heavyKey(text);
      assert.ok(key.length <= HEAVY_KEY_LENGTH_MAX && key.isWellFormed());
      const sketch = sketchOf([key], 2);
      assert.equal(heavyHittersFromBytes(sketch.toBytes()).top(1)[0]?.key, key);
    }),
  );
  assert.equal(heavyKey('\ud800'), '\ufffd');
});

test('what is no sketch, or another one, is refused', () => {
  const good = [...sketchOf(['a', 'a', 'b'], 4).toBytes()];
  assert.deepEqual(good, [1, 4, 3, 0, 2, 1, 97, 1, 1, 98]);
  const change = (at: number, byte: number): Uint8Array => Uint8Array.from(good, (old, i) => (i === at ? byte : old));
  for (const [bytes, why] of [
    [Uint8Array.from([]), /version/],
    [change(0, 2), /version/],
    [change(1, 0), /more than it has seen/],
    [change(1, 1), /more than it has seen/],
    [change(2, 2), /more than it has seen/],
    [change(4, 0), /out of order/],
    [change(7, 3), /out of order/],
    [change(6, 0xff), /not UTF-8/],
    [Uint8Array.from(good.slice(0, -1)), /end within/],
  ] as const) {
    assert.throws(() => heavyHittersFromBytes(bytes), why, String(bytes));
  }
  assert.throws(() => mergeHeavyHitters(Uint8Array.from(good), createHeavyHitters(5).toBytes()), /keep 5 and 4|keep 4 and 5/);
});
