import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createRandom } from '../../core/random.ts';
import { columnAt, keyAt, packRecords, recordAt } from '../batch.ts';
import type { RecordBatch, RecordsToAppend } from '../log.ts';
import { createEmbeddedLog, type EmbeddedLog } from './embedded-log.ts';
import { createFreshRows, type FreshRow, type PlainRow } from './fresh-rows.ts';

function rowOf(part: number, firstOffset: number, endOffset: number, letGo: (firstOffset: number) => void): FreshRow {
  const plain: PlainRow = { flags: 0, bodyBytes: 1_500, body: Buffer.alloc(1_500), letGo: () => letGo(firstOffset), kept: () => plain };
  return { part, firstOffset, endOffset, appendTime: 0, firstLine: null, plain };
}

function setup(bytesMax: number) {
  const fresh = createFreshRows(bytesMax);
  const gone: string[] = [];
  const row = (part: number, from: number, to: number): FreshRow => rowOf(part, from, to, (first) => gone.push(`${part}/${first}`));
  return {
    fresh,
    gone,
    write(...spans: [part: number, from: number, to: number][]): FreshRow[] {
      const rows = spans.map((span) => row(...span));
      fresh.written(rows);
      return rows;
    },
  };
}

const reader = {};

test('rows are kept for a partition that is followed, until they are read', () => {
  const { fresh, gone, write } = setup(20_000);
  write([1, 0, 5]);
  assert.equal(fresh.at(1, 0, reader), undefined);
  assert.deepEqual(gone, ['1/0'], 'nobody follows: its memory goes to others at once');

  fresh.follow(1, reader);
  const [first] = write([1, 5, 8], [1, 8, 9], [2, 0, 1]);
  assert.equal(fresh.at(1, 4, reader), undefined, 'it begins later');
  assert.deepEqual(fresh.at(1, 7, reader), first);
  assert.equal(fresh.at(2, 0, reader), undefined);
  fresh.passed(1, 7);
  assert.deepEqual(fresh.at(1, 5, reader), first, 'not read to its end');
  fresh.passed(1, 9);
  assert.equal(fresh.at(1, 5, reader), undefined);
  assert.equal(fresh.at(1, 8, reader), undefined);
});

test('the memory of a row goes to others when it is read and nobody looks at it any more', () => {
  const { fresh, gone, write } = setup(20_000);
  const other = {};
  fresh.follow(1, reader);
  write([1, 0, 1], [1, 1, 2], [1, 2, 3], [1, 3, 4]);
  for (const who of [reader, reader, other]) fresh.at(1, 0, who);
  fresh.at(1, 1, reader);
  fresh.at(1, 2, undefined);
  fresh.givenBack(reader);
  assert.deepEqual(gone, [], 'they may be asked for again');
  fresh.at(1, 1, reader);
  fresh.passed(1, 4);
  assert.deepEqual(gone, ['1/3'], 'nobody has looked at it');
  fresh.givenBack(reader);
  fresh.givenBack(reader);
  assert.deepEqual(gone, ['1/3', '1/1']);
  fresh.givenBack(other);
  assert.deepEqual(gone, ['1/3', '1/1', '1/0'], 'one is kept by somebody');
});

test('a partition whose reader falls behind is followed no more, others are', () => {
  const { fresh, gone, write } = setup(20_000);
  for (const part of [1, 2]) fresh.follow(part, reader);
  write([1, 0, 1], [1, 1, 2], [1, 2, 3], [1, 3, 4], [1, 4, 5], [1, 5, 6], [1, 6, 7], [1, 7, 8], [2, 0, 1], [2, 1, 2]);
  assert.ok(fresh.at(1, 0, reader) && fresh.at(1, 7, reader) && fresh.at(2, 1, reader));
  write([2, 2, 3]);
  assert.equal(fresh.at(1, 7, reader), undefined);
  assert.deepEqual(gone, ['1/1', '1/2', '1/3', '1/4', '1/5', '1/6']);
  assert.ok(fresh.at(2, 0, reader) && fresh.at(2, 2, reader));
  write([1, 8, 9]);
  assert.equal(fresh.at(1, 8, reader), undefined);
  fresh.forget();
  assert.equal(fresh.at(2, 2, reader), undefined);
});

