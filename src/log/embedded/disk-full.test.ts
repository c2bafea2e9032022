import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { packRecords, recordAt } from '../batch.ts';
import { openDataDir } from './data-dir.ts';
import { createEmbeddedLog } from './embedded-log.ts';
import type { EmbeddedLog } from './embedded-log.ts';

const clock = { now: () => 1_000, elapsed: () => 0 };

/** One unit of 100 kB that does not compress, its number in the record, in the offset and in the state. */
function commitNumber(log: EmbeddedLog, n: number): Promise<number[]> {
  const value = Buffer.concat([Buffer.from(`${n} `), randomBytes(100_000)]);
  return log.commit({
    appends: [{ topic: 't', partition: 0, ...packRecords([value]) }],
    offsets: [{ group: 'g', topic: 't', partition: 0, offset: n }],
    state: [['last', Buffer.from(`${n}`)]],
  });
}

/** Commits until the disk is full; how many went in. */
async function fill(log: EmbeddedLog, from: number): Promise<number> {
  for (let n = from; n < from + 2_000; n++) {
    try {
      await commitNumber(log, n);
    } catch (error) {
      assert.equal((error as { code: string }).code, 'disk_full', String(error));
      assert.match(String(error), /Nothing committed is lost; free some space/);
      return n;
    }
  }
  throw new Error('the disk never got full');
}

/** Everything of the first `n` units is there and nothing else. */
async function assertHolds(log: EmbeddedLog, n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    const batch = (await log.read('t', 0, i, { maxBytes: 1 }))!;
    assert.equal(batch.firstOffset, i);
    assert.equal(Buffer.from(recordAt(batch, 0)).toString('latin1').split(' ')[0], `${i}`);
  }
  assert.equal((await log.bounds('t', 0)).end, n);
  assert.equal(await log.committed('g', 't', 0), n - 1);
  assert.equal(Buffer.from((await log.state('last'))[0]![1]).toString(), `${n - 1}`);
}

/** A file system of 3 MB; undefined, and the test skipped, where none can be mounted. */
function mountSmallDisk(t: TestContext): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-full-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tocsin-test', dir]).status === 0;
  t.after(() => {
    if (mounted) spawnSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true });
  });
  if (mounted) return dir;
  t.skip('needs the right to mount a small file system');
  return undefined;
}

test('a full disk rejects what does not fit, keeps the rest, and goes on when there is room', async (t) => {
  const dir = mountSmallDisk(t);
  if (dir === undefined) return;
  const ballast = join(dir, 'ballast');
  const reserve = join(dir, 'reserve');
  writeFileSync(ballast, Buffer.alloc(1_000_000));
  writeFileSync(reserve, Buffer.alloc(200_000));
  const path = join(dir, 'log.sqlite');
  let log = createEmbeddedLog({ path, clock });
  t.after(() => log.closeSync());
  await log.ensureTopic('t', { partitions: 1, retentionBytes: 1 });
  const reader = createEmbeddedLog({ path, clock, readOnly: true });
  t.after(() => reader.closeSync());
  let n = await fill(log, 0);
  assert.ok(n > 3, `${n} units before the disk was full`);
  await assertHolds(log, n);
  await assertHolds(reader, n);
  await assert.rejects(commitNumber(log, n), { code: 'disk_full' });

  // Closed and opened again while the disk is full.
  rmSync(ballast);
  const more = await fill(log, n);
  assert.ok(more > n, 'goes on when there is room');
  n = more;
  await assertHolds(reader, n);
  log.closeSync();
  reader.closeSync();
  const full = createEmbeddedLog({ path, clock, readOnly: true });
  await assertHolds(full, n);
  full.closeSync();

  // With a little room to write down what is deleted, retention makes the rest: deleted rows leave their pages to new ones.
  rmSync(reserve);
  log = createEmbeddedLog({ path, clock });
  await log.commit({ offsets: [{ group: 'g', topic: 't', partition: 0, offset: n }] });
  assert.equal(await log.applyRetention(), n);
  assert.deepEqual(await commitNumber(log, n), [n]);
  assert.ok(statSync(path).size < 3_000_000);
});

test('a disk without any room left cannot hold a new log, and says so', (t) => {
  const dir = mountSmallDisk(t);
  if (dir === undefined) return;
  assert.throws(() => writeFileSync(join(dir, 'ballast'), Buffer.alloc(4_000_000)), { code: 'ENOSPC' });
  assert.throws(() => createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock }), { code: 'disk_full' });
  assert.throws(() => createEmbeddedLog({ path: openDataDir(join(dir, 'sub'), { create: true }).logPath, clock }), { code: 'disk_full' });
});
