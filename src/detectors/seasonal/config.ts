import { z } from 'zod';
import { durationField, shareField } from '../fields.ts';

export const seasonalConfig = z
  .strictObject({
    down: shareField
      .refine((share) => share > 0 && share <= 1, 'expected more than 0% and at most 100%')
      .optional()
      .describe('The smallest fall below the forecast worth a bell, however unusual it is: 30% is from 100 expected to 70.'),
    up: shareField
      .refine((share) => share > 0 && share <= 100, 'expected more than 0% and at most 10000%')
      .optional()
      .describe('The smallest rise above the forecast worth a bell, however unusual it is: 50% is from 100 expected to 150.'),
    forget_after: durationField
      .default(1_209_600_000)
      .describe('A series that had no event for this long, by event time, is forgotten with all that was learnt of it. Default two weeks.'),
  })
  .refine((config) => config.down !== undefined || config.up !== undefined, 'expected "down" or "up", or both');

export type SeasonalConfig = z.output<typeof seasonalConfig>;
