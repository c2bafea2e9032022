import { z } from 'zod';
import { durationField, shareField } from '../fields.ts';

export const evidenceConfig = z
  .strictObject({
    down: shareField
      .refine((share) => share >= 0.1 && share <= 1, 'expected 10% to 100%')
      .optional()
      .describe('The smallest drop worth a bell: 50% means half of what was to be expected.'),
    up: shareField
      .refine((share) => share >= 0.1, 'expected at least 10%')
      .optional()
      .describe('The smallest rise worth a bell: 100% means twice what was to be expected, 200% three times.'),
    habits: z
      .boolean()
      .default(true)
      .describe('What a series does every day at the same time is no news; false: it is, and a series takes 1 kB less.'),
    forget_after: durationField
      .default(259_200_000)
      .describe('A series that had no event for this long, by event time, is forgotten with all that was learnt of it.'),
  })
  .refine((config) => config.down !== undefined || config.up !== undefined, 'expected "down" or "up", or both');

export type EvidenceConfig = z.output<typeof evidenceConfig>;
