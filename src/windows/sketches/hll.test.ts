import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createRandom } from '../../core/random.ts';
import { createHll, hllFromBytes, mergeHlls } from './hll.ts';

type Hash = readonly [low: number, high: number];
/** Few high bits and long runs of zeros, so that registers collide and ranks grow. */
const hash: fc.Arbitrary<Hash> = fc.tuple(
  fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffffffff })),
  fc.oneof(
    fc.integer({ min: 0, max: 15 }).map((x) => (x << 28) >>> 0),
    fc.integer({ min: 0, max: 0xffffffff }),
  ),
);
function sketchOf(hashes: readonly Hash[], precision = 6) {
  const sketch = createHll(precision);
  for (const [low, high] of hashes) sketch.add(low, high);
  return sketch;
}

test('the registers are the highest ranks, as a plain count by text gives them', () => {
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 80 }), fc.constantFrom(4, 6, 12, 16), (hashes, precision) => {
      const expected = new Map<number, number>();
      for (const [low, high] of hashes) {
        const bits = high.toString(2).padStart(32, '0') + low.toString(2).padStart(32, '0');
        const register = parseInt(bits.slice(0, precision), 2);
        const rank = `${bits.slice(precision)}1`.indexOf('1') + 1;
        expected.set(register, Math.max(rank, expected.get(register) ?? 0));
      }
      const found = new Map<number, number>();
      sketchOf(hashes, precision).forEach((register, rank) => found.set(register, rank));
      assert.deepEqual(found, expected);
    }),
  );
});

test('order, repeats and merging leave no trace: the same set is the same bytes', () => {
  const parts = fc.array(fc.array(hash, { maxLength: 30 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(parts, fc.integer(), (groups, seed) => {
      const expected = sketchOf(groups.flat()).toBytes();
      const random = createRandom(seed);
      const shuffled = [...groups.flat(), ...groups.flat().slice(0, 5)].sort(() => random.unit() - 0.5);
      assert.deepEqual(sketchOf(shuffled).toBytes(), expected);
      const states = groups.map((group) => sketchOf(group).toBytes());
      assert.deepEqual(states.reduce(mergeHlls), expected);
      assert.deepEqual(
        states.reduceRight((a, b) => mergeHlls(b, a)),
        expected,
      );
      const inMemory = sketchOf([]);
      for (const group of groups) inMemory.merge(sketchOf(group));
      inMemory.merge(inMemory);
      assert.deepEqual(inMemory.toBytes(), expected);
      assert.deepEqual(hllFromBytes(expected).toBytes(), expected);
    }),
    { numRuns: 300 },
  );
});

test('the estimate keeps its standard error from 1 to 300,000', () => {
  for (const [precision, sizes, rounds] of [
    [12, [1, 10, 100, 500, 1_000, 5_000, 20_000], 40],
    [12, [300_000], 8],
    [14, [5_000, 60_000], 10],
  ] as const) {
    const error = 1.04 / Math.sqrt(2 ** precision);
    for (const size of sizes) {
      let squares = 0;
      let sum = 0;
      for (let round = 0; round < rounds; round++) {
        const random = createRandom(precision, size, round);
        const sketch = createHll(precision);
        for (let i = 0; i < size; i++) sketch.add(random.uint32(), random.uint32());
        const relative = sketch.estimate() / size - 1;
        squares += relative ** 2;
        sum += relative;
      }
      assert.ok(Math.sqrt(squares / rounds) < 1.5 * error, `p ${precision}, ${size} values: ${Math.sqrt(squares / rounds)} for ${error}`);
      assert.ok(Math.abs(sum / rounds) < (4 * error) / Math.sqrt(rounds), `p ${precision}, ${size} values: biased by ${sum / rounds}`);
    }
  }
  assert.equal(createHll().estimate(), 0);
  assert.ok(Math.abs(sketchOf([[1, 2]], 12).estimate() - 1) < 0.01);
});

test('sizes: 3 bytes a register while sparse, 3 kB when dense', () => {
  const random = createRandom(1);
  const sketch = createHll();
  for (let i = 0; i < 10; i++) sketch.add(random.uint32(), random.uint32());
  assert.equal(sketch.toBytes().length, 33);
  for (let i = 0; i < 5_000; i++) sketch.add(random.uint32(), random.uint32());
  assert.equal(sketch.toBytes().length, 3 + 3_072);
});

test('what is no sketch, or another one, is refused', () => {
  const good = sketchOf([
    [1, 2],
    [5, 0xf0000000],
  ]).toBytes();
  const dense = sketchOf(Array.from({ length: 64 }, (_, i) => [1, (i << 26) >>> 0] as const)).toBytes();
  const change = (bytes: Uint8Array, at: number, byte: number) => Uint8Array.from(bytes, (old, i) => (i === at ? byte : old));
  for (const bytes of [
    new Uint8Array(),
    good.subarray(0, 2),
    good.subarray(0, 4),
    change(good, 0, 2),
    change(good, 1, 3),
    change(good, 1, 17),
    change(good, 2, 2),
    change(good, 5, 0),
    change(good, 5, 60),
    change(good, 3, 63),
    change(good, 4, 1),
    dense.subarray(0, -1),
    new Uint8Array(dense.length).fill(0).map((_, i) => good[i] ?? 0),
  ]) {
    assert.throws(() => hllFromBytes(bytes), RangeError, Buffer.from(bytes).toString('hex'));
  }
  assert.throws(() => hllFromBytes(change(dense, 3, 0xff)), /rank 63/);
  assert.throws(() => hllFromBytes(new Uint8Array([1, 6, 1, ...new Uint8Array(48)])), /should be sparse/);
  assert.throws(() => createHll(12).merge(createHll(11)), /precision 12 and 11/);
  assert.throws(() => createHll(3), RangeError);
});
