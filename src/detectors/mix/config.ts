import { z } from 'zod';
import { durationField, shareField } from '../fields.ts';

export const mixConfig = z
  .strictObject({
    of: z
      .string()
      .min(1)
      .describe('The dimension whose values share the measure: `of: country` watches the share of each country among those beside it.'),
    down: shareField
      .refine((share) => share > 0 && share <= 1, 'expected more than 0% and at most 100%')
      .optional()
      .describe('The smallest loss of share worth a bell, of the share itself: 50% is from a share of 20 % to 10 %.'),
    up: shareField
      .refine((share) => share > 0 && share <= 100, 'expected more than 0% and at most 10000%')
      .optional()
      .describe('The smallest gain of share worth a bell, of the share itself: 100% is from a share of 20 % to 40 %.'),
    unseen: shareField
      .refine((share) => share > 0 && share < 1, 'expected more than 0% and less than 100%')
      .optional()
      .describe('A value never seen before is told when it holds so much: a rule beside the false-alarm budget. Default: it is not told.'),
    half_life: durationField
      .refine((ms) => ms >= 3_600_000, 'expected at least 1h')
      .default(86_400_000)
      .describe('Age at which what was learnt about the shares counts half.'),
    warm_up: durationField
      .default(3_600_000)
      .describe(
        'A share is not judged before it has been learnt for this long. A value is new for as long, ten windows at least, and none is unseen before others are that old.',
      ),
  })
  .refine(
    (config) => [config.down, config.up, config.unseen].some((share) => share !== undefined),
    'expected "down", "up" or "unseen", or several',
  );

export type MixConfig = z.output<typeof mixConfig>;
