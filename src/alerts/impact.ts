import type { AlertImpact } from '../receivers/alert-event.ts';
import type { MeasureSpec } from '../windows/spec.ts';

const HOUR_MS = 3_600_000;

/**
 * What the deviation is worth, at this window's pace for an hour: above 0 is money missing, below 0 money in excess.
 * - a sum of money: (expected - observed) x windows in an hour
 * - money per something (eCPM): (expected - observed) x denominator / scale x windows in an hour
 *
 * `volume` is the window's denominator. Null for measures that are not money or do not add up.
 */
export function impactOf(
  measure: MeasureSpec,
  values: { observed: number; expected: number; volume: number; sizeMs: number },
): AlertImpact | null {
  if (measure.currency === undefined) return null;
  const missing = (values.expected - values.observed) * (HOUR_MS / values.sizeMs);
  let money: number;
  if (measure.kind === 'sum') money = missing;
  else if (measure.kind === 'ratio') money = (missing * values.volume) / measure.scale;
  else return null;
  return { money_per_hour: Math.round(money * 100) / 100, currency: measure.currency };
}
