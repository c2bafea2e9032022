/** A log in a directory of its own, that can be closed and opened again on what it stored. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEmbeddedLog } from '../../src/log/embedded/embedded-log.ts';
import type { Log } from '../../src/log/log.ts';

export interface TempLog {
  readonly log: Log;
  /** Of its file. */
  readonly path: string;
  reopen(): Promise<void>;
}

/** In memory where there is such a place: thousands of commits need not wait for a disk. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
/** Epoch ms: when derived records are appended. Nothing may depend on it. */
const NOW_MS = Date.UTC(2026, 2, 3);

export async function withTempLog<T>(body: (temp: TempLog) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(path.join(PARENT, 'tocsin-property-'));
  const file = path.join(dir, 'log.sqlite');
  const open = (): Log => createEmbeddedLog({ path: file, clock: { now: () => NOW_MS, elapsed: () => 0 } });
  let log = open();
  try {
    return await body({
      get log() {
        return log;
      },
      path: file,
      async reopen() {
        await log.close();
        log = open();
      },
    });
  } finally {
    await log.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
