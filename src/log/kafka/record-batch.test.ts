import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { keyAt, recordAt } from '../batch.ts';
import { AT, ATTRIBUTE, HEADER_BYTES } from './batch-header.ts';
import { CODECS } from './codecs.ts';
import { buildBatch, stampBatch } from './batch-builder.ts';
import { decodeBatches as decode, openAnswer, type Fetched } from './record-batch.ts';
import { createUnpacker } from './unpack/unpacker.ts';

interface Written {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly time: number;
}

const unpacker = createUnpacker();
type Decoded = ReturnType<typeof decode>;
type InOnePiece = Omit<Fetched, 'pieces'> & { readonly bytes: Buffer };
const decodeBatches = ({ bytes, ...fetched }: InOnePiece, from: number): Decoded => decode({ ...fetched, pieces: [bytes] }, from, unpacker);

const PLACE = { topic: 't', partition: 3, aborted: [] };
const short = fc.uint8Array({ maxLength: 12 });
const anyRecord = fc.record({
  key: fc.option(short),
  value: fc.option(fc.oneof(short, fc.uint8Array({ minLength: 120, maxLength: 400 }))),
  time: fc.oneof(fc.nat(9), fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }), fc.constant(2 ** 45)),
});
const anyBatch = fc.record({
  records: fc.array(anyRecord, { minLength: 1, maxLength: 20 }),
  codec: fc.constantFrom(...CODECS),
  gap: fc.oneof(fc.constant(0), fc.nat(5)),
});

/** The batch as the broker stores it, at its place. */
function stored(
  records: readonly Written[],
  offset: number,
  codec: (typeof CODECS)[number],
  more: { attributes?: number; producer?: bigint } = {},
): Buffer {
  const builder = buildBatch(8);
  for (const { key, value, time } of records) builder.add(key, value, time);
  const batch = builder.finish(codec);
  batch.writeBigInt64BE(BigInt(offset), AT.baseOffset);
  batch.writeInt16BE(batch.readInt16BE(AT.attributes) | (more.attributes ?? 0), AT.attributes);
  stampBatch(batch, { id: more.producer ?? -1n, epoch: 0 }, 0);
  return batch;
}

function plain(decoded: Pick<Decoded, 'batches'>): unknown[] {
  return decoded.batches.flatMap((batch) =>
    Array.from({ length: batch.count }, (_, i) => [
      batch.firstOffset + i,
      Buffer.from(keyAt(batch, i) ?? []).toString('hex'),
      batch.tombstones?.[i] === 1 ? null : Buffer.from(recordAt(batch, i)).toString('hex'),
      batch.appendTimes[i],
    ]),
  );
}

