import { z } from 'zod';

export const frequencyConfig = z.strictObject({
  more_than: z.number().min(1).describe('Rings when one key came more often than this in a window, by what the sketch is sure of.'),
  name: z.number().int().min(1).max(20).default(5).describe('How many keys above it the alert names.'),
});

export type FrequencyConfig = z.output<typeof frequencyConfig>;
