import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { packRecords } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import { REVISION_MAX } from '../windows/row-version.ts';
import { replayGroup } from './aggregate/aggregate.ts';
import { offsetOf, recordedRevisions, settleRevision, type RevisionChoice } from './revision.ts';
import { settleStageRevision } from './stage-revision.ts';
import { toStateChanges } from './state-codec.ts';

const inputs = [{ topic: 't', partition: 0, name: 't/0', replayTopic: 'p.replay' }];

function settle(log: Log, windows: string, choice: RevisionChoice, detect = 'd') {
  return settleRevision(log, 'p', { windows, parts: {}, detect }, inputs, choice);
}

async function filled(log: Log): Promise<void> {
  for (const name of ['t', 'p.replay']) await log.ensureTopic(name, { partitions: 1 });
  const appends = [100, 200, 300].map((appendTime) => ({ topic: 't', partition: 0, ...packRecords(['{}']), appendTime }));
  await log.commit({ appends });
}

test('read again from an instant: offsets there, replays from their start, windows before it incomplete', async () => {
  await withTempLog(async ({ log }) => {
    await filled(log);
    await settle(log, 'one', { kind: 'same' });
    const behind = [
      { group: 'p', topic: 't', partition: 0, offset: 3 },
      { group: replayGroup('p', 't'), topic: 'p.replay', partition: 0, offset: 0 },
    ];
    await log.commit({
      offsets: behind,
      state: [
        ['aggregate/p/t/0/ids/1', new Uint8Array(1)],
        ['aggregate/p2/t/0/ids/1', new Uint8Array(1)],
      ],
    });
    const settled = await settle(log, 'one', { kind: 'from', from: 200 });
    assert.deepEqual([settled.windows.counter, settled.completeFrom], [2, 200]);
    assert.equal(await log.committed('p', 't', 0), 1);
    assert.deepEqual(
      (await log.state('aggregate/')).map(([key]) => key),
      ['aggregate/p2/t/0/ids/1'],
      'what another pipeline has stays',
    );
    assert.deepEqual(await recordedRevisions(log, 'p'), settled);
    assert.deepEqual(
      [await offsetOf(log, 't', 0, 'earliest'), await offsetOf(log, 't', 0, 250), await offsetOf(log, 't', 0, 'latest')],
      [0, 2, 3],
    );
  });
});

test('another detector is counted and keeps the windows; a pipeline whose name begins like another is not that one', async () => {
  await withTempLog(async ({ log }) => {
    await filled(log);
    await settle(log, 'one', { kind: 'same' });
    assert.equal(await recordedRevisions(log, 'p2'), undefined);
    const settled = await settle(log, 'one', { kind: 'same' }, 'e');
    assert.deepEqual([settled.windows.counter, settled.detect.counter], [1, 2]);
  });
});

test('going on with the same windows is nothing new; counters fit into a version, and beyond the last another directory is needed', async () => {
  await withTempLog(async ({ log }) => {
    await filled(log);
    await settle(log, 'one', { kind: 'same' });
    assert.equal((await settle(log, 'one', { kind: 'new' })).windows.counter, 1);
    for (let revision = 2; revision <= REVISION_MAX; revision++) await settle(log, `hash ${revision}`, { kind: 'new' });
    assert.equal((await recordedRevisions(log, 'p'))?.windows.counter, REVISION_MAX);
    await assert.rejects(settle(log, 'one more', { kind: 'new' }), /another|new --data directory/);
  });
});

test('a file that computes other windows is refused, and what differs is named', async () => {
  await withTempLog(async ({ log }) => {
    await filled(log);
    const hashes = (windows: string, parts: Record<string, string>) => ({ windows, parts, detect: 'd' });
    const start = (windows: string, parts: Record<string, string>) =>
      settleRevision(log, 'p', hashes(windows, parts), inputs, { kind: 'same' });
    await start('one', { event: 'a', 'measures.ctr': 'b', 'measures.old': 'c' });
    const refused = start('two', { event: 'a', 'measures.ctr': 'other', 'measures.new': 'd' });
    await assert.rejects(refused, {
      code: 'revision_changed',
      message: /in the data directory \(changed: measures\.ctr, measures\.new, measures\.old\)\. Choose:/,
    });
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`measures.m${i}`, 'x']));
    const schema = { 'sources.events.schema': 'x', 'sources.events.event': 'x' };
    const one = (parts: Record<string, string>) => ({ event: 'a', 'measures.ctr': 'b', 'measures.old': 'c', ...parts });
    await assert.rejects(start('two', one(schema)), /\(changed: source\.schema, event\)/);
    await assert.rejects(start('two', one({ ...schema, sources: 'two', 'sources.more.event': 'x' })), /\(changed: sources\)/);
    await assert.rejects(start('two', one({ measures: 'another order' })), /\(changed: measures\)/);
    await assert.rejects(start('two', { ...many, event: 'a', 'measures.ctr': 'b', 'measures.old': 'c' }), /m0, .*m5, and 3 more\)/);
  });
});

test('windows that would begin at other times are not read anew beside those that there are', async () => {
  await withTempLog(async ({ log }) => {
    await filled(log);
    const start = (windows: string, parts: Record<string, string>, choice: RevisionChoice) =>
      settleRevision(log, 'p', { windows, parts, detect: 'd' }, inputs, choice);
    const again: RevisionChoice = { kind: 'from', from: 'earliest' };
    const moved = { code: 'revision_changed', message: /windows of 1d begin at other times.*--new-revision/s };
    // As an earlier version noted it.
    await start('one', { windows: 'x' }, { kind: 'same' });
    await assert.rejects(start('two', { windows: 'y', 'windows.1m': '0', 'windows.1d': '54000000' }, again), moved);
    await start('two', { windows: 'y', 'windows.1m': '0' }, again);
    await start('three', { windows: 'z', 'windows.1m': '0', 'windows.1d': '54000000' }, again);
    await assert.rejects(start('four', { windows: 'u', 'windows.1m': '0', 'windows.1d': '0' }, again), moved);
    await start('four', { windows: 'u', 'windows.1m': '0', 'windows.1d': '0' }, { kind: 'new' });
  });
});

test('by stages, what a producer whose clock is ahead had counted makes no window incomplete that has not begun by now', async () => {
  await withTempLog(async ({ log }) => {
    await filled(log);
    const settleAt = (now: number, windows: string, choice: RevisionChoice) =>
      settleStageRevision('p', { windows, parts: {}, detect: 'd' }, inputs, choice, {
        log,
        readPartition: async () => ({ ...log, close: async () => {} }),
        startedAt: 0,
        now,
      });
    await settleAt(1, 'one', { kind: 'same' });
    const panes = [1_000, 2_000, 3_000_000].map((start): [string, unknown] => [`pane/${start}`, { bodies: [] }]);
    await log.commit({ state: toStateChanges('aggregate/p/t/0/', panes) });
    const settled = await settleAt(2_500, 'two', { kind: 'new' });
    assert.deepEqual([settled.windows.counter, settled.completeFrom], [2, 2_001]);
  });
});

test('a record of before parts were noted tells nothing of them', async () => {
  await withTempLog(async ({ log }) => {
    await filled(log);
    await log.commit({
      state: toStateChanges('revision/', [
        ['p', { windows: { counter: 1, hash: 'one' }, detect: { counter: 1, hash: 'd' }, completeFrom: -Infinity }],
      ]),
    });
    await assert.rejects(settle(log, 'two', { kind: 'same' }), /in the data directory\. Choose:/);
  });
});
