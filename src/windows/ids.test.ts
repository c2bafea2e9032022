import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createIdHasher } from './id-hash.ts';
import { createIdMemory } from './ids.ts';

test('remembers exactly while the watermark is below event time + dedup, like a plain map', () => {
  const step = fc.record({ id: fc.integer({ min: 0, max: 40 }), time: fc.integer({ min: 0, max: 300 }), advance: fc.nat({ max: 20 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), fc.constantFrom(1, 37, 100), (steps, dedupMs) => {
      const memory = createIdMemory(dedupMs);
      const naive = new Map<number, number>();
      let watermark = 0;
      for (const { id, time, advance } of steps) {
        watermark += advance;
        const expected = naive.has(id) && watermark < naive.get(id)! + dedupMs;
        assert.equal(memory.remembers(id, 7, watermark), expected);
        if (expected) continue;
        memory.remember(id, 7, time, watermark);
        naive.set(id, time);
      }
    }),
  );
});

test('grows with what is remembered and shrinks with what is forgotten', () => {
  const memory = createIdMemory(1_000);
  for (let i = 0; i < 50_000; i++) memory.remember(i, i ^ 0x5555, 0, 0);
  for (let i = 0; i < 50_000; i++) assert.ok(memory.remembers(i, i ^ 0x5555, 999), `id ${i}`);
  assert.equal(memory.takeNew()!.low.length, 50_000);
  assert.equal(memory.takeNew(), undefined);
  for (let i = 0; i < 200_000; i++) memory.remember(i, i, 2_000 + i, 2_000 + i);
  assert.ok(memory.size < 100_000, `${memory.size} of 250,000 ids are left`);
  assert.ok(!memory.remembers(7, 7 ^ 0x5555, 2_000));
});

test('different ids have different hashes, whatever their characters, and the key matters', () => {
  const hasher = createIdHasher([1, 2]);
  const other = createIdHasher([1, 3]);
  const texts = [
    '',
    'a',
    'b',
    'ab',
    'abc',
    'abcd',
    'abcde',
    'é',
    'ü',
    '한',
    '글',
    '👋',
    '\ud800',
    '\ud801',
    '\udc00',
    '\ufffd',
    'a\u0000',
    '\u0000a',
  ];
  const hashes = texts.map((text) => {
    const { low, high } = hasher.hash(text);
    return `${low}/${high}`;
  });
  assert.equal(new Set(hashes).size, texts.length);
  for (const [i, text] of texts.entries()) {
    const { low, high } = other.hash(text);
    assert.notEqual(`${low}/${high}`, hashes[i]);
  }
});

test('200,000 ids: no two share their 64 bits, and each half is spread evenly', () => {
  const hasher = createIdHasher([0x01234567, 0x89abcdef]);
  const seen = new Set<bigint>();
  const buckets = new Uint32Array(64);
  for (let i = 0; i < 200_000; i++) {
    const { low, high } = hasher.hash(`event-${i}`);
    seen.add((BigInt(high) << 32n) | BigInt(low));
    buckets[low >>> 26]!++;
    buckets[high >>> 26]!++;
  }
  assert.equal(seen.size, 200_000);
  const expected = 400_000 / 64;
  for (const count of buckets) assert.ok(Math.abs(count - expected) < 6 * Math.sqrt(expected), `${count} against ${expected}`);
});
