/** What every log must do: run on each implementation with `testLog`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { anyCharacter } from '../support/any-character.ts';
import type { Clock } from '../../src/core/clock.ts';
import { keyAt, packRecords, recordAt } from '../../src/log/batch.ts';
import type { Log, RecordBatch, RecordsToAppend } from '../../src/log/log.ts';

export interface LogUnderTest {
  readonly log: Log;
  /** Closes the log and opens it again on what it stored. */
  reopen(): Promise<Log>;
  dispose(): Promise<void>;
}

const ALL = { maxBytes: 1 << 20 };
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const utf8 = (value: string): Uint8Array => Buffer.from(value);

function append(topic: string, values: (string | null)[], more: Partial<RecordsToAppend> = {}): RecordsToAppend {
  return { topic, partition: 0, ...packRecords(values), ...more };
}

function texts(batch: RecordBatch | undefined): string[] {
  return batch ? Array.from({ length: batch.count }, (_, i) => text(recordAt(batch, i))) : [];
}

async function readAll(log: Log, topic: string, partition: number, limits: { maxBytes: number; maxRecords?: number }): Promise<string[]> {
  const found: string[] = [];
  let next = (await log.bounds(topic, partition)).start;
  for (;;) {
    const batch = await log.read(topic, partition, next, limits);
    if (!batch) return found;
    assert.equal(batch.firstOffset, next, 'offsets are dense');
    assert.ok(batch.count > 0);
    found.push(...texts(batch));
    next += batch.count;
  }
}

/**
 * `make` gives a fresh, empty log on the given clock. `transactional: false` leaves out what a log without transactions and without
 * retention on demand cannot promise; nor does such a log keep line numbers: its records come from other producers too, and have no
 * place for them.
 */
