/**
 * Loaded before each test file by `run-tests.ts`: where the tests of a file are over and its process does not end, as something that they
 * started still runs, it is named and fails. Without this the whole run waits for it.
 */
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';

/** For what is stopped after the last test. */
const END_MS = 30_000;

const file = path.relative(process.cwd(), process.argv[1] ?? '');

// Threads and forks of a test load it too.
if (isMainThread && file.endsWith('.test.ts')) {
  const { after, afterEach, beforeEach } = await import('node:test');
  let running = 0;
  let waiting: NodeJS.Timeout | undefined;

  const giveUp = (): never => {
    const left = Map.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
    const counts = [...left].map(([kind, all]) => `${all.length} ${kind}`).join(', ');
    console.error(
      `${file}: its tests are over for ${END_MS / 1_000} s, and it does not end. What they started must end with them; open: ${counts}`,
    );
    process.exit(1);
  };
  const wait = (): void => {
    if (running === 0) waiting = setTimeout(giveUp, END_MS).unref();
  };
  beforeEach(() => {
    running += 1;
    clearTimeout(waiting);
  });
  afterEach(() => {
    running -= 1;
    if (waiting) wait();
  });
  // A file that is still loading may have tests after these.
  after(wait);
}
