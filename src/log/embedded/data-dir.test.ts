import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lockDataDir, openDataDir } from './data-dir.ts';

// This file is its own child process: the lock's holder in one role, a user without root's rights in the other.
const holdFor = process.env['TOCSIN_TEST_HOLD'];
const tryIn = process.env['TOCSIN_TEST_TRY'];
if (holdFor !== undefined) {
  lockDataDir(holdFor);
  // Nobody keeps what it returned: the lock holds all the same.
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  process.stdout.write('locked\n');
  setInterval(() => {}, 1_000);
} else if (tryIn !== undefined) {
  tryWithoutPermission(tryIn);
} else {
  tests();
}

function tempDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-dir-'));
  t.after(() => {
    chmodSync(dir, 0o700);
    rmSync(dir, { recursive: true });
  });
  return dir;
}

function tryWithoutPermission(dir: string): void {
  assert.throws(() => openDataDir(dir, { create: true }), { code: 'data_dir_unusable', message: /no permission/ });
  assert.throws(() => openDataDir(join(dir, 'sub'), { create: true }), { code: 'data_dir_unusable', message: /no permission/ });
  assert.throws(() => lockDataDir(dir), { code: 'data_dir_unusable' });
  openDataDir(dir, { create: false });
}

function tests(): void {
  test('makes the directory and its parents for this user alone', (t) => {
    const path = join(tempDir(t), 'a', 'b');
    const opened = openDataDir(path, { create: true });
    assert.deepEqual(opened, { path, logPath: join(path, 'log.sqlite') });
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.deepEqual(openDataDir(path, { create: true }), opened);
    assert.deepEqual(openDataDir(path, { create: false }), opened);
  });

  test('a missing directory is not made unless asked for', (t) => {
    const path = join(tempDir(t), 'none');
    assert.throws(() => openDataDir(path, { create: false }), { code: 'data_dir_unusable', message: /none: it does not exist/ });
    assert.throws(() => statSync(path), { code: 'ENOENT' });
  });

  test('a file in the place of the directory is named as such', (t) => {
    const file = join(tempDir(t), 'file');
    writeFileSync(file, '');
    for (const create of [true, false]) {
      assert.throws(() => openDataDir(file, { create }), { code: 'data_dir_unusable', message: /is a file/ });
      assert.throws(() => openDataDir(join(file, 'sub'), { create }), { code: 'data_dir_unusable', message: /is a file/ });
    }
  });

  test('a directory without write permission is unusable for writing', (t) => {
    const dir = tempDir(t);
    chmodSync(dir, 0o555);
    if (process.getuid?.() !== 0) {
      tryWithoutPermission(dir);
      return;
    }
    // Permissions do not bind root: another user tries.
    const env = { ...process.env, TOCSIN_TEST_TRY: dir };
    const child = spawnSync(process.execPath, [import.meta.filename], { env, uid: 65_534, gid: 65_534, encoding: 'utf8' });
    if (child.error) t.skip(`cannot run as another user: ${child.error.message}`);
    else assert.equal(child.status, 0, child.stderr);
  });

  test('only one holds the lock, in this process too, until it lets go', (t) => {
    const dir = tempDir(t);
    const lock = lockDataDir(dir);
    const pid = new RegExp(`pid ${process.pid}\\) works on the data directory`);
    assert.throws(() => lockDataDir(dir), { code: 'data_dir_locked', message: pid });
    assert.throws(() => lockDataDir(dir), { code: 'data_dir_locked' }, 'a failed try does not give the lock away');
    lock.release();
    lock.release();
    const again = lockDataDir(dir);
    assert.throws(() => lockDataDir(dir), { code: 'data_dir_locked' });
    again.release();
  });

  test('the lock of another process holds until that process is killed', async (t) => {
    const dir = tempDir(t);
    const env = { ...process.env, TOCSIN_TEST_HOLD: dir };
    const child = spawn(process.execPath, [import.meta.filename], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    assert.throws(() => lockDataDir(dir), { code: 'data_dir_locked', message: new RegExp(`pid ${child.pid}\\)`) });
    child.kill('SIGKILL');
    await once(child, 'exit');
    lockDataDir(dir).release();
  });

  test('a note of a process that is gone is not believed', (t) => {
    const dir = tempDir(t);
    const lock = lockDataDir(dir);
    for (const note of ['', 'nonsense', '0', '999999999']) {
      writeFileSync(join(dir, 'lock.pid'), note);
      assert.throws(() => lockDataDir(dir), { code: 'data_dir_locked', message: /^another Tocsin process works/ });
    }
    lock.release();
  });

  test('a lock file that is a directory is explained', (t) => {
    const dir = tempDir(t);
    mkdirSync(join(dir, 'lock.sqlite'));
    assert.throws(() => lockDataDir(dir), { code: 'data_dir_unusable', message: /lock\.sqlite: it cannot be opened/ });
  });
}
