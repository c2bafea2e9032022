/** The pipeline file as written: names, types, bounds. What must agree between its parts is checked when it is resolved. */
import { z } from 'zod';
import { parseInstant } from '../core/instant.ts';
import { MAX_IDS } from '../windows/spec.ts';
import { columnName, duration, durationText, pipelineName, timeZone, topicName, utcOffset, windowName } from './field-kinds.ts';
import { measureSchema } from './measure-schema.ts';
import { eventSchema, namedSourceSchema, sourceSchema } from './source-schema.ts';

const hoppingSchema = z.strictObject({
  size: durationText.describe('Length of a window.'),
  slide: durationText.describe('Distance from the start of one window to the next; the size must be a multiple of it.'),
});

const limitsSchema = z.strictObject({
  max_series: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .describe(
      'Segments (sets of dimension values) per partition that have a place. Further ones count under `other`; roll-ups stay exact, and have no limit. A segment keeps its place while it comes, and gives it back when it has had no accepted event for a day of event time (by the watermark of its partition, looked at every six hours).',
    ),
  max_ids: z
    .number()
    .int()
    .min(1_000)
    .max(1_000_000_000)
    .default(MAX_IDS)
    .describe(
      'Ids remembered per partition, at 16 bytes of memory each. Beyond it the oldest are forgotten before their time, in steps of a five-hundredth of `dedup` or less; they are counted, and an alert says so.',
    ),
  max_record_bytes: z.number().int().min(64).max(67_108_864).default(1_048_576).describe('A longer record is invalid (`too_long`).'),
  retire_after: duration
    .prefault('1h')
    .describe('A window no longer waits for partitions that are not in it when event time is this far past it.'),
  idle_after: duration
    .prefault('30s')
    .describe(
      'A partition that is read to its end and has had no accepted event for this long is not waited for: windows close when the others have passed them. Where all are silent no window closes before the next event.',
    ),
});

const lagSchema = z.strictObject({
  above: z
    .union(
      [
        z
          .number()
          .int()
          .min(0)
          .transform((above) => ({ above, unit: 'records' as const })),
        duration.transform((above) => ({ above, unit: 'ms' as const })),
      ],
      'expected a duration such as "60s", or a number of records',
    )
    .describe('A duration: event time by which a partition is behind. A number: unread records of all partitions together.'),
  for: duration.prefault('2m').describe('It has to be above for so long, and within the limit again for as long before it ends.'),
});

const serveSchema = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^\s?#]{0,500}$/, 'expected a path that starts with /')
    .describe(
      'Path of the HTTP API that answers with the newest window; `{name}` stands for a dimension. Between two slashes there is one at most, and behind it nothing, or text that starts with `-` or `.`.',
    ),
  window: windowName.describe('Name of the window that is served.'),
});

const EXPECTED_START = 'expected earliest, latest, or a time such as "2026-03-02T09:00:00Z"';

export const pipelineSchema = z.strictObject({
  pipeline: pipelineName.describe('Name of the pipeline; its topics start with it.'),
  source: sourceSchema.optional(),
  event: eventSchema.optional(),
  sources: z
    .record(columnName, namedSourceSchema)
    .optional()
    .describe('Several sources by name, instead of `source` and `event`; all share the dimensions.'),
  dimensions: z.array(columnName).max(16).default([]).describe('Text fields of the event that tell segments apart.'),
  measures: z.record(columnName, measureSchema).describe('The key figures, by name.'),
  windows: z
    .array(z.union([durationText, hoppingSchema]))
    .min(1)
    .max(16)
    .describe(
      'Windows to compute: a duration (tumbling), or size and slide (hopping). They start at multiples of the slide since midnight 1970-01-01 by `utc_offset`: those of `1d` at midnight UTC where it is left out, whatever `time_zone` is.',
    ),
  rollups: z
    .array(z.array(columnName).max(16))
    .max(64)
    .default([])
    .describe('Sets of dimensions to sum up to, beside the full one; [] is the total.'),
  limits: limitsSchema.prefault({}).describe('What bounds memory and time.'),
  clock: z
    .enum(['append', 'event'])
    .default('append')
    .describe(
      '`append`: events are held against the time at which they came into the log; `event`: against each other only, as for files of the past.',
    ),
  start: z
    .string(EXPECTED_START)
    .refine((text) => text === 'earliest' || text === 'latest' || parseInstant(text) !== undefined, EXPECTED_START)
    .default('earliest')
    .describe('Where a new pipeline begins in its topics: `earliest`, `latest`, or a time of arrival.'),
  detect: z.record(z.string(), z.unknown()).optional().describe('What is watched, and how.'),
  receivers: z
    .record(columnName, z.looseObject({ type: z.string().optional() }, 'found something else; expected a block of keys with a type'))
    .optional()
    .describe('Who is told, by name. Default: the console.'),
  notify_within: duration
    .prefault('15m')
    .describe(
      'An alert older than this when it arises is not sent any more, but recorded as stale. What the sources wait (`out_of_orderness`) does not count.',
    ),
  cooldown: duration.prefault('10m').describe('An alert that still fires is told again after this long, not before.'),
  serve: z
    .union([serveSchema, z.array(serveSchema).max(16)])
    .optional()
    .describe('What the HTTP API serves from memory.'),
  lag: lagSchema.optional().describe('Alert when reading is too far behind.'),
  priority: z
    .number()
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe(
      'Of several pipelines in one process those with a higher one are read first while they are behind. On Kafka a process has one.',
    ),
  store: z
    .strictObject({
      raw: z
        .strictObject({ keep: duration.describe('How long raw events are kept there.') })
        .optional()
        .describe('Also put raw events into the OLAP store.'),
    })
    .prefault({})
    .describe('What goes to the OLAP store beside windows, alerts and dead letters.'),
  topics: z
    .strictObject({
      windows: topicName.optional().describe('Topic of the windows. Default `<pipeline>.windows`.'),
      alerts: topicName.optional().describe('Topic of the alerts. Default `<pipeline>.alerts`.'),
      dead_letters: topicName.optional().describe('Topic of the dead letters. Default `<pipeline>.dlq`.'),
      replay: topicName.optional().describe('Topic of records sent in again. Default `<pipeline>.replay`.'),
    })
    .prefault({})
    .describe('Names of the topics that the pipeline writes.'),
  locale: z.enum(['en', 'ko']).default('en').describe('Language of alerts.'),
  utc_offset: utcOffset
    .optional()
    .describe(
      'A clock, by how far it is ahead of UTC: `+09:00`. By it days begin (windows of `1d` start at its midnight), and times of events that name no zone are read. It is the same all year round; a zone with summer time has no such offset.',
    ),
  time_zone: timeZone
    .optional()
    .describe(
      'Time zone (IANA) by which the console and the tables of `tocsin alerts` and `tocsin windows` tell times. Page and chats tell them by the clock of each reader; JSON has UTC. It moves no window. Default `utc_offset`, or `UTC`.',
    ),
});

/** As written, before defaults: what `definePipeline` takes. */
export type PipelineFile = z.input<typeof pipelineSchema>;
export type PipelineBlock = z.output<typeof pipelineSchema>;
