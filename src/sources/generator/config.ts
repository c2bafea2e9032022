import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { AD_FORMATS, COUNTRIES } from './market.ts';

const EXPECTED_DURATION = 'expected a duration such as "500ms", "5s", "1m", "26h" or "7d"';
const duration = z
  .string(EXPECTED_DURATION)
  .regex(/^\d{1,12}(ms|s|m|h|d)$/, EXPECTED_DURATION)
  .transform((text) => parseDuration(text) ?? 0);
const share = z.number().min(0).max(0.5);
const factor = z.number().min(0).max(1000);
const oneOrMore = <Values extends readonly [string, ...string[]]>(values: Values) => {
  const one = z.enum(values);
  return z.union([one, z.array(one).min(1)]);
};

const breakConfig = z
  .strictObject({
    at: z.iso
      .datetime({ offset: true, error: 'expected a time with zone: "2026-03-02T09:48:00Z"' })
      .optional()
      .describe('When it begins: a time.'),
    after: duration
      .optional()
      .describe('When it begins: so long after the generator was first started (what `history` fills in lies before that).'),
    for: duration.describe('How long it lasts.'),
    labels: z
      .strictObject({
        country: oneOrMore(COUNTRIES).optional().describe('Country or countries; all where it is left out.'),
        ad_format: oneOrMore(AD_FORMATS).optional().describe('Ad format or formats; all where it is left out.'),
      })
      .default({})
      .describe('The segments that break.'),
    impressions: factor.optional().describe('Impressions are multiplied by this: 5 is a flood of bots, 0 a silence.'),
    ctr: factor.optional().describe('The share of impressions that are clicked is multiplied by this.'),
    revenue: factor.optional().describe('Revenue is multiplied by this.'),
  })
  .refine((each) => (each.at === undefined) !== (each.after === undefined), 'expected "at" or "after", and not both')
  .refine(
    (each) => [each.impressions, each.ctr, each.revenue].some((value) => value !== undefined),
    'expected "impressions", "ctr" or "revenue": what breaks',
  );

export const generatorConfig = z.strictObject({
  rate: z
    .number()
    .min(0)
    .max(100_000)
    .default(80)
    .describe('Events a second, impressions, clicks and conversions together: the mean over a day, without breaks and copies.'),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(1).describe('The same seed gives the same events at the same times.'),
  daily_swing: z
    .number()
    .min(0)
    .max(1)
    .default(0.4)
    .describe(
      'How far the rate of a country swings around its mean in a day: 0.4 is from 60 % at 8 in the morning of its local time to 140 % at 8 in the evening.',
    ),
  history: duration
    .prefault('0s')
    .describe('At the first start, events of so long before it come at once: "24h" gives detectors a day to learn from.'),
  history_rate: z
    .number()
    .min(0)
    .max(100_000)
    .optional()
    .describe('Events a second in the history; default: `rate`. A day at full rate takes long to count, a thin one shows the same curves.'),
  full_rate_for: duration
    .prefault('0s')
    .describe('The last part of the history comes at full rate all the same: what detectors that want a volume learn from.'),
  after_pause: z
    .enum(['make_up', 'leave_out'])
    .default('make_up')
    .describe(
      'What would have come while it did not run: `make_up` sends it first, at once; `leave_out` goes on with what comes now. A history that was broken off is always made to its end.',
    ),
  disorder: duration.prefault('2s').describe('Events arrive up to so long after their event time, so out of order.'),
  duplicates: share.default(0).describe('Share of events that are sent twice, within a second.'),
  late: share.default(0).describe('Share of events that arrive 3 to 15 minutes after their event time.'),
  broken: share.default(0).describe('Share of events that are no valid event: cut off, a field missing or of a wrong type or value.'),
  breaks: z.array(breakConfig).default([]).describe('What goes wrong, when and where.'),
});

export type GeneratorConfig = z.output<typeof generatorConfig>;
