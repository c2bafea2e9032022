import { z } from 'zod';
import { durationField } from '../fields.ts';

export const absenceConfig = z.strictObject({
  for: durationField
    .refine((ms) => ms > 0, 'expected more than 0s')
    .default(600_000)
    .describe('How long a series that is usually heard of has to be silent at least, by event time.'),
  habits: z
    .enum(['day', 'week'])
    .default('day')
    .describe('`day`: what is usual at this hour; `week`: what is usual at this hour of this weekday, which takes a week to learn.'),
  forget_after: durationField
    .default(7 * 86_400_000)
    .describe('A series that has been silent for this long is gone: its alert ends, and what was learnt about it.'),
});

export type AbsenceConfig = z.output<typeof absenceConfig>;
