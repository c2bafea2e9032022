import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { setFlagsFromString } from 'node:v8';
import { withTempLog } from '../../../test/property/temp-log.ts';
import { smallSource, smallSpec } from '../../../test/support/small-spec.ts';
import { packRecords } from '../../log/batch.ts';
import type { Log } from '../../log/log.ts';
import { parseJson } from '../../windows/decode/decoder.ts';
import { compilePlan, type Plan } from '../../windows/plan.ts';
import type { ReplayVerdict } from '../../windows/replay.ts';
import { statePrefix, type AggregateDeps } from './aggregate.ts';
import { openAggregate } from './local-aggregate.ts';
import { fromStateEntries } from '../state-codec.ts';

const source = smallSource();
const unlimited = compilePlan(smallSpec({ sources: [source] }));

interface Opening {
  readonly warn?: (message: string) => void;
  readonly maxBatchRecords?: number;
  readonly plan?: Plan;
  readonly bounds?: Log['bounds'];
  readonly explain?: AggregateDeps['explain'];
}

/** `asked`: how often the replay topic was read; `lentTo`: to whom records of the other one were lent; `left`: who reads no more. */
async function opened(
  log: Log,
  elapsed: () => number,
  { warn = () => {}, maxBatchRecords = 1, bounds = log.bounds, plan = unlimited, explain }: Opening = {},
) {
  await log.ensureTopic('t', { partitions: 1 });
  await log.ensureTopic('p.replay', { partitions: 1 });
  const seen = { asked: 0, lentTo: new Set<object | undefined>(), left: [] as object[] };
  const read: Log['read'] = (topic, partition, offset, limits) => {
    if (topic === 'p.replay') seen.asked += 1;
    else seen.lentTo.add(limits.lentTo);
    return log.read(topic, partition, offset, limits);
  };
  const left = (reader: object): void => void seen.left.push(reader);
  const { aggregate } = await openAggregate(
    {
      plan,
      source,
      partition: 0,
      replayTopic: 'p.replay',
      revision: 1,
      completeFrom: -Infinity,
      start: (ends) => ends.start,
      clock: 'event',
      maxBatchBytes: 1 << 20,
      maxBatchRecords,
    },
    { log: { ...log, read, bounds, left }, parse: parseJson, randomKey: () => [1, 2], elapsed, warn, explain },
  );
  /** Events `n0`, `n1` …, or from another number on. */
  const send = (count: number, from = 0): Promise<number[]> => {
    const values = Array.from({ length: count }, (_, i) => JSON.stringify({ id: `n${from + i}`, at: from + i }));
    return log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(values) }] });
  };
  const sendInvalid = (count: number): Promise<number[]> =>
    log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(Array.from({ length: count }, () => '?')) }] });
  const replay = (offset: number, id = `again${offset}`, appendTime?: number): Promise<number[]> => {
    const packed = packRecords([JSON.stringify({ id, at: offset })], [`t/0/${offset}`]);
    return log.commit({ appends: [{ topic: 'p.replay', partition: 0, ...packed, ...(appendTime !== undefined && { appendTime }) }] });
  };
  const toEnd = async (): Promise<void> => {
    while ((await aggregate.step()) > 0);
  };
  return { aggregate, seen, send, sendInvalid, replay, toEnd };
}

test('while records come the replays are asked for once a second, and judged when all is read that stood before them', async () => {
  await withTempLog(async ({ log }) => {
    let now = 0;
    const { aggregate, seen, send, replay } = await opened(log, () => now);
    await send(100);
    for (let i = 0; i < 50; i++) await aggregate.step();
    assert.equal(seen.asked, 1);
    for (let offset = 0; offset < 3; offset++) await replay(offset);
    now += 999;
    assert.equal(await aggregate.step(), 1);
    now += 1;
    for (let i = 0; i < 49; i++) assert.equal(await aggregate.step(), 1);
    assert.deepEqual([seen.asked, aggregate.status().replayed], [2, 0]);
    await send(100);
    for (let i = 0; i < 3; i++) await aggregate.step();
    assert.equal(aggregate.status().replayed, 1, 'what came since is not waited for');
  });
});

test('a replay is judged where the partition ended when it was seen, however soon after the last look that is reached', async () => {
  for (const pauseMs of [1, 1_000]) {
    await withTempLog(async ({ log }) => {
      let now = 0;
      const { aggregate, send, sendInvalid, replay, toEnd } = await opened(log, () => now, { maxBatchRecords: 100 });
      await sendInvalid(1);
      await toEnd();
      now += 25;
      await replay(0, 'n50');
      await send(5);
      assert.equal(await aggregate.step(), 5, 'seen, and read up to where it is to be judged');
      // With the same id, behind that place.
      await send(1, 50);
      now += pauseMs;
      await toEnd();
      const { totals, replayed } = aggregate.status();
      assert.deepEqual([totals.accepted, replayed], [6, 1], `${pauseMs} ms later`);
    });
  }
});

