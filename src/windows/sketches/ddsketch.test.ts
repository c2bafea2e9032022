import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createRandom } from '../../core/random.ts';
import { createDdsketch, ddsketchFromBytes, mergeDdsketches, type DdsketchOptions } from './ddsketch.ts';

const value = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
  fc.constantFrom(0, -0, 1e-12, 1e300, -1e300, Number.MAX_VALUE, 5e-324, Infinity, -Infinity),
);
function sketchOf(values: readonly number[], options: DdsketchOptions = {}) {
  const sketch = createDdsketch(options);
  for (const each of values) sketch.add(each);
  return sketch;
}

test('every quantile is within the accuracy of the value of that rank', () => {
  const number = fc.oneof(
    fc.integer({ min: -50, max: 50 }),
    fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((x) => (Math.abs(x) < 1e-6 ? 0 : x)),
  );
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 60 }), fc.constantFrom(0.001, 0.01, 0.1), (values, accuracy) => {
      const sketch = sketchOf(values, { accuracy, binsMax: 65_535 });
      const sorted = [...values].sort((a, b) => a - b);
      for (const q of [0, 0.01, 0.25, 0.5, 0.9, 0.99, 1]) {
        const exact = sorted[Math.floor(q * (values.length - 1))] as number;
        const got = sketch.quantile(q);
        assert.ok(Math.abs(got - exact) <= (accuracy + 1e-9) * Math.abs(exact), `q ${q}: ${got} for ${exact}`);
      }
      assert.equal(sketch.quantile(0), sorted[0] === 0 ? 0 : sorted[0]);
      assert.equal(sketch.count(), values.length);
    }),
    { numRuns: 400 },
  );
});

test('many values of a skewed distribution: p50 to p99.9 within 1 %', () => {
  const random = createRandom(11);
  const values = Array.from({ length: 50_000 }, () => Math.exp(2 * random.normal()));
  const sketch = sketchOf(values);
  const sorted = Float64Array.from(values).sort();
  for (const q of [0.5, 0.9, 0.99, 0.999]) {
    const exact = sorted[Math.floor(q * (values.length - 1))] as number;
    assert.ok(Math.abs(sketch.quantile(q) / exact - 1) <= 0.01 + 1e-9, `q ${q}`);
  }
  assert.ok(sketch.toBytes().length < 3_000, `${sketch.toBytes().length} bytes`);
});

test('order and merging leave no trace, also where bins were folded: the same values are the same bytes', () => {
  const groups = fc.array(fc.array(value, { maxLength: 20 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(groups, fc.constantFrom(1, 3, 20, 2_048), fc.integer(), (parts, binsMax, seed) => {
      const options = { accuracy: 0.05, binsMax };
      const expected = sketchOf(parts.flat(), options).toBytes();
      const random = createRandom(seed);
      assert.deepEqual(
        sketchOf(
          parts.flat().sort(() => random.unit() - 0.5),
          options,
        ).toBytes(),
        expected,
      );
      const states = parts.map((part) => sketchOf(part, options).toBytes());
      assert.deepEqual(states.reduce(mergeDdsketches), expected);
      assert.deepEqual(
        states.reduceRight((a, b) => mergeDdsketches(b, a)),
        expected,
      );
      const inMemory = sketchOf([], options);
      for (const part of [...parts].reverse()) inMemory.merge(sketchOf(part, options));
      assert.deepEqual(inMemory.toBytes(), expected);
      assert.deepEqual(ddsketchFromBytes(expected).toBytes(), expected);
    }),
    { numRuns: 300 },
  );
});

test('bins are bounded: the largest magnitudes keep their accuracy, the small ones are folded', () => {
  const sketch = sketchOf(
    Array.from({ length: 5_000 }, (_, i) => 1.1 ** (i % 500)),
    { binsMax: 100 },
  );
  let [bins, counted] = [0, 0];
  sketch.parts.positive.forEach((_, count) => {
    bins++;
    counted += count;
  });
  assert.ok(bins <= 100);
  assert.equal(counted, 5_000);
  assert.equal(sketch.quantile(0), 1);
  const exact = 1.1 ** 495;
  assert.ok(Math.abs(sketch.quantile(0.992) / exact - 1) <= 0.011);
});

test('any number is taken: zeros, both infinities, the smallest and the largest', () => {
  const sketch = sketchOf([-Infinity, -0, 0, 5e-324, Number.MAX_VALUE, Infinity]);
  assert.equal(sketch.quantile(0), -Number.MAX_VALUE);
  assert.equal(sketch.quantile(1), Number.MAX_VALUE);
  assert.equal(Object.is(sketch.quantile(0.3), 0), true);
  fc.assert(
    fc.property(fc.array(value, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
      assert.ok(Number.isFinite(sketchOf(values).quantile(q)));
    }),
  );
  assert.ok(Number.isNaN(createDdsketch().quantile(0.5)));
  assert.ok(Number.isNaN(sketch.quantile(1.5)));
  assert.throws(() => sketch.add(NaN), RangeError);
});

test('merged into itself it has everything twice', () => {
  const sketch = sketchOf([1, 2, 3, -4, 0]);
  sketch.merge(sketch);
  assert.deepEqual(sketch.toBytes(), sketchOf([1, 2, 3, -4, 0, 1, 2, 3, -4, 0]).toBytes());
});

test('what is no sketch, or another one, is refused', () => {
  const good = sketchOf([1, 2, 300, -4]).toBytes();
  for (let length = 0; length < good.length; length++) assert.throws(() => ddsketchFromBytes(good.subarray(0, length)), RangeError);
  assert.throws(() => ddsketchFromBytes(Uint8Array.of(...good, 0)), /follows its end/);
  assert.throws(() => ddsketchFromBytes(Uint8Array.from(good, (byte, i) => (i === 0 ? 9 : byte))), /header/);
  assert.throws(() => createDdsketch({ accuracy: 0.01 }).merge(createDdsketch({ accuracy: 0.02 })), RangeError);
  for (const options of [{ accuracy: 0 }, { accuracy: 1 }, { binsMax: 0 }, { binsMax: 70_000 }])
    assert.throws(() => createDdsketch(options), RangeError);
});
