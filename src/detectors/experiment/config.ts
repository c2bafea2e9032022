import { z } from 'zod';
import { shareField } from '../fields.ts';

export const experimentConfig = z.strictObject({
  of: z.string().min(1).describe('The dimension whose values are the variants: `of: banner`.'),
  control: z.string().min(1).describe('The variant that the others are compared with.'),
  error: shareField
    .refine((share) => share > 0 && share <= 0.5, 'expected more than 0% and at most 50%')
    .default(0.05)
    .describe('How often such an experiment may decide for a difference where there is none; shared by its variants.'),
  variants: z
    .number()
    .int()
    .min(2)
    .max(100)
    .default(2)
    .describe(
      'How many variants there are, the control among them: the permitted error is shared by the comparisons. Values that come when it is dealt out are not judged.',
    ),
});

export type ExperimentConfig = z.output<typeof experimentConfig>;