test('what a replay is found to be does not hang on the batches, nor on a restart', async () => {
  const found = new Set<string>();
  for (const maxBatchRecords of [1, 7, 1_000]) {
    for (const restarts of [false, true]) {
      await withTempLog(async ({ log }) => {
        let now = 0;
        const first = await opened(log, () => now, { maxBatchRecords });
        await first.sendInvalid(2);
        await first.send(40);
        await first.aggregate.step();
        await first.send(60, 40);
        // The one has an id that comes yet, the other one of its own.
        await first.replay(0, 'n70');
        await first.replay(1);
        const last = restarts ? await opened(log, () => now, { maxBatchRecords }) : first;
        for (let i = 0; i < 3; i++, now += 1_000) await last.aggregate.step();
        await last.toEnd();
        const { totals, replayed } = last.aggregate.status();
        found.add(JSON.stringify({ totals, replayed }));
      });
    }
  }
  assert.equal(found.size, 1, [...found].join('\n'));
  assert.equal((JSON.parse([...found][0]!) as { replayed: number }).replayed, 1);
});

test('with ids beyond the limit too: what becomes of records and replays follows from what stands in the log', async () => {
  const plan = compilePlan(smallSpec({ sources: [source], limits: { maxIds: 4 } }));
  const id = fc.integer({ min: 0, max: 12 });
  const reading = fc.record({ maxBatchRecords: fc.integer({ min: 1, max: 30 }), steps: fc.nat(5), restarts: fc.boolean() });
  const drawn = fc.record({
    before: fc.array(id, { maxLength: 12 }),
    after: fc.array(id, { maxLength: 40 }),
    replays: fc.array(id, { minLength: 1, maxLength: 6 }),
    readings: fc.tuple(reading, reading),
  });
  let [duplicates, forgotten] = [0, 0];
  await fc.assert(
    fc.asyncProperty(drawn, async ({ before, after, replays, readings }) => {
      const found: unknown[] = [];
      for (const { maxBatchRecords, steps, restarts } of readings) {
        await withTempLog(async ({ log }) => {
          const first = await opened(log, () => 0, { maxBatchRecords, plan });
          await first.sendInvalid(replays.length);
          for (const each of before) await first.send(1, each);
          for (let i = 0; i < steps && first.aggregate.status().offset < before.length; i++) await first.aggregate.step();
          for (const each of after) await first.send(1, each);
          for (const [offset, each] of replays.entries()) await first.replay(offset, `n${each}`);
          const last = restarts ? await opened(log, () => 0, { maxBatchRecords, plan }) : first;
          await last.toEnd();
          const { totals, replayed, limits, ids } = last.aggregate.status();
          const { state } = await last.aggregate.takeCommit([]);
          const prefix = `${statePrefix('p', 't/0')}verdict/`;
          const entries = state.flatMap(([key, bytes]) => (bytes && key.startsWith(prefix) ? [[key, bytes] as const] : []));
          const verdicts = fromStateEntries(prefix, entries).map(([origin, verdict]) => {
            return `${origin} ${(verdict as ReplayVerdict).outcome}`;
          });
          found.push({ totals: { ...totals }, replayed, limits, forgotten: ids.forgottenEarly, verdicts });
          duplicates += replays.length - replayed;
          forgotten += ids.forgottenEarly;
        });
      }
      assert.deepEqual(found[0], found[1]);
    }),
    { numRuns: 25 },
  );
  assert.ok(duplicates > 5 && forgotten > 5, `${duplicates} duplicates, ${forgotten} ids forgotten`);
});

test('an id that was replayed is known for 30 days, after a restart and without one', async () => {
  const DAY_MS = 86_400_000;
  for (const restarts of [false, true]) {
    await withTempLog(async ({ log }) => {
      const first = await opened(log, () => 0);
      await first.send(4);
      await first.toEnd();
      await first.replay(0, 'again', 2_000 * DAY_MS);
      await first.toEnd();
      await first.aggregate.takePartials(false);
      const { offsets, state } = await first.aggregate.takeCommit([]);
      await log.commit({ offsets, state });
      const { toEnd, replay, aggregate } = restarts ? await opened(log, () => 0) : first;
      await replay(1, 'again', 2_029 * DAY_MS);
      await toEnd();
      assert.equal(aggregate.status().replayed, 1, 'a copy');
      await replay(2, 'again', 2_031 * DAY_MS);
      await toEnd();
      assert.equal(aggregate.status().replayed, 2, `restarted: ${restarts}`);
    });
  }
});

