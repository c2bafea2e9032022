import { z } from 'zod';
import { durationField, shareField } from '../fields.ts';

export const emaThresholdConfig = z
  .strictObject({
    down: shareField
      .refine((share) => share > 0 && share <= 1, 'expected more than 0% and at most 100%')
      .optional()
      .describe('Fires when the value is below the moving average by more than this: 50% means below half of it.'),
    up: shareField
      .refine((share) => share > 0, 'expected more than 0%')
      .optional()
      .describe('Fires when the value is above the moving average by more than this: 100% means above twice, 200% above three times.'),
    min_volume: z
      .number()
      .min(0)
      .default(0)
      .describe(
        'A window with less behind it (the denominator of a ratio, else events) is neither judged nor learnt from; 0: every one counts.',
      ),
    warm_up: z.number().int().min(0).max(100_000).default(0).describe('Windows learnt from before a series may fire.'),
    forget_after: durationField
      .default(3_600_000)
      .describe('A moving average that has learnt nothing for this long, by event time, starts anew.'),
  })
  .refine((config) => config.down !== undefined || config.up !== undefined, 'expected "down" or "up", or both');

export type EmaThresholdConfig = z.output<typeof emaThresholdConfig>;
