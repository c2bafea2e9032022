import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { takeFileLock } from './file-lock.ts';

const tried = process.env['TOCSIN_TEST_TRY_LOCK'];

if (tried !== undefined) {
  process.stdout.write(takeFileLock(tried, { timeoutMs: 0 }) ? 'taken' : 'held');
} else {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-file-lock-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));

  const byAnother = (file: string): string =>
    spawnSync(process.execPath, [import.meta.filename], { env: { ...process.env, TOCSIN_TEST_TRY_LOCK: file }, encoding: 'utf8' }).stdout;

  test('one holds it at a time, in this process and in others', () => {
    const file = join(dir, 'one.sqlite');
    const lock = takeFileLock(file, { timeoutMs: 0 });
    assert.ok(lock);
    assert.equal(takeFileLock(file, { timeoutMs: 0 }), undefined);
    assert.equal(byAnother(file), 'held', 'the try in this process gave nothing away');
    lock.release();
    lock.release();
    assert.equal(byAnother(file), 'taken', 'the lock of a process that ended is free');
    takeFileLock(file, { timeoutMs: 0 })!.release();
  });

  test('a lock that nobody keeps a hand on is held all the same', async () => {
    const file = join(dir, 'forgotten.sqlite');
    assert.ok(takeFileLock(file, { timeoutMs: 0 }));
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    for (let round = 0; round < 3; round++) {
      collectGarbage();
      await sleep(5);
    }
    assert.equal(byAnother(file), 'held');
  });

  test('a file that cannot be opened is an error, not a lock of somebody', () => {
    const file = join(dir, 'folder.sqlite');
    mkdirSync(file);
    assert.throws(() => takeFileLock(file, { timeoutMs: 0 }), { code: 'ERR_SQLITE_ERROR' });
  });
}
