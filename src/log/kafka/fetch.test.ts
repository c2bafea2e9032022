/** Reading ahead, without a broker: what a cluster answers is made here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fc } from '../../../test/support/fast-check.ts';
import { AppError } from '../../core/errors.ts';
import { recordAt } from '../batch.ts';
import { AT } from './batch-header.ts';
import { CODECS } from './codecs.ts';
import { buildBatch, stampBatch } from './batch-builder.ts';
import { createFetcher, type ReadLimits } from './fetch.ts';
import type { FetchAnswer, FetchOptions } from './fetch-api.ts';
import { createUnpacker, type Unpacker } from './unpack/unpacker.ts';

type Cluster = Parameters<typeof createFetcher>[0];

/** Batches as the broker stores them, one after the other from offset 0 on. */
function stored(batches: readonly { readonly values: readonly string[]; readonly codec?: (typeof CODECS)[number] }[]) {
  let end = 0;
  const all = batches.map(({ values, codec = 'lz4' }) => {
    const builder = buildBatch(8);
    for (const value of values) builder.add(null, Buffer.from(value), 1);
    const bytes = builder.finish(codec);
    bytes.writeBigInt64BE(BigInt(end), AT.baseOffset);
    stampBatch(bytes, { id: -1n, epoch: 0 }, 0);
    end += values.length;
    return { last: end - 1, bytes };
  });
  return { all, end };
}

/** Answers with `most` batches at a time. */
function clusterOf({ all, end }: ReturnType<typeof stored>, most = () => 2) {
  const asked: number[] = [];
  const call = async (_api: unknown, _node: unknown, [{ offset }]: [FetchOptions]): Promise<FetchAnswer> => {
    asked.push(offset);
    await turn();
    const pieces = all
      .filter(({ last }) => last >= offset)
      .slice(0, most())
      .map(({ bytes }) => bytes);
    return { highWatermark: end, lastStableOffset: end, aborted: [], pieces };
  };
  const cluster: Cluster = {
    call: call as unknown as Cluster['call'],
    leader: async () => 1,
    persist: (_doing, attempt) => attempt(),
    forget: () => {},
  };
  return { cluster, asked };
}

const offsets = { start: async () => 0, end: async () => 0 };

async function readAll(fetcher: ReturnType<typeof createFetcher>, limits: () => ReadLimits): Promise<string[]> {
  const values: string[] = [];
  for (;;) {
    const batch = await fetcher.read('t', 0, values.length, limits());
    if (!batch) return values;
    assert.equal(batch.firstOffset, values.length);
    for (let i = 0; i < batch.count; i++) values.push(Buffer.from(recordAt(batch, i)).toString());
  }
}

test('where the end is known, a new leader that does not know of it yet is asked again', async () => {
  const { all } = stored([{ values: ['a'] }, { values: ['b'] }]);
  for (const to of [undefined, 2]) {
    let asked = 0;
    const call = async (_api: unknown, _node: unknown, [{ offset }]: [FetchOptions]): Promise<FetchAnswer> => {
      const end = ++asked < 4 ? 1 : 2;
      const pieces = all.slice(offset, end).map(({ bytes }) => bytes);
      return { highWatermark: end, lastStableOffset: end, aborted: [], pieces };
    };
    const cluster: Cluster = {
      call: call as unknown as Cluster['call'],
      leader: async () => 1,
      forget: () => {},
      async persist(_doing, attempt) {
        for (;;) {
          try {
            return await attempt();
          } catch (error) {
            if (!(error instanceof AppError && error.retryable)) throw error;
          }
        }
      },
    };
    const limits = { maxBytes: 1, ...(to !== undefined && { to }) };
    const values = await readAll(createFetcher(cluster, offsets, createUnpacker()), () => limits);
    assert.deepEqual(values, to === undefined ? ['a'] : ['a', 'b']);
  }
});

test('who asks again and again at the end needs no memory anew', async () => {
  const { cluster } = clusterOf(stored([{ values: ['a'] }]));
  let made = 0;
  const fetcher = createFetcher(cluster, offsets, createUnpacker(), () => {
    made++;
    return createUnpacker();
  });
  for (let i = 0; i < 5; i++) assert.equal(await fetcher.read('t', 0, 1, { maxBytes: 100, lentTo: {} }), undefined);
  assert.equal(made, 1);
});

