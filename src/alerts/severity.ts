import type { Direction, Grounds } from '../detectors/detector.ts';
import type { Severity } from '../receivers/alert-event.ts';

/** Percent. A drop beyond this leaves less than 30 % of what was expected; a rise beyond, more than five times as much. */
const HIGH_DROP = -70;
const HIGH_RISE = 400;

/** Where the file does not say: high past the limits above, else medium. `deviation` in percent, unrounded; null where it is undefined. */
export function severityOf(direction: Direction, deviation: number | null): Severity {
  if (deviation === null) return 'medium';
  return (direction === 'down' ? deviation < HIGH_DROP : deviation > HIGH_RISE) ? 'high' : 'medium';
}

/** Factors of what was expected, by how far the ratio is at least from 1: as 1/r for drops, as r for rises. */
const LOW_FACTOR = 1.25;
const HIGH_FACTOR = { down: 1 / 0.3, up: 5 } as const;
const HIGH_SURE_FACTOR = { down: 2, up: 2.5 } as const;
/** A critical alert would have rung at a budget this many times smaller: e^14 is about a million. */
const CRITICAL_SURPLUS = 14;

/**
 * From effect and evidence together. What counts is what the ratio is at least, the end of its 95 % interval that is nearer
 * to 1: weak evidence leaves a wide interval.
 * - critical: at least as far out as `high` asks of the ratio itself, and a million times the evidence it takes
 * - high: less than 30 % is left, or more than five times as much, and at least a half is gone, or 2.5 times as much
 * - low: it may be less than a change by a quarter (x0.8, x1.25)
 * - medium: the rest
 *
 * Of a silence the interval is wide where little was expected, and yet it is certain that nothing came: it is never low, and where it is
 * the whole pipeline's (`isWhole`: no labels) at least high, critical by its evidence alone.
 */
export function severityOfGrounds(direction: Direction, grounds: Grounds, isWhole: boolean): Severity {
  const { ratio, ratioRange, observed, logEvidence, logThreshold } = grounds;
  const isSure = logEvidence - logThreshold >= CRITICAL_SURPLUS;
  const isSilence = direction === 'down' && observed === 0 && ratio === 0;
  if (isSilence && isWhole) return isSure ? 'critical' : 'high';
  const far = (value: number): number => (direction === 'up' ? value : value > 0 ? 1 / value : Infinity);
  const [low, high] = ratioRange;
  const least = far(direction === 'up' ? low : high);
  if (least >= HIGH_FACTOR[direction] && isSure) return 'critical';
  if (far(ratio) > HIGH_FACTOR[direction] && least >= HIGH_SURE_FACTOR[direction]) return 'high';
  return least < LOW_FACTOR && !isSilence ? 'low' : 'medium';
}
