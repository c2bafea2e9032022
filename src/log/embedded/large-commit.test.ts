import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../core/clock.ts';
import type { StateChange } from '../log.ts';
import { createEmbeddedLog, type EmbeddedLog } from './embedded-log.ts';
import { temporary } from '../../../test/support/temporary.ts';

const ENTRIES = 5_000;
const stateOf = (value: Uint8Array): StateChange[] => Array.from({ length: ENTRIES }, (_, i): StateChange => [`s/${i}`, value]);

function opened(t: TestContext): EmbeddedLog {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-large-'));
  const log = createEmbeddedLog({ path: path.join(dir, 'log.sqlite'), clock: systemClock, rowBytes: 1 });
  t.after(async () => {
    await log.close();
    rmSync(dir, { recursive: true });
  });
  return log;
}

test('who asks while a large commit is written waits for nobody, and sees all of it or nothing', async (t) => {
  const log = opened(t);
  await log.ensureTopic('t', { partitions: 1 });
  await log.ensureTopic('short', { partitions: 1, retentionBytes: 1 });
  const value = Buffer.from('v');
  await log.commit({ appends: [{ topic: 'short', partition: 0, bytes: value, ends: Uint32Array.of(1) }] });
  const state = stateOf(value);
  const offsets = [{ group: 'g', topic: 't', partition: 0, offset: 1 }];
  const commit = log.commit({ appends: [{ topic: 't', partition: 0, bytes: value, ends: Uint32Array.of(1) }], offsets, state });
  const over = commit.then(() => 'over');
  const seen = new Set<number>();
  let asked = 0;
  while ((await Promise.race([over, turn()])) !== 'over') {
    const batch = await log.read('t', 0, 0, { maxBytes: 1_000 });
    const { end } = await log.bounds('t', 0);
    const keys = (await log.state('s/')).length;
    const offset = await log.committed('g', 't', 0);
    // Records are read last, when they are durable.
    assert.ok(end === 0 || keys === ENTRIES);
    assert.ok(!batch || end === 1);
    if (keys !== 0) assert.deepEqual([keys, offset], [ENTRIES, 1]);
    seen.add(keys);
    asked++;
  }
  assert.ok(asked > 1 && seen.has(0), `${asked} asked meanwhile, and saw ${[...seen].join(', ')}`);
  const after = await Promise.all([
    log.state('s/').then((found) => found.length),
    log.bounds('t', 0).then(({ end }) => end),
    log.read('t', 0, 0, { maxBytes: 1_000 }).then((batch) => batch?.count),
    log.committed('nobody', 't', 0),
    log.ensureTopic('other', { partitions: 2 }).then(({ partitions }) => partitions),
    log.applyRetention(),
  ]);
  assert.deepEqual(after, [ENTRIES, 1, 1, undefined, 2, 1]);
  assert.deepEqual(await commit, [0]);
});

test('retention goes on between large commits', async (t) => {
  const log = opened(t);
  await log.ensureTopic('short', { partitions: 1, retentionBytes: 1 });
  const one = Buffer.from('v');
  // Rows for several transactions of retention.
  const rows = 200;
  for (let i = 0; i < rows; i++) {
    await log.commit({ appends: [{ topic: 'short', partition: 0, bytes: one, ends: Uint32Array.of(1) }] });
  }
  const retired = log.applyRetention();
  const commits: Promise<number[]>[] = [];
  // Each comes while the one before is written.
  for (let i = 0; i < 6; i++) {
    commits.push(log.commit({ state: stateOf(Buffer.from(`${i}`)) }));
    await turn();
    await turn();
  }
  assert.equal(await retired, rows);
  await Promise.all(commits);
  const found = await log.state('s/');
  assert.deepEqual([found.length, ...new Set(found.map(([, value]) => Buffer.from(value).toString()))], [ENTRIES, '5']);
});

test('a log that is closed in the middle of a large commit has all of it', async (t) => {
  const dir = temporary(t);
  const config = { path: path.join(dir, 'log.sqlite'), clock: systemClock };
  const log = createEmbeddedLog(config);
  const commit = log.commit({ state: stateOf(Buffer.from('v')) });
  await turn();
  await log.close();
  await commit;
  const again = createEmbeddedLog(config);
  t.after(() => again.close());
  assert.equal((await again.state('s/')).length, ENTRIES);
});
