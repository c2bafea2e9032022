/** Which threads of a process go first where they are more than the cores. Linux alone has a priority for each thread; elsewhere nothing is done. */
import { constants, getPriority, platform, setPriority } from 'node:os';

/**
 * So many steps of niceness below the thread that serves: it gets a core about three times as often as one of the others where both want it.
 * More would hold back counting where other programs keep the machine busy.
 */
const STEPS = 5;

/**
 * The calling thread lets the one that started it go first. Not for the threads of Node's pool: who hands work to them is held until those
 * that it woke before have had a core (a condition variable of glibc), so that they would hold up the very thread that they let go first.
 */
export function giveWay(): void {
  if (platform() !== 'linux') return;
  const to = Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + STEPS);
  try {
    setPriority(0, to);
  } catch {
    // A sandbox that forbids it: nothing hangs on it.
  }
}
