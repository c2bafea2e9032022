import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A directory that goes with its owner: a test (`t`), or the whole file (`{ after }` of node:test). */
export function temporary(owner: { after(undo: () => void): void }): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-test-'));
  owner.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
