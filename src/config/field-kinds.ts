/** Kinds of values that the pipeline file is made of. Durations become ms; each kind says what it expects. */
import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import { zoneNamed } from '../core/told-time.ts';
import { webAddress } from '../core/web-address.ts';
import { intervalOf } from '../windows/condition.ts';
import { nearest } from './nearest.ts';

const DURATION = /^\d{1,12}(ms|s|m|h|d)$/;
const EXPECTED_DURATION = 'expected a duration such as "500ms", "5s", "1m", "26h" or "7d"';
const YEAR_MS = 366 * 86_400_000;

/** `"5m"`, kept as text; for what is named after it. */
export const durationText = z.string(EXPECTED_DURATION).regex(DURATION, { error: EXPECTED_DURATION, abort: true });

/** `"5m"` -> 300000 */
export const duration = durationText
  .refine((text) => (parseDuration(text) ?? Infinity) <= YEAR_MS, 'expected at most a year: "366d"')
  .transform((text) => parseDuration(text) ?? 0);

const EXPECTED_FIELD = 'expected the name of a field of the event';
/** A top-level field of the event; any JSON key. */
export const fieldName = z.string(EXPECTED_FIELD).min(1).max(256);

const EXPECTED_NAME = 'expected a name of letters, digits and _, starting with a letter, at most 63 long';
/** Becomes a column, a label, a key in rows. */
export const columnName = z.string(EXPECTED_NAME).regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, EXPECTED_NAME);

const EXPECTED_VERSION = 'expected the name of a version, such as v1: letters, digits, ".", "_" and "-", at most 63 long';
/** As it stands in the event; also a number as its text. */
export const versionName = z.string(EXPECTED_VERSION).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, EXPECTED_VERSION);

const EXPECTED_PIPELINE = 'expected a name of lower-case letters, digits, - and _, starting with a letter, at most 63 long';
export const pipelineName = z.string(EXPECTED_PIPELINE).regex(/^[a-z][a-z0-9_-]{0,62}$/, EXPECTED_PIPELINE);

const EXPECTED_TOPIC = 'expected a topic: letters, digits, ".", "_" and "-", at most 200 long';
export const topicName = z.string(EXPECTED_TOPIC).regex(/^(?!\.\.?$)[A-Za-z0-9._-]{1,200}$/, EXPECTED_TOPIC);

const EXPECTED_LINK =
  'expected an address such as https://wiki.example/ctr-drop: http or https, without a password, at most 1000 characters';
/** What people open in a browser. */
export const link = z
  .string(EXPECTED_LINK)
  .refine((text) => webAddress(text) !== undefined, EXPECTED_LINK)
  .transform((text) => webAddress(text) ?? text);

const EXPECTED_ZONE = 'expected a time zone such as UTC, Asia/Seoul or America/New_York';
/** IANA. */
export const timeZone = z.string(EXPECTED_ZONE).superRefine((name, context) => {
  try {
    zoneNamed(name);
  } catch {
    const meant = nearest(name, Intl.supportedValuesOf('timeZone'));
    context.addIssue({
      code: 'custom',
      message: `${EXPECTED_ZONE}${meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`}`,
    });
  }
});

const EXPECTED_OFFSET = 'expected an offset from UTC such as "+09:00" or "-03:30"';
/** Of a clock that is never put forward or back. */
export const utcOffset = z.string(EXPECTED_OFFSET).regex(/^[+-](0\d|1[0-4]):[0-5]\d$/, EXPECTED_OFFSET);

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const range = z
  .strictObject({
    above: z.number().optional().describe('More than this.'),
    at_least: z.number().optional().describe('This or more.'),
    at_most: z.number().optional().describe('This or less.'),
    below: z.number().optional().describe('Less than this.'),
  })
  .refine((given) => Object.keys(given).length > 0, {
    error: 'expected one of above, at_least, at_most, below',
    // A bound that is misspelt is told already.
    when: ({ issues }) => issues.length === 0,
  })
  .refine((given) => intervalOf(given).least <= intervalOf(given).most, 'expected bounds that a number can lie between');
const wanted = z.union([scalar, range]);
export const conditions = z
  .record(fieldName, z.union([scalar, range, z.array(wanted).min(1).max(1000)]))
  .describe(
    'Fields of the event and the value each must have, or the range in which its number must lie; a list stands for any one of them. All must hold.',
  );

/** One value for both directions, or one for each. */
export function perDirection<Schema extends z.ZodType>(schema: Schema) {
  return z.union([
    schema,
    z.strictObject({
      down: schema.optional().describe('For alerts about a value that is too low.'),
      up: schema.optional().describe('For alerts about a value that is too high.'),
    }),
  ]);
}

/** One of the pipeline's `windows`; whether it is one is seen later. */
export const windowName = z.string({ error: 'expected the name of a window, such as "1m"' });
