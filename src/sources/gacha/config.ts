import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';

const EXPECTED_DURATION = 'expected a duration such as "500ms", "5s", "1m", "26h" or "7d"';
const duration = z
  .string(EXPECTED_DURATION)
  .regex(/^\d{1,12}(ms|s|m|h|d)$/, EXPECTED_DURATION)
  .transform((text) => parseDuration(text) ?? 0);

export const gachaConfig = z.strictObject({
  rates: z.string().min(1).describe('A JSON file of the items and their designed rates: { "phoenix": "0.6%" }.'),
  draws_per_minute: z.number().min(0).max(1_000_000).default(600).describe('How often each item is drawn for, on all servers together.'),
  servers: z.number().int().min(1).max(100).default(2).describe('Game servers; each sends what it has counted every 10 seconds.'),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(1).describe('The same seed gives the same draws at the same times.'),
  history: duration.prefault('0s').describe('At the first start, events of so long before it come at once.'),
  wrong: z
    .array(
      z.strictObject({
        item: z.string().min(1).describe('The item whose real rate is not the designed one.'),
        factor: z.number().min(0).max(1_000).describe('Its real rate over the designed one: 0.5 is half as often.'),
        after: duration.prefault('0s').describe('From so long after the first start on; what `history` fills in lies before that.'),
      }),
    )
    .default([])
    .describe('Items that are not drawn as designed.'),
});

export type GachaConfig = z.output<typeof gachaConfig>;
