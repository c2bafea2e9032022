import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIdHasher } from './hash.ts';

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
