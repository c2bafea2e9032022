import { z } from 'zod';
import { formatDuration } from '../../core/duration.ts';
import { durationField } from '../fields.ts';

export const absenceConfig = z
  .strictObject({
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
  })
  .refine((config) => config.for < config.forget_after, {
    error: ({ input }) => {
      const config = input as { for: number; forget_after: number };
      const forgotten = formatDuration(config.forget_after);
      return `found for: ${formatDuration(config.for)} with forget_after: ${forgotten}, by when the series is forgotten; expected for: less than ${forgotten}, or a longer "forget_after"`;
    },
  });

export type AbsenceConfig = z.output<typeof absenceConfig>;
