import { z } from 'zod';
import { durationField, shareField } from '../fields.ts';

export const changeConfig = z
  .strictObject({
    against: z.enum(['1d', '7d']).default('1d').describe('What a span is held against: the same time yesterday (1d) or last week (7d).'),
    span: durationField
      .optional()
      .describe(
        'Length of the spans that are compared; the day must be a multiple of it. Default 15m against yesterday, 1h against last week.',
      ),
    down: shareField
      .refine((share) => share > 0 && share <= 1, 'expected more than 0% and at most 100%')
      .optional()
      .describe('The smallest fall worth a bell: 30% is from 100 then to 70 now.'),
    up: shareField
      .refine((share) => share > 0 && share <= 100, 'expected more than 0% and at most 10000%')
      .optional()
      .describe('The smallest rise worth a bell: 50% is from 100 then to 150 now.'),
  })
  .refine((config) => config.down !== undefined || config.up !== undefined, 'expected "down" or "up", or both');

export type ChangeConfig = z.output<typeof changeConfig>;
