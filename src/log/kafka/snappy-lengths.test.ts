import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { checksum, compress, decompress, type Codec } from './codecs.ts';
import { checkSnappy } from './snappy-lengths.ts';

/** Several blocks, as Java clients write them. */
function xerial(blocks: readonly Buffer[]): Buffer {
  const lengths = blocks.map(({ length }) => Buffer.from([0, 0, length >> 8, length & 255]));
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  return Buffer.concat([header, ...blocks.flatMap((block, i) => [lengths[i]!, block])]);
}

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.nat(90_000)).map(([unit, times]) => Buffer.alloc(times, unit)),
);

test('what snappy packed is taken, in one block or several, however well it was packed', () => {
  fc.assert(
    fc.property(fc.array(anyBytes, { minLength: 1, maxLength: 3 }), (parts) => {
      const packed = parts.map((part) => compress('snappy', Buffer.from(part)));
      assert.deepEqual(decompress('snappy', packed[0]!), Buffer.from(parts[0]!));
      assert.deepEqual(decompress('snappy', xerial(packed)), Buffer.concat(parts));
    }),
    { numRuns: 200 },
  );
});

test('no room is made for lengths that cannot be, nor for more than is permitted in all', () => {
  const hostile = Buffer.from([0x80, 0x84, 0xaf, 0xbf, 0x01, 0x00, 0x61]);
  const before = process.memoryUsage.rss();
  assert.throws(() => decompress('snappy', hostile), /7 bytes that say they are 401326592/);
  assert.throws(() => decompress('snappy', Buffer.from([255, 255, 255, 255, 15, 0])), /say they are 4294967295/);
  assert.throws(() => decompress('snappy', xerial([compress('snappy', Buffer.from('good')), hostile])), /say they are/);
  assert.ok(process.memoryUsage.rss() - before < 100_000_000);
  const fine = compress('snappy', Buffer.alloc(600, 'a'));
  checkSnappy(xerial([fine, fine]), 1_200);
  assert.throws(() => checkSnappy(xerial([fine, fine]), 1_199), /more than 1199 bytes/);
});

test('no bytes at all are packed, unpacked and summed up, also after much more than before was', () => {
  const nothing = Buffer.alloc(0);
  let megabytes = 4;
  // What comes of random bytes is as long as they are: the codec's memory grows for it.
  const growing = (codec: Codec): Buffer => compress(codec, randomBytes((megabytes *= 2) << 20));
  for (const codec of ['snappy', 'lz4'] as const) {
    growing(codec);
    const packed = compress(codec, nothing);
    assert.deepEqual(decompress(codec, packed), nothing);
    growing(codec);
    assert.equal(checksum(nothing), 0);
  }
});
