import { z } from 'zod';
import { OUTCOMES } from '../core/outcome.ts';
import { conditions } from './field-kinds.ts';

export const MEASURE_KINDS = ['count', 'sum', 'min', 'max', 'average', 'distinct', 'quantile', 'heavy_hitters', 'ratio'] as const;
export type MeasureKind = (typeof MEASURE_KINDS)[number];

const EXPECTED_FIELD = 'expected the name of a field; of several sources, source.field';
const fieldOf = (what: string) => z.string(EXPECTED_FIELD).min(1).max(320).optional().describe(what);

/** Exactly one of `MEASURE_KINDS` is given, which `resolve-measures` checks: so each fault gets a message of its own. */
export const measureSchema = z
  .strictObject({
    count: z
      .union([z.string().min(1), conditions])
      .optional()
      .describe('Counts events: the name of a source (`events` where there is only one), or conditions on fields of the event.'),
    sum: fieldOf(
      'Adds up a number field. Missing or null adds nothing; an event with anything else there (text such as "12.50") is invalid.',
    ),
    min: fieldOf('Smallest value of a number field.'),
    max: fieldOf('Largest value of a number field.'),
    average: fieldOf('Mean of a number field.'),
    distinct: fieldOf('How many different values a field has (HyperLogLog, an estimate).'),
    quantile: fieldOf('A quantile of a number field (DDSketch, an estimate); with `q`.'),
    ratio: z
      .tuple([z.string(), z.string()], 'expected two names: [numerator, denominator]')
      .optional()
      .describe('[numerator, denominator]: two measures that are counts or sums. Null where the denominator is 0.'),
    heavy_hitters: fieldOf(
      'How often the most frequent value of a field came (a user, an address), at least; its keys stand in alerts. With `keep`.',
    ),
    keep: z
      .number()
      .int()
      .min(8)
      .max(1_024)
      .optional()
      .describe('Of heavy hitters: keys held in each window. A count is too low by at most the events divided by this. Default 64.'),
    q: z.number().min(0).max(1).optional().describe('Which quantile: 0.99 for p99.'),
    scale: z.number().optional().describe('Of a ratio: what it is multiplied with, 100 for percent. Default 1.'),
    where: conditions.optional().describe('Only events that meet these count for this measure.'),
    outcome: z
      .union([z.enum(OUTCOMES), z.array(z.enum(OUTCOMES)).min(1).max(OUTCOMES.length)])
      .optional()
      .describe(
        'Counts records by what became of them, of all sources or of the one that `count` names: `[late, invalid]` for dead letters. In the roll-up [] alone.',
      ),
    unit: z
      .string()
      .min(1)
      .max(32)
      .optional()
      .describe(
        'What people read behind the value: "%", "ms". A currency by its code (USD, KRW) makes alerts say what is lost in an hour.',
      ),
  })
  .describe('One key figure of each window.');

export type MeasureBlock = z.output<typeof measureSchema>;
export type Conditions = z.output<typeof conditions>;
