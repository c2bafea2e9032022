/** Which threads of a process go first where they are more than the cores. Linux alone has a priority for each thread; elsewhere nothing is done. */
import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, platform, setPriority } from 'node:os';

/**
 * So many steps of niceness below the thread that serves: it gets a core about three times as often as one of the others where both want it.
 * More would hold back counting where other programs keep the machine busy.
 */
const STEPS = 5;
/** As libuv names the threads of its pool. */
const POOL_THREAD = 'libuv-worker';

/** The calling thread lets the one that started it go first. */
export function giveWay(): void {
  lower(0, below());
}

/** The threads of Node's pool, which compress, and wait for the disk, let the calling one go first. They are there once the pool has had work. */
export function poolGivesWay(): void {
  if (platform() !== 'linux') return;
  const to = below();
  // What Node calls the id of a process may here be that of a thread.
  for (const thread of readdirSync('/proc/self/task')) if (nameOf(thread) === POOL_THREAD) lower(Number(thread), to);
}

/** Niceness of those who give way to the calling thread. */
function below(): number {
  return Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + STEPS);
}

/** Nobody may go up again. Nor may everybody set priorities, and nothing hangs on it. */
function lower(thread: number, to: number): void {
  if (platform() !== 'linux' || getPriority(thread) >= to) return;
  try {
    setPriority(thread, to);
  } catch {
    // A sandbox that forbids it.
  }
}

/** Undefined: it has just ended. */
function nameOf(thread: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