export function testLog(name: string, make: (clock: Clock) => Promise<LogUnderTest>, options = { transactional: true }): void {
  async function withLog(body: (log: Log, time: { now: number }, made: LogUnderTest) => Promise<void>): Promise<void> {
    const time = { now: 1_700_000_000_000 };
    const made = await make({ now: () => time.now, elapsed: () => time.now });
    try {
      await body(made.log, time, made);
    } finally {
      await made.dispose();
    }
  }

  const lineOf = (line: number): number | undefined => (options.transactional ? line : undefined);

  describe(`log: ${name}`, () => {
    it('gives back values, keys, tombstones, line numbers and append times', () =>
      withLog(async (log, time) => {
        await log.ensureTopic('t', { partitions: 1 });
        const packed = packRecords(['a', null, '', 'b\nc'], ['k0', 'k1', undefined, 'k3']);
        assert.deepEqual(await log.commit({ appends: [{ topic: 't', partition: 0, ...packed, firstLine: 7 }] }), [0]);
        const batch = (await log.read('t', 0, 0, ALL))!;
        assert.deepEqual(texts(batch), ['a', '', '', 'b\nc']);
        const keys = [0, 1, 2, 3].map((i) => keyAt(batch, i));
        assert.deepEqual(
          keys.map((key) => key && text(key)),
          ['k0', 'k1', undefined, 'k3'],
        );
        assert.deepEqual([...batch.tombstones!], [0, 1, 0, 0]);
        assert.deepEqual([...batch.appendTimes], Array(4).fill(time.now));
        assert.deepEqual([batch.topic, batch.partition, batch.firstOffset, batch.count, batch.firstLine], ['t', 0, 0, 4, lineOf(7)]);
        const rest = (await log.read('t', 0, 2, ALL))!;
        assert.deepEqual([texts(rest), rest.firstOffset, rest.firstLine], [['', 'b\nc'], 2, lineOf(9)]);
        assert.equal(await log.read('t', 0, 4, ALL), undefined);
      }));

    it('numbers the records of each partition densely from 0', () =>
      withLog(async (log) => {
        await log.ensureTopic('t', { partitions: 2 });
        await log.ensureTopic('u', { partitions: 1 });
        const firsts = await log.commit({
          appends: [append('t', ['a', 'b']), append('t', ['c'], { partition: 1 }), append('t', ['d']), append('u', ['e']), append('t', [])],
        });
        assert.deepEqual(firsts, [0, 0, 2, 0, 3]);
        assert.deepEqual(await readAll(log, 't', 0, ALL), ['a', 'b', 'd']);
        assert.deepEqual(await readAll(log, 't', 1, ALL), ['c']);
        const { start, end, storedBytes } = await log.bounds('t', 0);
        assert.deepEqual([start, end], [0, 3]);
        assert.ok(storedBytes > 0);
        assert.deepEqual(await log.bounds('u', 0).then((bounds) => bounds.end), 1);
      }));

    it('reads the same whatever the limits, and keeps to them', () =>
      withLog(async (log) => {
        await log.ensureTopic('t', { partitions: 1 });
        const one = fc.string({ unit: anyCharacter, maxLength: 60 });
        const plan = fc.record({
          commits: fc.array(fc.array(one, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 }),
          maxBytes: fc.integer({ min: 1, max: 900 }),
          maxRecords: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
        });
        const written: string[] = [];
        await fc.assert(
          fc.asyncProperty(plan, async ({ commits, maxBytes, maxRecords }) => {
            const from = written.length;
            for (const values of commits) {
              await log.commit({ appends: [append('t', values)] });
              written.push(...values);
            }
            const limits = { maxBytes, ...(maxRecords !== undefined && { maxRecords }) };
            for (let next = from; next < written.length;) {
              const batch = (await log.read('t', 0, next, limits))!;
              assert.deepEqual(texts(batch), written.slice(next, next + batch.count));
              assert.ok(batch.count <= (maxRecords ?? Infinity));
              assert.equal(batch.appendTimes.length, batch.count);
              assert.equal(batch.ends.length, batch.count);
              const beforeLast = batch.count > 1 ? batch.ends[batch.count - 2]! : 0;
              assert.ok(beforeLast < maxBytes, 'ends after the record that reaches maxBytes');
              next += batch.count;
            }
          }),
          { numRuns: 60 },
        );
        assert.deepEqual(await readAll(log, 't', 0, ALL), written);
      }));

    it('never lets append times go backwards, and finds offsets by them', () =>
      withLog(async (log, time) => {
        await log.ensureTopic('t', { partitions: 1 });
        const start = time.now;
        await log.commit({ appends: [append('t', ['a', 'b'])] });
        time.now = start - 5_000;
        await log.commit({ appends: [append('t', ['c'])] });
        time.now = start + 1_000;
        await log.commit({ appends: [append('t', ['d', 'e'])] });
        const { appendTimes } = (await log.read('t', 0, 0, ALL))!;
        assert.deepEqual([...appendTimes], [start, start, start, start + 1_000, start + 1_000]);
        assert.equal(await log.offsetAt('t', 0, 0), 0);
        assert.equal(await log.offsetAt('t', 0, start), 0);
        assert.equal(await log.offsetAt('t', 0, start + 1), 3);
        assert.equal(await log.offsetAt('t', 0, start + 1_001), 5);
      }));

    it('keeps committed offsets per group and partition', () =>
      withLog(async (log) => {
        await log.ensureTopic('t', { partitions: 2 });
        assert.equal(await log.committed('g', 't', 0), undefined);
        await log.commit({ offsets: [{ group: 'g', topic: 't', partition: 0, offset: 5 }] });
        await log.commit({ offsets: [{ group: 'h', topic: 't', partition: 0, offset: 7 }] });
        await log.commit({ offsets: [{ group: 'g', topic: 't', partition: 0, offset: 6 }] });
        assert.equal(await log.committed('g', 't', 0), 6);
        assert.equal(await log.committed('h', 't', 0), 7);
        assert.equal(await log.committed('g', 't', 1), undefined);
      }));

    it('keeps state by key, lists it by prefix in code unit order, and deletes it', () =>
      withLog(async (log) => {
        // U+1F514 comes before U+FF5E by code unit, after it by code point.
        const keys = ['p/b', 'p/a', 'p/\u{1F514}', 'p/～', 'q', 'p', 'p0'];
        await log.commit({ state: keys.map((key) => [key, utf8(key)] as const) });
        await log.commit({
          state: [
            ['p/a', utf8('new')],
            ['p/empty', new Uint8Array(0)],
            ['q', null],
            ['none', null],
          ],
        });
        const listed = await log.state('p/');
        assert.deepEqual(
          listed.map(([key, value]) => [key, text(value)]),
          [
            ['p/a', 'new'],
            ['p/b', 'p/b'],
            ['p/empty', ''],
            ['p/\u{1F514}', 'p/\u{1F514}'],
            ['p/～', 'p/～'],
          ],
        );
        assert.deepEqual(
          (await log.state('')).map(([key]) => key),
          ['p', 'p/a', 'p/b', 'p/empty', 'p/\u{1F514}', 'p/～', 'p0'],
        );
        assert.deepEqual(await log.state('r'), []);
      }));

    it('gives long state as often as it is asked for, as it was written last', () =>
      withLog(async (log) => {
        const long = (byte: number) => new Uint8Array(100_000).fill(byte);
        const read = async () => (await log.state('p/')).map(([key, value]) => [key, value.length, value[0], value.at(-1)]);
        await log.commit({
          state: [
            ['p/a', long(1)],
            ['p/b', long(2)],
            ['p/c', utf8('short')],
          ],
        });
        const written = [
          ['p/a', 100_000, 1, 1],
          ['p/b', 100_000, 2, 2],
          ['p/c', 5, 115, 116],
        ];
        assert.deepEqual(await read(), written);
        await log.commit({ state: [['q', long(3)]] });
        assert.deepEqual(await read(), written);
        await log.commit({
          state: [
            ['p/a', long(4)],
            ['p/b', null],
          ],
        });
        assert.deepEqual(await read(), [
          ['p/a', 100_000, 4, 4],
          ['p/c', 5, 115, 116],
        ]);
      }));

    it('a topic that may grow gets the partitions it lacks and keeps those it has', () =>
      withLog(async (log) => {
        await log.ensureTopic('t', { partitions: 1 });
        await log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(['a']) }] });
        assert.equal((await log.ensureTopic('t', { partitions: 3, mayGrow: true })).partitions, 3);
        assert.deepEqual(await log.commit({ appends: [{ topic: 't', partition: 2, ...packRecords(['b']) }] }), [0]);
        assert.equal((await log.bounds('t', 0)).end, 1);
        assert.equal((await log.ensureTopic('t', { partitions: 2, mayGrow: true })).partitions, 3);
        await assert.rejects(log.ensureTopic('t', { partitions: 2 }), { code: 'topic_conflict' });
      }));

    it('a group that gives its offset up has none', () =>
      withLog(async (log) => {
        await log.ensureTopic('t', { partitions: 1 });
        const at = { group: 'g', topic: 't', partition: 0 };
        await log.commit({ offsets: [{ ...at, offset: 7 }] });
        assert.equal(await log.committed('g', 't', 0), 7);
        await log.commit({ offsets: [{ ...at, offset: null }] });
        assert.equal(await log.committed('g', 't', 0), undefined);
      }));

    it('makes a topic once, keeps its id and partitions, and updates retention', () =>
      withLog(async (log, _, made) => {
        const first = await log.ensureTopic('t', { partitions: 2, retentionMs: 1_000 });
        assert.deepEqual({ ...first, id: '' }, { name: 't', id: '', partitions: 2, retentionMs: 1_000 });
        const second = await log.ensureTopic('t', { partitions: 2, retentionBytes: 8 });
        assert.deepEqual(second, { name: 't', id: first.id, partitions: 2, retentionBytes: 8 });
        await assert.rejects(log.ensureTopic('t', { partitions: 3 }), {
          code: 'topic_conflict',
          message: /t has 2 partitions, 3 are asked for/,
        });
        const other = await log.ensureTopic('a', { partitions: 1 });
        assert.notEqual(other.id, first.id);
        assert.deepEqual(await log.topics(), [other, second]);
        assert.deepEqual(await (await made.reopen()).topics(), [other, second]);
      }));

    it('names what is wrong with an unknown topic or partition', () =>
      withLog(async (log) => {
        await log.ensureTopic('events', { partitions: 2 });
        await assert.rejects(log.read('event', 0, 0, ALL), { code: 'topic_unknown', message: /no topic event .*: the log has events/ });
        await assert.rejects(log.bounds('events', 2), { code: 'topic_unknown', message: /events has no partition 2/ });
        await assert.rejects(log.commit({ appends: [append('x', ['a'])] }), { code: 'topic_unknown' });
        await assert.rejects(log.committed('g', 'x', 0), { code: 'topic_unknown' });
        await assert.rejects(log.offsetAt('x', 0, 0), { code: 'topic_unknown' });
      }));

    it('has everything after it was opened again', () =>
      withLog(async (log, time, made) => {
        await log.ensureTopic('t', { partitions: 1 });
        await log.commit({
          appends: [append('t', ['a', 'b'])],
          offsets: [{ group: 'g', topic: 't', partition: 0, offset: 1 }],
          state: [['s', utf8('x')]],
        });
        const again = await made.reopen();
        assert.deepEqual(await readAll(again, 't', 0, ALL), ['a', 'b']);
        assert.equal(await again.committed('g', 't', 0), 1);
        assert.deepEqual(
          (await again.state('s')).map(([key, value]) => [key, text(value)]),
          [['s', 'x']],
        );
        time.now -= 10_000;
        assert.deepEqual(await again.commit({ appends: [append('t', ['c'])] }), [2]);
        assert.deepEqual([...(await again.read('t', 0, 0, ALL))!.appendTimes], Array(3).fill(time.now + 10_000));
      }));

    it('settles commits made at once in their order', () =>
      withLog(async (log) => {
        await log.ensureTopic('t', { partitions: 1 });
        const firsts = await Promise.all(Array.from({ length: 50 }, (_, i) => log.commit({ appends: [append('t', [`${i}`])] })));
        assert.deepEqual(
          firsts.flat(),
          Array.from({ length: 50 }, (_, i) => i),
        );
        assert.deepEqual(
          await readAll(log, 't', 0, { maxBytes: 3 }),
          Array.from({ length: 50 }, (_, i) => `${i}`),
        );
      }));

    it('refuses columns that do not fit together', () =>
      withLog(async (log) => {
        await log.ensureTopic('t', { partitions: 1 });
        const bytes = utf8('abc');
        const bad: Partial<RecordsToAppend>[] = [
          { ends: Uint32Array.of(2, 1) },
          { ends: Uint32Array.of(1, 4) },
          { keys: { bytes, ends: Uint32Array.of(1) } },
          { tombstones: Uint8Array.of(1, 0) },
          { firstLine: 1.5 },
        ];
        for (const change of bad) {
          const records = { topic: 't', partition: 0, bytes, ends: Uint32Array.of(1, 3), ...change };
          await assert.rejects(log.commit({ appends: [records] }), TypeError, JSON.stringify(change));
        }
        await assert.rejects(log.commit({ offsets: [{ group: 'g', topic: 't', partition: 0, offset: -1 }] }), TypeError);
        assert.equal((await log.bounds('t', 0)).end, 0);
      }));

    if (!options.transactional) return;

    it('writes a unit whole or not at all, and rejects only the faulty one of those made at once', () =>
      withLog(async (log) => {
        await log.ensureTopic('t', { partitions: 1 });
        const faulty = {
          appends: [append('t', ['lost']), append('nowhere', ['x'])],
          offsets: [{ group: 'g', topic: 't', partition: 0, offset: 9 }],
          state: [['s', utf8('lost')] as const],
        };
        const settled = await Promise.allSettled([
          log.commit({ appends: [append('t', ['a'])] }),
          log.commit(faulty),
          log.commit({ offsets: [{ group: 'g', topic: 't', partition: 5, offset: 9 }], state: [['s', utf8('lost')]] }),
          log.commit({ appends: [append('t', ['b'])], state: [['r', utf8('kept')]] }),
        ]);
        assert.deepEqual(
          settled.map(({ status }) => status),
          ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
        );
        assert.deepEqual(await readAll(log, 't', 0, ALL), ['a', 'b']);
        assert.equal(await log.committed('g', 't', 0), undefined);
        assert.deepEqual(
          (await log.state('')).map(([key]) => key),
          ['r'],
        );
      }));

    it('deletes by age what nobody waits for, and never gives an offset twice', () =>
      withLog(async (log, time) => {
        await log.ensureTopic('t', { partitions: 2, retentionMs: 60_000 });
        await log.commit({ appends: [append('t', ['a', 'b']), append('t', ['x'], { partition: 1 })] });
        time.now += 50_000;
        await log.commit({ appends: [append('t', ['c', 'd'])] });
        await log.commit({ offsets: [{ group: 'g', topic: 't', partition: 0, offset: 3 }] });
        assert.equal(await log.applyRetention(), 0);
        time.now += 10_001;
        assert.equal(await log.applyRetention(), 3);
        assert.deepEqual(await log.bounds('t', 0).then(({ start, end }) => [start, end]), [2, 4]);
        assert.deepEqual(await log.bounds('t', 1), { start: 1, end: 1, storedBytes: 0 });
        assert.deepEqual(texts(await log.read('t', 0, 0, ALL)), ['c', 'd']);
        time.now += 3_600_000;
        assert.equal(await log.applyRetention(), 0, 'the group has not read d');
        await log.commit({ offsets: [{ group: 'g', topic: 't', partition: 0, offset: 4 }] });
        await log.commit({ offsets: [{ group: 'slow', topic: 't', partition: 0, offset: 1 }] });
        assert.equal(await log.applyRetention(), 0, 'nor has the slowest group');
        await log.commit({ offsets: [{ group: 'slow', topic: 't', partition: 0, offset: 4 }] });
        assert.equal(await log.applyRetention(), 2);
        assert.equal(await log.read('t', 0, 0, ALL), undefined);
        assert.deepEqual(await log.commit({ appends: [append('t', ['e']), append('t', ['y'], { partition: 1 })] }), [4, 1]);
      }));

    it('deletes the oldest by size, over all partitions of the topic, until it holds no more than it may', () =>
      withLog(async (log) => {
        await log.ensureTopic('t', { partitions: 2 });
        for (let i = 0; i < 150; i++) await log.commit({ appends: [append('t', [`${i}`.padEnd(50, '.')], { partition: i % 2 })] });
        const stored = async (): Promise<number> => (await log.bounds('t', 0)).storedBytes + (await log.bounds('t', 1)).storedBytes;
        const one = (await stored()) / 150;
        await log.commit({ offsets: [{ group: 'g', topic: 't', partition: 1, offset: 60 }] });
        await log.ensureTopic('t', { partitions: 2, retentionBytes: one * 10 });
        await log.ensureTopic('other', { partitions: 1 });
        await log.commit({ appends: [append('other', ['kept'])] });
        assert.equal(await log.applyRetention(), 135, 'partition 0 whole; of partition 1 what its group has read');
        assert.equal((await log.bounds('t', 1)).start, 60);
        await log.commit({ offsets: [{ group: 'g', topic: 't', partition: 1, offset: 75 }] });
        assert.equal(await log.applyRetention(), 5);
        assert.equal(await stored(), one * 10);
        assert.deepEqual(await readAll(log, 'other', 0, ALL), ['kept']);
      }));
  });
}
