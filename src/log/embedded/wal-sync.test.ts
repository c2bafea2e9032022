import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWalSync } from './wal-sync.ts';

test('calls while the disk is at work share the next sync, and closing lets that one end', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-wal-'));
  try {
    const path = join(dir, 'wal');
    writeFileSync(path, 'x');
    const disk = openWalSync(path);
    const first = disk.sync();
    const [second, third] = [disk.sync(), disk.sync()];
    assert.equal(second, third);
    assert.notEqual(first, second);
    disk.syncNow();
    disk.close();
    await Promise.all([first, second]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
