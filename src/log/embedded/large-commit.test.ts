import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../core/clock.ts';
import type { StateChange } from '../log.ts';
import { createEmbeddedLog } from './embedded-log.ts';

const ENTRIES = 5_000;

test('who asks in the middle of a large commit is answered after it, and sees all of it', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-large-'));
  const log = createEmbeddedLog({ path: path.join(dir, 'log.sqlite'), clock: systemClock });
  t.after(async () => {
    await log.close();
    rmSync(dir, { recursive: true });
  });
  await log.ensureTopic('t', { partitions: 1 });
  const value = Buffer.from('v');
  const state = Array.from({ length: ENTRIES }, (_, i): StateChange => [`s/${i}`, value]);
  const commit = log.commit({ appends: [{ topic: 't', partition: 0, bytes: value, ends: Uint32Array.of(1) }], state });
  // Its transaction begins in the next turn, and takes several.
  await turn();
  const asked = await Promise.all([
    log.state('s/').then((found) => found.length),
    log.bounds('t', 0).then(({ end }) => end),
    log.read('t', 0, 0, { maxBytes: 1_000 }).then((batch) => batch?.count),
    log.committed('nobody', 't', 0),
    log.ensureTopic('other', { partitions: 2 }).then(({ partitions }) => partitions),
    log.applyRetention(),
  ]);
  assert.deepEqual(asked, [ENTRIES, 1, 1, undefined, 2, 0]);
  assert.deepEqual(await commit, [0]);
});

test('a log that is closed in the middle of a large commit has all of it', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-large-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const config = { path: path.join(dir, 'log.sqlite'), clock: systemClock };
  const log = createEmbeddedLog(config);
  const commit = log.commit({ state: Array.from({ length: ENTRIES }, (_, i): StateChange => [`s/${i}`, Buffer.from('v')]) });
  await turn();
  await log.close();
  await commit;
  const again = createEmbeddedLog(config);
  t.after(() => again.close());
  assert.equal((await again.state('s/')).length, ENTRIES);
});
