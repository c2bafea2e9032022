import { z } from 'zod';
import { columnName, conditions, duration, fieldName, topicName, versionName } from './field-kinds.ts';
import { oneOfCatalog } from './catalog-block.ts';
import { sourceCatalog } from '../sources/catalog.ts';

export const eventSchema = z
  .strictObject({
    id: fieldName
      .optional()
      .describe(
        'Field with the id of the event: a text, or a whole number of at most 9007199254740991 (readers of JSON cannot tell longer ones apart: send them as text). 7 and "7" are one id. A second event with the same id is a duplicate. Without it nothing is.',
      ),
    time: fieldName.describe('Field with the time of the event.'),
    time_unit: z
      .enum(['iso', 's', 'ms'])
      .default('iso')
      .describe(
        'How the time is written: `iso`, RFC 3339 with a zone (`Z`, or `+09:00` with its colon), or where the pipeline has `utc_offset` without one (`2026-03-02 18:48:17`); `s` or `ms`, seconds or milliseconds since 1970, as a number or its text.',
      ),
    out_of_orderness: duration
      .prefault('5s')
      .describe('How far behind the newest event others of the same partition may come. A window waits that long for them.'),
    allowed_lateness: duration
      .prefault('1m')
      .describe('How long after its window became final an event still corrects it; later ones are late and go to the dead-letter queue.'),
    dedup: duration
      .optional()
      .describe(
        'How long ids are remembered, in event time. Default 10m, or what it takes that no copy counts twice: the shortest window (slide) plus allowed_lateness.',
      ),
    dedup_compare: z
      .enum(['hash', 'whole'])
      .default('hash')
      .describe(
        'How ids are told apart: by 64 bits of a keyed `hash` (with 60 million ids remembered, one event in 3e11 is taken for a copy of another), or `whole`, byte by byte, at about twice the memory and the length of the id.',
      ),
    max_ahead: duration
      .optional()
      .describe(
        'An event further ahead of the clock than this is invalid (`future`). Default 5m; by event time (clock: event) no limit unless stated.',
      ),
  })
  .describe('Where an event says what it is and when it was, and how much disorder is expected.');

const lookupSchema = z.strictObject({
  file: z.string().min(1).describe('JSON file with one object: key to value, both texts. Relative to the pipeline file.'),
  by: fieldName.describe('Field of the event that holds the key. An event whose key is not in the table is ignored.'),
});

const sourceShape = {
  topic: topicName.describe('Topic of the log that holds the raw events. It is yours: nothing but your events is written to it.'),
  schema: z
    .string()
    .min(1)
    .optional()
    .describe('JSON Schema (draft 2020-12 or 07) of one event; a path relative to the pipeline file. Without it any JSON object will do.'),
  schemas: z
    .record(versionName, z.string().min(1))
    .optional()
    .describe(
      'Instead of `schema`: a JSON Schema for each version of the event, by the name that events give it in `version_field`. Versions may be added and mended while the pipeline has state.',
    ),
  version_field: fieldName
    .optional()
    .describe(
      'With `schemas`: the field of the event that names its version. Default `schema_version`. An event that names none of them is invalid (`schema_version`).',
    ),
  format: z
    .enum(['json', 'combined'])
    .default('json')
    .describe('`json`: one JSON object a record; `combined`: a line of a web server in combined log format.'),
  decoder: z
    .enum(['fast', 'plain'])
    .default('fast')
    .describe(
      '`fast`: JSON is read from its bytes, and only what is doubtful as objects; `plain`: all of it is, several times slower. Results are the same.',
    ),
  partitions: z.number().int().min(1).max(256).default(1).describe('Partitions of the topic, where it has to be made.'),
  retention: duration.prefault('7d').describe('How long the topic keeps records that every reader has read, where Tocsin keeps the log.'),
  retention_bytes: z
    .number()
    .int()
    .min(1_000_000)
    .optional()
    .describe(
      'The oldest records that every reader has read go when the topic holds more bytes (compressed) than this. Default: no limit.',
    ),
  where: conditions
    .optional()
    .describe(
      'Only events that meet these count; the rest is ignored. Fields that are looked up are not known to it yet: measures have a `where` of their own.',
    ),
  lookup: z
    .record(columnName, lookupSchema)
    .optional()
    .describe('Joins small tables: the new field, and the table and key that it comes from.'),
  from: oneOfCatalog(sourceCatalog)
    .optional()
    .describe('What brings the events to the topic while the pipeline runs. Without it, `--input`, `ingest` or others do.'),
};

export const sourceSchema = z.strictObject(sourceShape).describe('Where the events come from.');

export const namedSourceSchema = z.strictObject({ ...sourceShape, event: eventSchema }).describe('One of several sources.');

export type EventBlock = z.output<typeof eventSchema>;
export type SourceBlock = z.output<typeof sourceSchema>;