test('where a partition ends before what was read of it, it is another one: told to who asks, and to others nothing is there', async () => {
  const { cluster } = clusterOf(stored([{ values: ['a', 'b'] }]));
  const outOfRange = Object.assign(new Error('OFFSET_OUT_OF_RANGE'), { apiId: 'OFFSET_OUT_OF_RANGE' });
  const refusing: Cluster = { ...cluster, call: () => Promise.reject(outOfRange) };
  const fetcher = createFetcher(refusing, { start: async () => 0, end: async () => 2 }, createUnpacker());
  assert.equal(await fetcher.read('t', 0, 1_000, { maxBytes: 1 }), undefined);
  await assert.rejects(fetcher.read('t', 0, 1_000, { maxBytes: 1, isNoted: true }), {
    code: 'log_unreadable',
    message: /t\/0 ends at offset 2.*1000.*--from earliest/,
  });
});

test('records that were deleted before they were read are told once, however often the broker has to be asked', async () => {
  const { cluster } = clusterOf(stored([{ values: ['a', 'b', 'c', 'd'] }]));
  const outOfRange = Object.assign(new Error('OFFSET_OUT_OF_RANGE'), { apiId: 'OFFSET_OUT_OF_RANGE' });
  let calls = 0;
  const call = (async (api: unknown, node: unknown, [options]: [FetchOptions]) => {
    if (options.offset < 3) throw outOfRange;
    if (++calls === 1) throw new Error('the connection is lost');
    return (cluster.call as unknown as (...args: unknown[]) => unknown)(api, node, [options]);
  }) as unknown as Cluster['call'];
  const twice: Cluster['persist'] = (_doing, attempt) => attempt().catch(attempt);
  const fetcher = createFetcher({ ...cluster, call, persist: twice }, { start: async () => 3, end: async () => 4 }, createUnpacker());
  const told: [number, number][] = [];
  const read = (offset: number) => fetcher.read('t', 0, offset, { maxBytes: 100, onGone: (...gone) => told.push(gone) });
  assert.equal((await read(1))!.firstOffset, 3);
  await read(4);
  assert.deepEqual(told, [[1, 3]]);
});

test('where there is no memory for one more, what is lent is a copy, and is read ahead as well', async () => {
  const { cluster, asked } = clusterOf(stored([{ values: ['a', 'b'] }, { values: ['c'] }, { values: ['d'] }]));
  const fetcher = createFetcher(cluster, offsets, createUnpacker(), (): Unpacker => {
    throw new AppError('memory_short', 'no memory is left');
  });
  const read = (offset: number) => fetcher.read('t', 0, offset, { maxBytes: 1, lentTo: {} });
  const first = (await read(0))!;
  await read(1);
  await read(2);
  await read(3);
  assert.equal(Buffer.from(recordAt(first, 0)).toString(), 'a', 'nothing was read over it');
  assert.deepEqual(asked, [0, 3], 'its place is remembered');
  const broken = createFetcher(cluster, offsets, createUnpacker(), () => {
    throw new TypeError('no kernel');
  });
  await assert.rejects(broken.read('t', 0, 0, { maxBytes: 1, lentTo: {} }), TypeError);
});

test('lent or not, every record is read once, in order, however much is asked for at a time', async () => {
  const value = fc.oneof(fc.string({ maxLength: 8 }), fc.constant('x'.repeat(90_000)));
  const batch = fc.record({ values: fc.array(value, { minLength: 1, maxLength: 8 }), codec: fc.constantFrom(...CODECS) });
  const limit = fc.record(
    {
      maxBytes: fc.constantFrom(1, 100, 5_000, 262_144, 1 << 20),
      maxRecords: fc.constantFrom(1, 3, 1_000),
      lentTo: fc.constant({}),
    },
    { requiredKeys: ['maxBytes', 'maxRecords'] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { minLength: 1, maxLength: 10 }),
      fc.infiniteStream(limit),
      fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
      async (batches, limits, sizes) => {
        const { cluster } = clusterOf(stored(batches), () => sizes.next().value!);
        const fetcher = createFetcher(cluster, offsets, createUnpacker());
        const next = (): ReadLimits => limits.next().value!;
        const want = batches.flatMap(({ values }) => values);
        const [one, other] = await Promise.all([readAll(fetcher, next), readAll(fetcher, next)]);
        assert.deepEqual([one, other], [want, want]);
      },
    ),
    { numRuns: 30 },
  );
});
