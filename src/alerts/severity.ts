import type { Direction } from '../detectors/detector.ts';
import type { Severity } from '../receivers/alert-event.ts';

/** Percent. A drop beyond this leaves less than 30 % of what was expected; a rise beyond, more than five times as much. */
const HIGH_DROP = -70;
const HIGH_RISE = 400;

/** Where the file does not say: high past the limits above, else medium. `deviation` in percent, unrounded; null where it is undefined. */
export function severityOf(direction: Direction, deviation: number | null): Severity {
  if (deviation === null) return 'medium';
  return (direction === 'down' ? deviation < HIGH_DROP : deviation > HIGH_RISE) ? 'high' : 'medium';
}