test('what a row takes beside its body counts too', () => {
  const { fresh, write } = setup(20_000);
  const empty = (n: number): FreshRow => {
    const plain: PlainRow = { flags: 0, bodyBytes: 4, body: Buffer.alloc(4), letGo: () => {}, kept: () => plain };
    return { part: 1, firstOffset: n, endOffset: n + 1, appendTime: 0, firstLine: null, plain };
  };
  fresh.follow(1, reader);
  const some = (from: number, to: number): FreshRow[] => Array.from({ length: to - from }, (_, i) => empty(from + i));
  fresh.written(some(0, 30));
  assert.ok(fresh.at(1, 29, undefined));
  fresh.written(some(30, 50));
  assert.equal(fresh.at(1, 49, undefined), undefined);
  write([1, 50, 51]);
  assert.equal(fresh.at(1, 50, undefined), undefined);
});

test('of many small rows the one that holds an offset is found as fast as of few', () => {
  const { fresh } = setup(Infinity);
  fresh.follow(1, reader);
  const count = 20_000;
  let looks = 0;
  const plain: PlainRow = { flags: 0, bodyBytes: 0, body: Buffer.alloc(0), letGo: () => {}, kept: () => plain };
  const rows = Array.from({ length: count }, (_, n) => ({
    part: 1,
    firstOffset: 2 * n,
    // A getter would be gone in a copy: counted by what asks for a number.
    endOffset: { valueOf: () => (looks++, 2 * n + 2) } as unknown as number,
    appendTime: 0,
    firstLine: null,
    plain,
  }));
  fresh.written(rows);
  for (const offset of [0, 1, 19_999, 2 * count - 1]) assert.equal(fresh.at(1, offset, undefined)?.firstOffset, offset - (offset % 2));
  assert.equal(fresh.at(1, 2 * count, undefined), undefined);
  fresh.passed(1, 2 * count - 1);
  assert.ok(looks < 200, `${looks} rows were looked at`);
  assert.equal(fresh.at(1, 2 * count - 3, undefined), undefined);
  assert.ok(fresh.at(1, 2 * count - 1, undefined));
});

test('rows are kept as long as one of those who follow reads on', () => {
  const { fresh, gone, write } = setup(100_000);
  const other = {};
  fresh.follow(1, reader);
  fresh.follow(1, other);
  fresh.follow(2, reader);
  write([1, 0, 1], [2, 0, 1]);
  fresh.left(reader);
  assert.deepEqual(gone, ['2/0']);
  write([1, 1, 2], [2, 1, 2]);
  assert.ok(fresh.at(1, 0, other) && fresh.at(1, 1, other) && !fresh.at(2, 1, other));
  fresh.left(other);
  fresh.left({});
  assert.equal(fresh.at(1, 1, other), undefined);
  fresh.givenBack(other);
  write([1, 2, 3]);
  assert.deepEqual(gone, ['2/0', '2/1', '1/0', '1/1', '1/2']);
});

/** What zstd cannot make smaller: four records of a quarter each. */
function pushed(bytes: number): RecordsToAppend {
  const random = createRandom(1, 0);
  const ends = Uint32Array.from({ length: 4 }, (_, i) => ((i + 1) * bytes) / 4);
  return { topic: 't', partition: 0, bytes: Uint8Array.from({ length: bytes }, () => random.below(256)), ends };
}

test('what was pushed and cannot be made smaller is read by who follows, and its memory is still that of who pushed it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-fresh-'));
  const log = createEmbeddedLog({ path: join(folder, 'log.sqlite'), clock: { now: () => 1, elapsed: () => 0 } });
  t.after(async () => {
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await log.ensureTopic('t', { partitions: 1 });
  const batches: [batch: RecordBatch, bytes: number][] = [];
  let offset = 0;
  // Copied where it is kept, kept where it is, and of several rows.
  for (const bytes of [4_000, 100_000, 4_000_000]) {
    assert.equal(await log.read('t', 0, offset, { maxBytes: 8 << 20, lentTo: reader }), undefined);
    const records = pushed(bytes);
    await log.commit({ appends: [records] });
    assert.ok(Buffer.from(records.bytes).equals(pushed(bytes).bytes));
    records.bytes.fill(255);
    for (const lentTo of [undefined, reader]) {
      let from = 0;
      while (from < 4) {
        const batch = (await log.read('t', 0, offset + from, { maxBytes: 8 << 20, ...(lentTo && { lentTo }) }))!;
        if (!lentTo) batches.push([batch, bytes]);
        for (let i = 0; i < batch.count; i++) {
          const expected = columnAt(pushed(bytes), batch.firstOffset + i - offset);
          assert.ok(Buffer.from(recordAt(batch, i)).equals(expected), `${bytes} bytes, record ${from + i}`);
        }
        from += batch.count;
      }
    }
    offset += 4;
  }
  // Whoever was not lent it keeps it, whatever came since.
  for (const [batch, bytes] of batches) {
    for (let i = 0; i < batch.count; i++) {
      assert.ok(Buffer.from(recordAt(batch, i)).equals(columnAt(pushed(bytes), (batch.firstOffset + i) % 4)), `${bytes} bytes`);
    }
  }
});

