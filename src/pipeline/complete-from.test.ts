/** From when on the windows of a new revision are whole, however it begins, on logs from which retention has taken records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { packRecords } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import type { ClockMode } from '../windows/partition.ts';
import { incompleteText } from './complete-from.ts';
import { settleRevision, type RevisionChoice } from './revision.ts';
import { settleStageRevision } from './stage-revision.ts';
import { toStateChanges } from './state-codec.ts';

const HOUR = 3_600_000;
/** The clock of the log. */
const NOW = Date.UTC(2026, 2, 3);
const ago = (hours: number): number => NOW - hours * HOUR;
const inputs = [0, 1].map((partition) => ({ topic: 't', partition, name: `t/${partition}`, replayTopic: 'p.replay' }));

/** Settles the next revision, and says from when on its windows are whole. */
type Settle = (log: Log, choice: RevisionChoice, clock?: ClockMode) => Promise<number>;

let settled = 0;

const inOneProcess: Settle = async (log, choice, clock) => {
  const hashes = { windows: `${settled++}`, parts: {}, detect: 'd' };
  return (await settleRevision(log, 'p', hashes, inputs, choice, clock)).completeFrom;
};

const byStages: Settle = async (log, choice, clock) => {
  const at = settled++;
  const { completeFrom } = await settleStageRevision('p', { windows: `${at}`, parts: {}, detect: 'd' }, inputs, choice, {
    log,
    readPartition: async () => ({ ...log, close: async () => {} }),
    startedAt: at,
    now: at,
    ...(clock && { clock }),
  });
  return completeFrom;
};

/** Two partitions with a record that arrived so many hours ago each, of which those older than a day are gone, and a pipeline that has read all. */
async function arrived(log: Log, settle: Settle, ...hoursAgo: readonly (readonly number[])[]): Promise<void> {
  await log.ensureTopic('t', { partitions: 2, retentionMs: 24 * HOUR });
  await log.ensureTopic('p.replay', { partitions: 2 });
  for (const [partition, hours] of hoursAgo.entries()) {
    for (const each of hours) await log.commit({ appends: [{ topic: 't', partition, ...packRecords(['{}']), appendTime: ago(each) }] });
    await log.commit({ offsets: [{ group: 'p', topic: 't', partition, offset: hours.length }] });
  }
  await log.applyRetention();
  await settle(log, { kind: 'same' });
}

const from = (place: Extract<RevisionChoice, { kind: 'from' }>['from']): RevisionChoice => ({ kind: 'from', from: place });
const counted = (log: Log, partition: number, maxTime: number): Promise<unknown> =>
  log.commit({ state: toStateChanges(`aggregate/p/t/${partition}/`, [['meta', { maxTime }]]) });

for (const [how, settle] of [
  ['in one process', inOneProcess],
  ['by stages', byStages],
] as const) {
  test(`${how}: what retention has left of windows does not take the place of whole ones`, async () => {
    await withTempLog(async ({ log }) => {
      await arrived(log, settle, [30, 20, 1], [40, 10]);
      assert.deepEqual([(await log.bounds('t', 0)).start, (await log.bounds('t', 1)).start], [1, 1]);
      assert.equal(await settle(log, from('earliest')), ago(10), 'since the first records left have arrived, in all partitions');
      assert.equal(await settle(log, from(ago(15))), ago(10), 'what retention has taken of a partition may have come later');
      assert.equal(await settle(log, from(ago(5))), ago(5), 'all records of then are there');
      assert.equal(await settle(log, from({ offset: 0 })), ago(10));
      assert.equal(await settle(log, from({ offset: 2 })), ago(1), 'of the other partition the last record is left out');
    });
  });

  test(`${how}: of a partition that retention has emptied windows are whole behind what was counted of it, also the second time`, async () => {
    await withTempLog(async ({ log }) => {
      await arrived(log, settle, [40, 30], [9]);
      const { start, end } = await log.bounds('t', 0);
      assert.deepEqual([start, end], [2, 2]);
      await counted(log, 0, ago(29));
      await counted(log, 1, ago(8));
      assert.equal(await settle(log, from('earliest')), ago(29) + 1);
      assert.equal(await settle(log, from('earliest')), ago(29) + 1);
      assert.equal(await settle(log, from(ago(12))), ago(12));
    });
  });

  test(`${how}: from latest no window is whole that began before the last record that is skipped`, async () => {
    await withTempLog(async ({ log }) => {
      await arrived(log, settle, [7, 1], [5]);
      await counted(log, 0, ago(3));
      assert.equal(await settle(log, from('latest')), ago(1) + 1);
      // Nothing has come since: what was not whole is not whole now.
      assert.equal(await settle(log, { kind: 'new' }), ago(1) + 1);
      await counted(log, 1, NOW + HOUR);
      assert.equal(await settle(log, from('latest')), NOW + HOUR + 1, 'an event was ahead of its arrival');
    });
  });

  test(`${how}: a log that still has its first record is whole, whatever tells delays`, async () => {
    await withTempLog(async ({ log }) => {
      await arrived(log, settle, [7, 1], []);
      await counted(log, 0, ago(3));
      for (const clock of ['append', 'event'] as const) {
        assert.equal(await settle(log, from('earliest'), clock), -Infinity);
        assert.equal(await settle(log, from(ago(2)), clock), ago(2));
      }
      assert.equal(await settle(log, from({ offset: 0 })), -Infinity);
      assert.equal(await settle(log, from({ offset: 1 })), ago(1));
    });
  });

  test(`${how}: by event time nobody can tell what retention has left whole, and arrival says nothing`, async () => {
    await withTempLog(async ({ log }) => {
      await arrived(log, settle, [7, 1], [40, 5]);
      await counted(log, 0, ago(300));
      const before = await log.state('');
      await assert.rejects(settle(log, from('earliest'), 'event'), {
        code: 'usage',
        message: /^pipeline p: t\/1 can be read from offset 1 on.*By event time.*--clock append.*--new-revision/s,
      });
      assert.deepEqual(await log.state(''), before, 'nothing has changed');
      assert.equal(await settle(log, from('latest'), 'event'), ago(300) + 1);
    });
  });
}

test('where no record was ever counted or kept, there is nothing to leave out', async () => {
  await withTempLog(async ({ log }) => {
    await arrived(log, inOneProcess, [], []);
    for (const choice of [from('latest'), from('earliest'), { kind: 'new' } as const])
      assert.equal(await inOneProcess(log, choice), -Infinity);
  });
});

test('marks of transactions at the end of a partition are no records: the last one stands before them', async () => {
  await withTempLog(async ({ log }) => {
    await arrived(log, inOneProcess, [7, 6, 1], []);
    // Of the last five offsets nobody can read anything.
    const marked: Log = {
      ...log,
      async bounds(topic, partition) {
        const bounds = await log.bounds(topic, partition);
        return partition === 0 ? { ...bounds, end: bounds.end + 5 } : bounds;
      },
    };
    assert.equal(await inOneProcess(marked, from('latest')), ago(1) + 1);
  });
});

test('people are told which windows stay', () => {
  assert.equal(
    incompleteText('shop', NOW),
    'pipeline shop: windows that begin before 2026-03-03T00:00:00.000Z are not whole in what is read; they stay as they are',
  );
});