test('where a partition ends with what are no records, replays are judged all the same', async () => {
  await withTempLog(async ({ log }) => {
    // As behind the markers of a producer with transactions.
    const bounds: Log['bounds'] = async (topic, partition) => {
      const found = await log.bounds(topic, partition);
      return topic === 't' ? { ...found, end: found.end + 1 } : found;
    };
    const first = await opened(log, () => 0, { bounds });
    await first.sendInvalid(1);
    await first.send(3);
    await first.replay(0);
    await first.toEnd();
    assert.equal(first.aggregate.status().replayed, 1);
    const again = await opened(log, () => 0, { bounds });
    await again.toEnd();
    assert.deepEqual([again.aggregate.status().totals.accepted, again.aggregate.status().replayed], [3, 1]);
  });
});

test('the end is reached when no replay is left either, also where none was due', async () => {
  await withTempLog(async ({ log }) => {
    const { aggregate, send, replay } = await opened(log, () => 0);
    await send(3);
    assert.equal(await aggregate.step(), 1);
    await replay(0);
    let read = 0;
    for (let some = await aggregate.step(); some > 0; some = await aggregate.step()) read += some;
    assert.deepEqual([read, aggregate.status().replayed, aggregate.status().caughtUp], [3, 1, true]);
  });
});

test('closed, it tells the log that who was lent its records reads no more', async () => {
  await withTempLog(async ({ log }) => {
    const { aggregate, seen, send } = await opened(log, () => 0);
    await send(2);
    for (let i = 0; i < 3; i++) await aggregate.step();
    assert.deepEqual(seen.left, []);
    await aggregate.close();
    assert.equal(seen.left.length, 1);
    assert.deepEqual([...seen.lentTo], seen.left);
    assert.ok(seen.lentTo.has(seen.left[0]), 'the very same reader');
  });
});

test('a partition whose kernel gets no more memory is read on, slower, and one line says so', async (t) => {
  await withTempLog(async ({ log }) => {
    // The thread that writes is there by then: Node needs such memory to load it.
    await log.commit({});
    // Pages of 64 kB that a kernel gets at most: one is what it begins with.
    setFlagsFromString('--wasm-max-mem-pages=1');
    t.after(() => setFlagsFromString('--wasm-max-mem-pages=65536'));
    const warnings: string[] = [];
    const { aggregate, send } = await opened(log, () => 0, { warn: (message) => warnings.push(message) });
    await send(3);
    for (let i = 0; i < 3; i++) await aggregate.step();
    assert.equal(aggregate.status().totals.accepted, 3);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^pipeline p: t\/0 is read by the plain decoder from here on, .*got no more memory/);
  });
});

test('a dead letter has the words of its fault, which count as bytes that wait', async () => {
  await withTempLog(async ({ log }) => {
    const { aggregate, sendInvalid, toEnd } = await opened(log, () => 0, { explain: (...of) => of.join(' ') });
    await sendInvalid(2);
    await toEnd();
    assert.equal(aggregate.status().deadLetterBytes, 2 * ('?'.length + 'events bad_json ?'.length));
    const { deadLetters } = await aggregate.takeCommit([]);
    assert.deepEqual(
      deadLetters.map(({ letter }) => letter.detail),
      ['events bad_json ?', 'events bad_json ?'],
    );
  });
});

test('a partition that ends before what was judged of it is another one: it is not read, and what to do is said', async () => {
  await withTempLog(async ({ log }) => {
    const first = await opened(log, () => 0);
    await first.send(3);
    await log.commit({ offsets: [{ group: 'p', topic: 't', partition: 0, offset: 1_000 }] });
    await assert.rejects(
      opened(log, () => 0),
      { code: 'log_unreadable', message: /t\/0 ends at offset 3.*1000.*--from earliest/ },
    );
  });
});

test('records that retention deleted before they were judged are told: which partition, from where to where, and how many', async () => {
  await withTempLog(async ({ log }) => {
    const warnings: string[] = [];
    const read: Log['read'] = (topic, partition, offset, limits) => {
      if (topic === 't' && offset === 0) limits.onGone?.(0, 2);
      return log.read(topic, partition, topic === 't' ? Math.max(offset, 2) : offset, limits);
    };
    const { aggregate, send, toEnd } = await opened({ ...log, read }, () => 0, { warn: (message) => warnings.push(message) });
    await send(5);
    await toEnd();
    assert.equal(aggregate.status().totals.accepted, 3);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /pipeline p: t\/0.*2 records, offsets 0 to 1, .*deleted.*before they were counted/);
  });
});