/** Of some 500 bytes, which become smaller. */
const textOf = (n: number): string => `${n}:`.repeat(100 + (n % 13));
/** `isBare`: without a key, and never a tombstone, as what is pushed. */
const valueOf = (n: number, isBare: boolean): string | null => (n % 7 === 3 && !isBare ? null : textOf(n));
const keyOf = (n: number, isBare: boolean): string | undefined => (n % 2 === 0 && !isBare ? `k${n}` : undefined);

function check(batch: RecordBatch, from: number, bare: ReadonlySet<number>): void {
  assert.ok(batch.firstOffset >= from);
  for (let i = 0; i < batch.count; i++) {
    const n = batch.firstOffset + i;
    const found = batch.tombstones?.[i] === 1 ? null : Buffer.from(recordAt(batch, i)).toString();
    assert.equal(found, valueOf(n, bare.has(n)), `record ${n}`);
    const key = keyAt(batch, i);
    assert.equal(key && Buffer.from(key).toString(), keyOf(n, bare.has(n)));
    assert.equal(batch.appendTimes[i], 1_700_000_000_000);
    assert.equal(batch.firstLine! + i, n + 1);
  }
}

async function append(
  log: EmbeddedLog,
  from: number,
  count: number,
  { isBare, isFaulty }: { isBare: boolean; isFaulty: boolean },
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, i) => from + i);
  const values = numbers.map((n) => valueOf(n, isBare));
  let records: Omit<RecordsToAppend, 'topic' | 'partition'>;
  if (isBare) {
    records = packRecords(values);
  } else {
    records = packRecords(
      values,
      numbers.map((n) => keyOf(n, isBare)),
    );
  }
  const appends = [{ topic: 't', partition: 0, ...records, firstLine: from + 1 }];
  if (isFaulty)
    await assert.rejects(log.commit({ appends: [...appends, { topic: 't', partition: 9, ...packRecords(['']) }] }), /partition/);
  else await log.commit({ appends });
  records.bytes.fill(255);
}

test('whoever reads the log, lent or not, near its end or far behind, reads what was committed', async () => {
  const readers = [undefined, {}, {}];
  const op = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('append' as const),
        count: fc.constantFrom(1, 5, 400),
        isBare: fc.boolean(),
        fault: fc.nat(5),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('read' as const),
        who: fc.nat(readers.length - 1),
        maxBytes: fc.constantFrom(1, 3_000, 1 << 20, 1 << 20, 1 << 20),
        maxRecords: fc.constantFrom(1, 7, undefined, undefined, undefined),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('retire' as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(8_000, 256 << 10), fc.array(op, { minLength: 5, maxLength: 40 }), async (rowBytes, ops) => {
      const folder = mkdtempSync(join(tmpdir(), 'tocsin-fresh-'));
      const log = createEmbeddedLog({
        path: join(folder, 'log.sqlite'),
        clock: { now: () => 1_700_000_000_000, elapsed: () => 0 },
        rowBytes,
      });
      try {
        await log.ensureTopic('t', { partitions: 1, retentionBytes: 400_000 });
        const at: number[] = readers.map(() => 0);
        const kept: [batch: RecordBatch, from: number][] = [];
        const lent: ([batch: RecordBatch, from: number] | undefined)[] = [];
        const bare = new Set<number>();
        let end = 0;
        for (const one of ops) {
          if (one.do === 'append') {
            const isFaulty = one.fault === 0;
            await append(log, end, one.count, { isBare: one.isBare, isFaulty });
            if (isFaulty) continue;
            if (one.isBare) for (let n = end; n < end + one.count; n++) bare.add(n);
            end += one.count;
          } else if (one.do === 'retire') {
            await log.applyRetention();
          } else {
            const { who, maxBytes, maxRecords } = one;
            const lentTo = readers[who];
            const from = at[who]!;
            // Up to here nobody may have written over what was lent.
            const last = lent[who];
            if (last) check(...last, bare);
            const batch = await log.read('t', 0, from, {
              maxBytes,
              ...(lentTo && { lentTo }),
              ...(maxRecords !== undefined && { maxRecords }),
            });
            lent[who] = undefined;
            assert.equal(batch === undefined, from >= end);
            if (!batch) continue;
            check(batch, from, bare);
            if (lentTo) lent[who] = [batch, from];
            else kept.push([batch, from]);
            at[who] = batch.firstOffset + batch.count;
          }
        }
        for (const [batch, from] of kept) check(batch, from, bare);
      } finally {
        await log.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
});
