import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../../test/support/fast-check.ts';
import { compress, decompress } from '../codecs.ts';
import { frameOf } from './lz4-frame.ts';
import { createUnpacker, type Unpacker } from './unpacker.ts';

const unpacker = createUnpacker();

/** One record with this value, as it stands in a batch. */
function recordOf(value: Uint8Array): Buffer {
  const inner = Buffer.concat([Buffer.from([0, 0, 0, 1]), zigzag(value.length), value, Buffer.from([0])]);
  return Buffer.concat([zigzag(inner.length), inner]);
}

function zigzag(number: number): Buffer {
  const bytes: number[] = [];
  let rest = number * 2;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

function unpack(by: Unpacker, packed: Buffer): number {
  by.load([packed]);
  return by.unpack('lz4', 0, packed.length);
}

/** The value of the only record. */
function unpacked(by: Unpacker, packed: Buffer): Buffer {
  unpack(by, packed);
  by.read({ count: 1, baseOffset: 0, baseTimestamp: 0 }, 0);
  return Buffer.from(by.take().bytes);
}

interface FrameOptions {
  /** 4 to 7. */
  readonly size?: number;
  readonly flags?: number;
}

/** A frame of blocks, with whatever header its options say. Nobody looks at its checksums. */
function frame(blocks: readonly Buffer[], { size = 4, flags = 0x60 }: FrameOptions = {}): Buffer {
  const parts = blocks.flatMap((block) => [word(block.length), block]);
  const contentSize = (flags & 0x08) === 0 ? Buffer.alloc(0) : Buffer.alloc(8);
  const trailer = (flags & 0x04) === 0 ? Buffer.alloc(0) : Buffer.alloc(4);
  return Buffer.concat([word(0x184d2204), Buffer.from([flags, size << 4]), contentSize, Buffer.alloc(1), ...parts, word(0), trailer]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Literals, then a match of `length` bytes from `distance` back; the end without a match. */
function sequence(literals: Uint8Array, match?: { distance: number; length: number }): Buffer {
  const lengths = (length: number): number[] =>
    length < 15 ? [] : [...Array.from({ length: Math.floor((length - 15) / 255) }, () => 255), (length - 15) % 255];
  const copied = match ? match.length - 4 : 0;
  return Buffer.from([
    (Math.min(15, literals.length) << 4) | Math.min(15, copied),
    ...lengths(literals.length),
    ...literals,
    ...(match ? [match.distance & 255, match.distance >> 8, ...lengths(copied)] : []),
  ]);
}

const texts = fc.array(fc.oneof(fc.constantFrom('{"event_id":"', '","country":"KR"}', 'aaaaaaaa', '0'), fc.string()), { maxLength: 3_000 });
const anyBytes = fc.oneof(
  texts.map((parts) => Buffer.from(parts.join(''))),
  fc.uint8Array({ maxLength: 3_000 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(20_000))
    .map(([unit, times]) => Buffer.concat(Array.from({ length: times }, () => unit))),
);

test('what lz4 packed comes back byte for byte', () => {
  fc.assert(
    fc.property(anyBytes, (value) => {
      const packed = compress('lz4', recordOf(value));
      assert.ok(frameOf(packed), 'a frame that is read here, not by the library');
      assert.deepEqual(unpacked(unpacker, packed), Buffer.from(value));
    }),
    { numRuns: 200 },
  );
});

test('matches of every distance and length, over literals of every length, as a naive reader reads them', () => {
  const anySequence = fc.record({
    literals: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    distance: fc.integer({ min: 1, max: 600 }),
    length: fc.integer({ min: 4, max: 700 }),
  });
  fc.assert(
    fc.property(fc.array(anySequence, { minLength: 1, maxLength: 8 }), fc.boolean(), (sequences, isLinked) => {
      const plain: number[] = [];
      const parts: Buffer[] = [];
      for (const { literals, distance, length } of sequences) {
        plain.push(...literals);
        const back = Math.min(distance, plain.length);
        for (let i = 0; i < length; i++) plain.push(plain.at(-back)!);
        parts.push(sequence(literals, { distance: back, length }));
      }
      const block = Buffer.concat([...parts, sequence(Buffer.from('end'))]);
      assert.equal(unpack(unpacker, frame([block], { flags: isLinked ? 0x40 : 0x60 })), plain.length + 3);
      // The same with a record's head before it, so that the bytes can be seen.
      const value = Buffer.concat([Buffer.from(plain), Buffer.from('end')]);
      const head = recordOf(value).subarray(0, -value.length - 1);
      const record = Buffer.concat([
        sequence(Buffer.concat([head, sequences[0]!.literals]), {
          distance: Math.min(sequences[0]!.distance, sequences[0]!.literals.length),
          length: sequences[0]!.length,
        }),
        ...parts.slice(1),
        sequence(Buffer.from('end\0')),
      ]);
      assert.deepEqual(unpacked(unpacker, frame([record])), value);
    }),
    { numRuns: 300 },
  );
});

test('blocks that are stored, that reach back, and with sizes and checksums that nobody looks at', () => {
  const value = Buffer.from('abcdefgh'.repeat(3));
  const record = recordOf(value);
  const stored = Buffer.concat([word((record.length | 0x8000_0000) >>> 0), record]);
  const whole = frame([], { flags: 0x6c });
  const header = whole.subarray(0, 15);
  assert.deepEqual(unpacked(unpacker, Buffer.concat([header, stored, whole.subarray(15)])), value);
  const head = record.subarray(0, 14);
  const rest = sequence(Buffer.alloc(0), { distance: 8, length: value.length + record.length - value.length - 14 - 1 });
  const tail = Buffer.concat([rest, sequence(Buffer.from([0]))]);
  assert.deepEqual(unpacked(unpacker, frame([sequence(head), tail], { flags: 0x40 })), value);
  // A block that may not reach back and does is left to the library, which refuses it.
  assert.throws(() => unpacked(unpacker, frame([sequence(head), tail], { flags: 0x60 })));
});

test('damaged frames give what the library makes of them, or its refusal, and harm nothing', () => {
  const value = Buffer.from('{"country":"KR","revenue":1.5}'.repeat(40));
  const good = compress('lz4', recordOf(value));
  const seen = { alike: 0, refusedHere: 0 };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(good.length),
      (changes, cut) => {
        const bad = Buffer.from(good.subarray(0, cut < 20 ? good.length : cut));
        for (const [at, byte] of changes) if (at < bad.length) bad[at] = byte;
        let wanted: number | undefined;
        try {
          wanted = decompress('lz4', bad).length;
        } catch {
          wanted = undefined;
        }
        let found: number | undefined;
        try {
          found = unpack(unpacker, bad);
        } catch {
          found = undefined;
        }
        // The frame's own checksums are not looked at here. The library takes a match of distance 0, which the format forbids.
        if (wanted !== undefined && found === undefined) seen.refusedHere++;
        else if (wanted !== undefined) {
          seen.alike++;
          assert.equal(found, wanted);
        }
        assert.deepEqual(unpacked(unpacker, good), value);
      },
    ),
    { numRuns: 500 },
  );
  assert.ok(seen.alike > 20 && seen.refusedHere < 5, JSON.stringify(seen));
});

test('broken blocks, however many, are refused here: the library would lose memory by each', () => {
  const own = createUnpacker();
  const broken = frame([Buffer.from([0x10, 1, 9, 9])]);
  for (let i = 0; i < 5_000; i++) assert.throws(() => unpack(own, broken), /is none/);
  const value = Buffer.from('value');
  assert.deepEqual(decompress('lz4', compress('lz4', value)), value);
  assert.deepEqual(unpacked(own, compress('lz4', recordOf(value))), value);
});

test('where no addresses are left for a new memory, the large one goes on', (t) => {
  const own = createUnpacker();
  const large = Buffer.alloc(20 << 20, 'large');
  assert.deepEqual(unpacked(own, compress('lz4', recordOf(large))), large);
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Instance: unknown } };
  const { Instance } = WebAssembly;
  t.after(() => (WebAssembly.Instance = Instance));
  WebAssembly.Instance = function outOfMemory(): void {
    throw new RangeError('WebAssembly.Instance(): Out of memory');
  };
  for (const text of ['next', 'and on']) assert.deepEqual(unpacked(own, compress('lz4', recordOf(Buffer.from(text)))), Buffer.from(text));
});

