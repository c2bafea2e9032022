import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { COUNTRIES, DEVICES } from './shop.ts';

const EXPECTED_DURATION = 'expected a duration such as "500ms", "5s", "1m", "26h" or "7d"';
const duration = z
  .string(EXPECTED_DURATION)
  .regex(/^\d{1,12}(ms|s|m|h|d)$/, EXPECTED_DURATION)
  .transform((text) => parseDuration(text) ?? 0);
const share = z.number().min(0).max(0.5);

const breakConfig = z
  .strictObject({
    after: duration.describe('When it begins: so long after the generator was first started.'),
    for: duration.describe('How long it lasts.'),
    country: z.enum(COUNTRIES).optional().describe('Only there; everywhere where it is left out.'),
    device: z.enum(DEVICES).optional().describe('Only on these devices; on all where it is left out.'),
    price: z.number().min(0).max(1000).optional().describe('Amounts of orders are multiplied by this.'),
    purchases: z.number().min(0).max(1).optional().describe('So many of the purchases still come about.'),
    broken: share.optional().describe('Share of events that are broken meanwhile, instead of `broken` above.'),
  })
  .refine(
    (each) => [each.price, each.purchases, each.broken].some((value) => value !== undefined),
    'expected "price", "purchases" or "broken": what breaks',
  );

export const commerceConfig = z.strictObject({
  stream: z
    .enum(['clicks', 'orders'])
    .describe('Which events of the shop. Two sources with the same settings otherwise tell of the same visitors.'),
  rate: z.number().min(0).max(10_000).default(10).describe('Sessions that begin in a second; each is about 6 clicks and 0.14 orders.'),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(1).describe('The same seed gives the same events at the same times.'),
  v2: z.number().min(0).max(1).default(0.4).describe('Share of events of the second version of their schema.'),
  disorder: duration.prefault('2s').describe('Events arrive up to so long after their event time, so out of order.'),
  duplicates: share.default(0).describe('Share of events that are sent twice, within a second.'),
  delayed: share.default(0).describe('Share of events that arrive 20 to 90 seconds after their event time: they correct windows.'),
  late: share.default(0).describe('Share of events that arrive 4 to 12 minutes after their event time.'),
  future: share.default(0).describe('Share of events whose clock is 10 to 20 minutes ahead.'),
  broken: share.default(0).describe('Share of events that are no valid event: cut off, a field missing or of a wrong type or value.'),
  v3: share.default(0).describe('Share of events that name a version v3, which nobody has described yet; else they are as v2.'),
  null_coupons: share.default(0).describe('Share of the v2 orders that have `coupon: null`, which the schema does not allow.'),
  breaks: z.array(breakConfig).default([]).describe('What goes wrong, when and where.'),
});

export type CommerceConfig = z.output<typeof commerceConfig>;
export type CommerceStream = CommerceConfig['stream'];
