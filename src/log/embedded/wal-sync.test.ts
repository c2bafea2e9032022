import assert from 'node:assert/strict';
import fs, { readdirSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createEmbeddedLog } from './embedded-log.ts';
import { openWalSync } from './wal-sync.ts';
import { temporary } from '../../../test/support/temporary.ts';

const refusal = (): Error => Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });

function dirOf(t: TestContext): string {
  const dir = temporary(t);
  return dir;
}

function walOf(t: TestContext): string {
  const path = join(dirOf(t), 'wal');
  writeFileSync(path, 'x');
  return path;
}

interface Syncs {
  fdatasync: (fd: number, done: fs.NoParamCallback) => void;
  fdatasyncSync: (fd: number) => void;
}
const syncs: Syncs = fs;

/** Puts another function in the place of one of `node:fs`, wherever it was imported, until the test ends. */
function replace<K extends keyof Syncs>(t: TestContext, name: K, by: (real: Syncs[K]) => Syncs[K]): void {
  const real: Syncs[K] = syncs[name];
  const put = (to: Syncs[K]): void => {
    syncs[name] = to;
    syncBuiltinESMExports();
  };
  put(by(real));
  t.after(() => put(real));
}

/** Syncs wait until they are let go, in order. */
function holdSyncs(t: TestContext): { next(): Promise<() => void> } {
  const held: (() => void)[] = [];
  let wake = (): void => {};
  replace(t, 'fdatasync', (real) => (fd, done) => {
    held.push(() => real(fd, done));
    wake();
  });
  return {
    async next() {
      while (held.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return held.shift()!;
    },
  };
}

/** The disk refuses from the first sync beside the thread on. */
function refuseSyncs(t: TestContext): void {
  replace(t, 'fdatasync', () => (_fd, done) => setImmediate(() => done(refusal())));
}

const openFiles = (): number => readdirSync('/dev/fd').length;

test('calls while the disk is at work share the next sync, and closing lets that one end', async (t) => {
  const disk = openWalSync(walOf(t));
  const first = disk.sync();
  const [second, third] = [disk.sync(), disk.sync()];
  assert.equal(second, third);
  assert.notEqual(first, second);
  disk.syncNow();
  disk.close();
  await Promise.all([first, second]);
});

test('what the disk refused once is refused from then on, and the file is closed all the same', async (t) => {
  refuseSyncs(t);
  const path = walOf(t);
  const before = openFiles();
  for (const late of [true, false]) {
    const disk = openWalSync(path);
    const together = [disk.sync(), disk.sync()];
    if (!late) disk.close();
    for (const one of together) await assert.rejects(one, { code: 'EIO' });
    await assert.rejects(disk.sync(), { code: 'EIO' });
    assert.throws(() => disk.syncNow(), { code: 'EIO' });
    if (late) disk.close();
    assert.equal(openFiles(), before);
  }
});

for (const isUnderWay of [true, false]) {
  const when = isUnderWay ? 'while its own is under way' : 'before its own';
  test(`a commit is rejected whose error the system told to the sync of the closing alone, ${when}`, async (t) => {
    const held = holdSyncs(t);
    let told = 0;
    replace(t, 'fdatasyncSync', (real) => (fd) => {
      if (told++ === 0) throw refusal();
      real(fd);
    });
    const log = createEmbeddedLog({ path: join(dirOf(t), 'log.sqlite'), clock: { now: () => 1, elapsed: () => 1 } });
    const commit = log.commit({ state: [['a', Buffer.from('b')]] });
    const rejected = assert.rejects(commit, { code: 'disk_full' });
    const release = isUnderWay ? await held.next() : undefined;
    log.closeSync();
    release?.();
    await rejected;
    assert.equal(told, 1);
  });
}

test('nothing is told to anybody before the disk has it: neither a topic nor a commit nor a record', async (t) => {
  const held = holdSyncs(t);
  const log = createEmbeddedLog({ path: join(dirOf(t), 'log.sqlite'), clock: { now: () => 1, elapsed: () => 1 } });
  t.after(() => log.closeSync());
  const told: string[] = [];
  const tell = (what: string) => (): void => void told.push(what);
  const ensured = log.ensureTopic('t', { partitions: 1 }).then(tell('topic'));
  const first = await held.next();
  await log.state('');
  assert.deepEqual(told, []);
  first();
  await ensured;

  const appends = [{ topic: 't', partition: 0, bytes: Buffer.from('x'), ends: Uint32Array.of(1), appendTime: 5 }];
  const committed = log.commit({ appends }).then(tell('commit'));
  const second = await held.next();
  const seen = async (): Promise<unknown[]> => {
    const batch = await log.read('t', 0, 0, { maxBytes: 9 });
    return [batch?.count, (await log.bounds('t', 0)).end, await log.offsetAt('t', 0, 9)];
  };
  assert.deepEqual([await seen(), told], [[undefined, 0, 0], ['topic']]);
  second();
  await committed;
  assert.deepEqual(await seen(), [1, 1, 1]);
});