test('where there is no memory, that is said, and not that the bytes are broken; with room again it goes on', (t) => {
  const own = createUnpacker();
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Instance: unknown; Memory: { prototype: { grow: unknown } } } };
  const { Instance } = WebAssembly;
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  const small = compress('lz4', recordOf(Buffer.from('small')));
  unpacked(own, small);
  const restore = (): void => {
    WebAssembly.Instance = Instance;
    prototype.grow = grow;
  };
  t.after(restore);
  prototype.grow = function noRoom(): void {
    throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
  };
  const large = Buffer.alloc(1 << 20, 'large');
  const short = { code: 'memory_short', retryable: false, message: /Unable to grow.*ulimit -v/ };
  assert.throws(() => unpacked(own, compress('lz4', recordOf(large))), short);
  assert.throws(() => own.load([large]), short);
  assert.deepEqual(unpacked(own, small), Buffer.from('small'));
  WebAssembly.Instance = function outOfMemory(): void {
    throw new RangeError('WebAssembly.Instance(): Out of memory');
  };
  assert.throws(createUnpacker, { ...short, message: /Instance\(\): Out of memory/ });
  restore();
  assert.deepEqual(unpacked(own, compress('lz4', recordOf(large))), large);
});

test('a large batch does not keep its memory, and what is held when one fails is let go of', () => {
  const own = createUnpacker();
  const large = Buffer.alloc(20 << 20, 'large');
  assert.deepEqual(unpacked(own, compress('lz4', recordOf(large))), large);
  const held = recordOf(Buffer.from('held'));
  own.load([held.subarray(0, 3), held.subarray(3), Buffer.from([20, 0])]);
  own.unpack('none', 0, held.length);
  own.read({ count: 1, baseOffset: 0, baseTimestamp: 0 }, 0);
  own.unpack('none', held.length, held.length + 2);
  assert.throws(() => own.read({ count: 1, baseOffset: 0, baseTimestamp: 0 }, 0), RangeError);
  assert.equal(own.bytes, 4);
  assert.deepEqual(unpacked(own, compress('lz4', recordOf(Buffer.from('next')))), Buffer.from('next'));
});
