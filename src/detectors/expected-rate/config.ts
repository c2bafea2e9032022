import { z } from 'zod';
import { shareField } from '../fields.ts';

const rateText = shareField.refine((rate) => rate > 0 && rate < 1, 'expected more than 0% and less than 100%');

export const expectedRateConfig = z
  .strictObject({
    rate: rateText.optional().describe('The designed rate of all series, as a percentage: "0.6%".'),
    rate_in: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The dimension whose value is the designed rate of a series, such as "0.6%" or "0.006": a field of the event, or of a lookup table.',
      ),
    down: shareField
      .refine((share) => share > 0 && share < 1, 'expected more than 0% and less than 100%')
      .optional()
      .describe('The smallest shortfall worth a bell, of the designed rate: 10% of 0.6 % is 0.54 %. Without "down" and "up": 10% each.'),
    up: shareField
      .refine((share) => share > 0 && share <= 100, 'expected more than 0% and at most 10000%')
      .optional()
      .describe('The smallest excess worth a bell, of the designed rate: 10% of 0.6 % is 0.66 %. Without "down" and "up": 10% each.'),
  })
  .refine((config) => (config.rate === undefined) !== (config.rate_in === undefined), 'expected "rate" or "rate_in", and not both');

export type ExpectedRateConfig = z.output<typeof expectedRateConfig>;

const CHANGE_DEFAULT = 0.1;

/** The smallest changes worth a bell; undefined: that direction is not watched. */
export function changesOf({ down, up }: ExpectedRateConfig): { readonly down: number | undefined; readonly up: number | undefined } {
  return down === undefined && up === undefined ? { down: CHANGE_DEFAULT, up: CHANGE_DEFAULT } : { down, up };
}
