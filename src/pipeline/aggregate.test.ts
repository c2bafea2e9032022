import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { withTempLog } from '../../test/property/temp-log.ts';
import { smallSource, smallSpec } from '../../test/support/small-spec.ts';
import { packRecords } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import { parseJson } from '../windows/decoder.ts';
import { compilePlan } from '../windows/plan.ts';
import { openAggregate } from './aggregate.ts';

const source = smallSource();
const plan = compilePlan(smallSpec({ sources: [source] }));

/** `asked`: how often the replay topic was read; `lentTo`: to whom records of the other one were lent; `left`: who reads no more. */
async function opened(log: Log, elapsed: () => number, warn: (message: string) => void = () => {}) {
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
      start: (bounds) => bounds.start,
      clock: 'event',
      maxBatchBytes: 1 << 20,
      maxBatchRecords: 1,
    },
    { log: { ...log, read, left }, parse: parseJson, randomKey: () => [1, 2], elapsed, warn },
  );
  const send = (count: number): Promise<number[]> => {
    const values = Array.from({ length: count }, (_, i) => JSON.stringify({ id: `n${i}`, at: i }));
    return log.commit({ appends: [{ topic: 't', partition: 0, ...packRecords(values) }] });
  };
  const replay = (offset: number): Promise<number[]> => {
    const value = JSON.stringify({ id: `again${offset}`, at: offset });
    return log.commit({ appends: [{ topic: 'p.replay', partition: 0, ...packRecords([value], [`t/0/${offset}`]) }] });
  };
  return { aggregate, seen, send, replay };
}

test('while records come the replays are asked for once a second, all of them then', async () => {
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
    for (let i = 0; i < 3; i++) assert.equal(await aggregate.step(), 2);
    assert.equal(await aggregate.step(), 1);
    assert.deepEqual([seen.asked, aggregate.status().replayed], [5, 3]);
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
  // Pages of 64 kB that a kernel gets at most: one is what it begins with.
  setFlagsFromString('--wasm-max-mem-pages=1');
  t.after(() => setFlagsFromString('--wasm-max-mem-pages=65536'));
  await withTempLog(async ({ log }) => {
    const warnings: string[] = [];
    const { aggregate, send } = await opened(
      log,
      () => 0,
      (message) => warnings.push(message),
    );
    await send(3);
    for (let i = 0; i < 3; i++) await aggregate.step();
    assert.equal(aggregate.status().totals.accepted, 3);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^pipeline p: t\/0 is read by the plain decoder from here on, .*got no more memory/);
  });
});
