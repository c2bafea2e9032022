/** Kinds of values that the settings of several detectors are made of. */
import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';

const PERCENT = /^(\d{1,9}(?:\.\d{1,9})?)%$/;

/** `"50%"` -> 0.5 */
export const shareField = z
  .string()
  .regex(PERCENT, 'expected a percentage such as "50%"')
  .transform((text) => Number.parseFloat(text) / 100);

/** `"10m"` -> 600000 */
export const durationField = z
  .string()
  .regex(/^\d{1,12}(ms|s|m|h|d)$/, { error: 'expected a duration such as "5m" or "1h"', abort: true })
  .refine((text) => parseDuration(text) !== undefined, 'expected a shorter duration')
  .transform((text) => parseDuration(text) ?? 0);

/** A level of a measure: a number in the measure's own unit, or `"5%"` for a ratio whatever its scale. */
export const levelField = z.union([
  z.number(),
  z
    .string()
    .regex(PERCENT, 'expected a number, or a percentage such as "5%"')
    .transform((text) => ({ share: Number.parseFloat(text) / 100 })),
]);
export type Level = z.output<typeof levelField>;

/** 0.07 -> `7%`, as it stands in the file. */
export function percentText(share: number): string {
  return `${Number((share * 100).toPrecision(12))}%`;
}

export function levelText(level: Level): string {
  return typeof level === 'number' ? String(level) : percentText(level.share);
}
