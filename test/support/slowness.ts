import { availableParallelism, loadavg } from 'node:os';

/** How many times longer than alone something may take here and now: what waits for a core is no fault of what is tested. */
export function slowness(): number {
  return Math.max(1, loadavg()[0]! / availableParallelism());
}
