import { z } from 'zod';
import { durationField, levelField } from '../fields.ts';

export const thresholdConfig = z
  .strictObject({
    above: levelField.optional().describe('Fires when the value is above this: a number in the unit of the measure, or "5%" for a ratio.'),
    clear_below: levelField
      .optional()
      .describe('With "above": ends only when the value is below this, so that a value that wavers around the limit rings once.'),
    below: levelField.optional().describe('Fires when the value is below this.'),
    clear_above: levelField.optional().describe('With "below": ends only when the value is above this.'),
    for: z
      .union([
        durationField.transform((ms) => ({ ms })),
        z
          .number()
          .int()
          .min(1)
          .max(100_000)
          .transform((windows) => ({ windows })),
      ])
      .default({ windows: 1 })
      .describe('How long the value must be past the limit before it fires: a duration, or a number of windows.'),
    min_volume: z
      .number()
      .min(0)
      .default(0)
      .describe('A window with less behind it (the denominator of a ratio, else events) is not judged; 0: every one counts.'),
  })
  .refine((config) => config.above !== undefined || config.below !== undefined, 'expected "above" or "below", or both')
  .refine((config) => config.clear_below === undefined || config.above !== undefined, '"clear_below" goes with "above", which is missing')
  .refine((config) => config.clear_above === undefined || config.below !== undefined, '"clear_above" goes with "below", which is missing');

export type ThresholdConfig = z.output<typeof thresholdConfig>;
