/** What the host of a virtual machine takes from it: a thread that has a core then stands still, and those that wait for that core wait on. */
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** Of `/proc/stat` on all architectures, ms. */
const TICK_MS = 10;
/** After the word `cpu`: user, nice, system, idle, iowait, irq, softirq, steal. */
const STEAL = 8;

/** Since the machine began, all cores together, ms; 0 where nobody tells. */
export function stolenMs(): number {
  if (platform() !== 'linux') return 0;
  const [all] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  return TICK_MS * Number(all!.split(/ +/)[STEAL] ?? 0);
}
