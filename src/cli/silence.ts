import { randomUUID } from 'node:crypto';
import { writeKafka, writeLog } from '../app/control/write-log.ts';
import { unknownLabels } from '../app/readers/known-series.ts';
import { choosePipeline, withReading } from '../app/readers/reading.ts';
import type { PipelineRecord } from '../pipeline/pipeline-record.ts';
import { createSilences, type Silences } from '../app/silences.ts';
import { systemClock } from '../core/clock.ts';
import type { Labels } from '../core/labels.ts';
import { instantOf, localIso, parseWritten, timeText, zoneNamed } from '../core/told-time.ts';
import type { Log } from '../log/log.ts';
import { statusOf, type Silence } from '../notify/silence.ts';
import type { AskedBy } from '../notify/silence-request.ts';
import { printable, printTable, type Column } from './table.ts';
import type { PipelineOptions } from './command.ts';
import type { Terminal } from './terminal.ts';

interface AddOptions extends PipelineOptions {
  readonly label: readonly (readonly [name: string, value: string])[];
  readonly measure?: string;
  readonly alertType?: string;
  readonly alert?: string;
  readonly starts?: string;
  readonly for?: string;
  readonly until?: string;
  readonly comment?: string;
  readonly by?: string;
}

export async function addCommand(options: AddOptions, terminal: Terminal): Promise<number> {
  const { measure, alertType, alert, starts, until, comment, by } = options;
  return withSilences(options, async (silences, { zone, unknown }) => {
    /** As lists print times, by the pipeline's clock. */
    const instant = (text: string, which: 'earlier' | 'later'): string => {
      const time = parseWritten(text);
      return typeof time === 'object' ? new Date(instantOf(time, zoneNamed(zone), which)).toISOString() : text;
    };
    const added = await silences.add({
      matchers: Object.fromEntries(options.label),
      ...(measure !== undefined && { measure }),
      ...(alertType !== undefined && { alert_type: alertType }),
      ...(alert !== undefined && { alert_id: alert }),
      ...(starts !== undefined && { starts_at: instant(starts, 'earlier') }),
      ...(options.for !== undefined && { for: options.for }),
      ...(until !== undefined && { ends_at: instant(until, 'later') }),
      ...(comment !== undefined && { comment }),
      ...(by !== undefined && { created_by: by }),
    });
    if (options.json) await terminal.print(jsonOf(added));
    else await terminal.print(`${added.id}: ${subjectText(added)} silenced until ${endText(added.ends_at, zone)}`);
    const note = await unknown(added.matchers);
    if (note !== undefined) terminal.note(note);
    return 0;
  });
}

export async function listCommand({ all, ...options }: PipelineOptions & { readonly all: boolean }, terminal: Terminal): Promise<number> {
  return withSilences(options, async (silences, { zone }) => {
    const found = (await silences.list()).filter((silence) => all || statusOf(silence, systemClock.now()) !== 'ended');
    if (options.json) for (const silence of found) await terminal.print(jsonOf(silence));
    else if ((await printTable(found, columnsIn(zone), terminal)) === 0) terminal.note(all ? 'no silences' : 'no silences under way');
    return 0;
  });
}

export async function endCommand(id: string, options: PipelineOptions, terminal: Terminal): Promise<number> {
  return withSilences(options, async (silences, { zone }) => {
    const ended = await silences.end(id);
    if (options.json) await terminal.print(jsonOf(ended));
    else await terminal.print(`${ended.id}: ended ${endText(ended.ended_at ?? ended.ends_at, zone)}`);
    return 0;
  });
}

/** Refusals name what was written. */
const OPTION_NAMES: AskedBy['names'] = {
  matchers: '--label',
  measure: '--measure',
  alert_type: '--alert-type',
  alert_id: '--alert',
  starts_at: '--starts',
  ends_at: '--until',
  for: '--for',
};

interface Told {
  /** Name of the zone by whose clock times are told. */
  readonly zone: string;
  readonly unknown: (labels: Labels) => Promise<string | undefined>;
}

/** What is written goes through the holder of the data directory, where one runs. */
async function withSilences(options: PipelineOptions, work: (silences: Silences, told: Told) => Promise<number>): Promise<number> {
  return withReading(options, systemClock, async (reading) => {
    const pipeline = choosePipeline(reading, options.pipeline);
    const { log, dir } = reading;
    const writer = options.log === undefined ? writeLog({ dir, create: false }, { clock: systemClock }) : writeKafka(log);
    const topic = pipeline.topics.silences;
    const zone = pipeline.timeZone ?? 'UTC';
    try {
      return await work(
        createSilences(
          {
            pipeline: pipeline.name,
            topic,
            dimensions: pipeline.dimensions,
            measures: measuresOf(pipeline),
            askedBy: { names: OPTION_NAMES, timeText: (time) => timeText(time, zoneNamed(zone)) },
          },
          {
            log,
            commit: (unit) => writer.commit(unit),
            clock: systemClock,
            newId: randomUUID,
          },
        ),
        { zone, unknown: (labels) => unknownText(log, pipeline, labels) },
      );
    } finally {
      await writer.close();
    }
  });
}

/** It holds all the same: for a segment that is yet to come, or silent at the moment. Undefined where nothing is to be said. */
async function unknownText(log: Log, pipeline: PipelineRecord, labels: Labels): Promise<string | undefined> {
  const unknown = await unknownLabels(log, pipeline, labels);
  if (!unknown) return undefined;
  const known = [...unknown].map(([name, { values, isAll }]) =>
    values.length === 0 ? `no ${name}` : `${name} ${values.map(printable).join(', ')}${isAll ? '' : ', …'}`,
  );
  return `no series that is known now has ${matchersText(labels)}: the silence holds for those to come. The latest windows have ${known.join('; ')}`;
}

function measuresOf({ measures }: PipelineRecord): string[] {
  return measures.map(({ name }) => name);
}

function jsonOf(silence: Silence): string {
  return JSON.stringify({ ...silence, status: statusOf(silence, systemClock.now()) });
}

/** `country=US ctr` */
function subjectText({ matchers, measure, alert_type, alert_id }: Silence): string {
  return [matchersText(matchers), measure, alert_type, alert_id].filter((part) => part !== undefined && part !== '').join(' ');
}

function matchersText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

const columnsIn = (zone: string): readonly Column<Silence>[] => [
  { title: 'silence', value: ({ id }) => id },
  { title: 'status', value: (silence) => statusOf(silence, systemClock.now()) },
  { title: 'what', value: subjectText },
  { title: `from (${zone})`, value: ({ starts_at }) => minuteText(starts_at, zone) },
  { title: `until (${zone})`, value: ({ ended_at, ends_at }) => minuteText(ended_at ?? ends_at, zone) },
  { title: 'by', value: ({ created_by }) => created_by },
  { title: 'comment', value: ({ comment }) => comment, maxWidth: 80 },
];

/** `2026-03-02 18:14 UTC+9` */
function endText(iso: string, zone: string): string {
  return timeText(Date.parse(iso), zoneNamed(zone), false);
}

/** `2026-03-02 18:14` */
function minuteText(iso: string, zone: string): string {
  return localIso(iso, zoneNamed(zone)).slice(0, 16).replace('T', ' ');
}
