import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 5;
const PATIENCE_MS = 60_000;

/** Looks again and again, for what nothing tells of. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += EVERY_MS) {
    assert.ok(waitedMs < PATIENCE_MS, 'waited in vain');
    await sleep(EVERY_MS);
  }
}