function hex(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

test('records come back as they were written, with every codec, from any offset on, cut into runs without a hole', () => {
  fc.assert(
    fc.property(fc.array(anyBatch, { minLength: 1, maxLength: 4 }), fc.nat(60), fc.nat(300), (batches, from, missing) => {
      let offset = 0;
      const expected: unknown[] = [];
      const bytes: Buffer[] = [];
      for (const { records, codec, gap } of batches) {
        offset += gap;
        bytes.push(stored(records, offset, codec));
        for (const { key, value, time } of records) expected.push([offset++, hex(key), value === null ? null : hex(value), time]);
      }
      const decoded = decodeBatches({ ...PLACE, bytes: Buffer.concat(bytes) }, from);
      assert.deepEqual(
        plain(decoded),
        expected.filter((each) => (each as [number])[0] >= from),
      );
      assert.equal(decoded.next, Math.max(offset, from));
      for (const [i, run] of decoded.batches.slice(1).entries()) {
        const before = decoded.batches[i]!;
        assert.ok(run.firstOffset >= before.firstOffset + before.count);
      }
      // An answer is cut where it is full: only whole batches are read, and the rest is asked for again.
      const whole = Buffer.concat(bytes.slice(0, -1));
      const cut = decodeBatches(
        { ...PLACE, bytes: Buffer.concat([whole, bytes.at(-1)!.subarray(0, Math.min(missing, bytes.at(-1)!.length - 1))]) },
        0,
      );
      assert.equal(plain(cut).length, expected.length - batches.at(-1)!.records.length);
    }),
    { numRuns: 300 },
  );
});

test('a time that a producer gave in another unit is brought to the nearest year from 1970 to 9999', () => {
  const times = [1_700_000_000_000, 1_700_000_000_000_000_000, -(2 ** 60), -1, 0, 253_402_300_800_000];
  const bytes = Buffer.concat(times.map((time, offset) => stored([{ key: null, value: null, time }], offset, 'none')));
  const { batches } = decodeBatches({ ...PLACE, bytes }, 0);
  assert.deepEqual(
    batches.flatMap(({ appendTimes }) => [...appendTimes]).map((time) => new Date(time).toISOString()),
    [
      '2023-11-14T22:13:20.000Z',
      '9999-12-31T23:59:59.999Z',
      '1970-01-01T00:00:00.000Z',
      '1970-01-01T00:00:00.000Z',
      '1970-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
    ],
  );
});

test('what is lent is what is given to keep, piece by piece, as long as nothing more is asked for', () => {
  const own = createUnpacker();
  const anyLarge = fc.record({
    records: fc.array(
      fc.record({ key: fc.option(short), value: fc.option(fc.constantFrom(Buffer.alloc(90_000, 'v'), Buffer.from('w'))), time: fc.nat(9) }),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
    codec: fc.constantFrom(...CODECS),
  });
  fc.assert(
    fc.property(fc.array(anyLarge, { minLength: 1, maxLength: 4 }), fc.nat(20), fc.nat(5_000), (batches, from, cutAt) => {
      let offset = 0;
      const bytes = Buffer.concat(batches.map(({ records, codec }) => stored(records, (offset += records.length) - records.length, codec)));
      const pieces = [bytes.subarray(0, cutAt), bytes.subarray(cutAt)];
      const answer = openAnswer({ ...PLACE, pieces }, from, own);
      const lent: unknown[] = [];
      for (let some = answer.read(true); some.length > 0; some = answer.read(true)) lent.push(...plain({ batches: some }));
      const kept = decodeBatches({ ...PLACE, bytes }, from);
      assert.deepEqual(lent, plain(kept));
      assert.equal(answer.next, kept.next);
    }),
    { numRuns: 100 },
  );
});

test('broken bytes are told by their checksum or their lengths, never read as records', () => {
  const good = stored(
    [
      { key: Buffer.from('k'), value: Buffer.from('value'), time: 5 },
      { key: null, value: Buffer.from('x'), time: 6 },
    ],
    0,
    'none',
  );
  fc.assert(
    fc.property(fc.integer({ min: AT.crc, max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bad = Buffer.from(good);
      bad[at]! ^= change;
      assert.throws(() => decodeBatches({ ...PLACE, bytes: bad }, 0), {
        code: 'log_unreadable',
        message: /t\/3 holds a batch whose checksum is wrong, at offset 0/,
      });
      if (at < AT.count) return;
      stampBatch(bad, { id: -1n, epoch: 0 }, 0); // a checksum that is right for it
      try {
        for (const batch of decodeBatches({ ...PLACE, bytes: bad }, 0).batches) {
          for (let i = 0; i < batch.count; i++) assert.ok(recordAt(batch, i).length + (keyAt(batch, i)?.length ?? 0) <= good.length);
        }
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'log_unreadable', String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test('compressed bytes that are broken under a checksum that is right are refused, or read as whatever they say, and harm nothing', () => {
  const words = Array.from({ length: 40 }, (_, i) => ({ key: null, value: Buffer.from(`{"country":"KR","n":${i}}`), time: 5 }));
  for (const codec of CODECS) {
    const good = stored(words, 0, codec);
    const refused = { some: false };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: HEADER_BYTES, max: good.length - 1 }), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const bad = Buffer.from(good);
          for (const [at, byte] of changes) bad[at] = byte;
          stampBatch(bad, { id: -1n, epoch: 0 }, 0);
          try {
            decodeBatches({ ...PLACE, bytes: bad }, 0);
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'log_unreadable', String(error));
            refused.some = true;
          }
          assert.equal(decodeBatches({ ...PLACE, bytes: good }, 0).batches[0]!.count, words.length);
        },
      ),
      { numRuns: 150 },
    );
    assert.ok(refused.some, codec);
  }
});

test('where memory is short, that is said of the machine and not of the batch', (t) => {
  const own = createUnpacker();
  const { prototype } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: { grow: unknown } } } }).WebAssembly.Memory;
  const { grow } = prototype;
  t.after(() => (prototype.grow = grow));
  for (const codec of CODECS) {
    prototype.grow = grow;
    const bytes = stored([{ key: null, value: Buffer.alloc(1 << 20, codec), time: 1 }], 0, codec);
    own.load([bytes]);
    prototype.grow = function noRoom(): void {
      throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
    };
    assert.throws(() => decode({ ...PLACE, pieces: [bytes] }, 0, own), { code: 'memory_short' }, codec);
  }
});

test('message formats older than Kafka 0.11 are refused by name', () => {
  const old = stored([{ key: null, value: Buffer.from('x'), time: 1 }], 7, 'none');
  old[AT.magic] = 1;
  assert.throws(() => decodeBatches({ ...PLACE, bytes: old }, 0), { code: 'log_unreadable', message: /message format 1, .* at offset 7/ });
});

test("the broker's time goes for all records of a batch whose topic says so", () => {
  const batch = stored(
    [
      { key: null, value: Buffer.from('a'), time: 10 },
      { key: null, value: Buffer.from('b'), time: 30 },
    ],
    0,
    'lz4',
    { attributes: ATTRIBUTE.logAppendTime },
  );
  assert.deepEqual([...decodeBatches({ ...PLACE, bytes: batch }, 0).batches[0]!.appendTimes], [30, 30]);
});

/** What ends a transaction: a record whose key is a version and a type (0 abort, 1 commit). */
function marker(offset: number, producer: bigint, type: 0 | 1): Buffer {
  const record = { key: Buffer.from([0, 0, 0, type]), value: Buffer.from([0, 0, 0, 0, 0, 0]), time: 1 };
  return stored([record], offset, 'none', { attributes: ATTRIBUTE.control | ATTRIBUTE.transactional, producer });
}

test('of transactions that were taken back nothing is read, also where one answer holds several of one producer', () => {
  const one = (offset: number, value: string, producer?: bigint): Buffer => {
    const more = producer === undefined ? {} : { attributes: ATTRIBUTE.transactional, producer };
    return stored([{ key: null, value: Buffer.from(value), time: 1 }], offset, 'none', more);
  };
  const bytes = Buffer.concat([
    one(0, 'aborted', 1n),
    one(1, 'plain'),
    one(2, 'kept', 2n),
    marker(3, 1n, 0),
    one(4, 'kept', 1n),
    marker(5, 1n, 1),
    one(6, 'aborted', 1n),
    marker(7, 2n, 1),
    one(8, 'aborted', 1n),
    marker(9, 1n, 0),
  ]);
  const aborted = [
    { producerId: 1n, firstOffset: 6n },
    { producerId: 1n, firstOffset: 0n },
  ];
  const decoded = decodeBatches({ ...PLACE, bytes, aborted }, 0);
  assert.deepEqual(
    plain(decoded).map((each) => [(each as [number])[0], Buffer.from((each as string[])[2]!, 'hex').toString()]),
    [
      [1, 'plain'],
      [2, 'kept'],
      [4, 'kept'],
    ],
  );
  assert.equal(decoded.next, 10, 'the markers are behind us');
});

test('a compacted topic of more holes than a call takes arguments', () => {
  const one = stored([{ key: null, value: Buffer.from('v'), time: 1 }], 0, 'none');
  const count = 150_000;
  const bytes = Buffer.alloc(count * one.length);
  for (let i = 0; i < count; i++) {
    bytes.set(one, i * one.length);
    bytes.writeBigInt64BE(BigInt(2 * i), i * one.length + AT.baseOffset);
  }
  const { batches, next } = decodeBatches({ ...PLACE, bytes }, 0);
  assert.equal(batches.length, count);
  assert.equal(next, 2 * count - 1);
});
