import { isAsked, readAlertRecords, readEpisodes, type AlertsQuery } from '../app/readers/alerts.ts';
import { choosePipeline, withReading } from '../app/readers/reading.ts';
import type { Episode } from '../alerts/episodes.ts';
import { isInCooldown } from '../alerts/in-cooldown.ts';
import { systemClock } from '../core/clock.ts';
import { labelsText } from '../core/labels.ts';
import { localIso, zoneNamed } from '../core/told-time.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Ending } from '../receivers/ending.ts';
import { spanOf, type AskedSpan } from './asked-span.ts';
import { printTable, type Column } from './table.ts';
import type { PipelineOptions } from './command.ts';
import type { Terminal } from './terminal.ts';

const ENDED: Readonly<Record<Ending, string>> = {
  resolved: 'resolved',
  no_data: 'ended',
  unwatched: 'no longer watched',
  new_level: 'new level',
  caught_up: 'average caught up',
};

interface Options extends PipelineOptions, AskedSpan, Pick<AlertsQuery, 'status'> {
  readonly records: boolean;
}

export async function alertsCommand(options: Options, terminal: Terminal): Promise<number> {
  return withReading(options, systemClock, async (reading) => {
    const pipeline = choosePipeline(reading, options.pipeline);
    const { log } = reading;
    const zone = pipeline.timeZone ?? 'UTC';
    const { status } = options;
    const query = { ...spanOf(options, zoneNamed(zone)), ...(status !== undefined && { status }) };
    const episodes = options.records ? undefined : await readEpisodes(log, pipeline);
    const alerts = selected(episodes?.values() ?? readAlertRecords(log, pipeline), query);
    if (options.json) for await (const alert of alerts) await terminal.print(JSON.stringify(alert));
    else if ((await printTable(alerts, columnsIn(zone, episodes), terminal)) === 0) terminal.note('no alerts');
    return 0;
  });
}

type Shown = AlertEvent & Partial<Episode>;

async function* selected(alerts: AsyncIterable<Shown> | Iterable<Shown>, query: AlertsQuery): AsyncGenerator<Shown> {
  for await (const alert of alerts) if (isAsked(alert, query)) yield alert;
}

/** `name`: of the zone by whose clock times are told. `episodes`: all, by id; of records nobody knows how they stand. */
function columnsIn(name: string, episodes?: ReadonlyMap<string, Episode>): readonly Column<Shown>[] {
  const zone = zoneNamed(name);
  /** `2026-03-02 09:14:30`: windows may be seconds long. */
  const timeText = (iso: string): string => localIso(iso, zone).slice(0, 19).replace('T', ' ');
  return [
    { title: `rang at (${name})`, value: (alert) => timeText(alert.alert_time) },
    { title: 'status', value: (alert) => endText(alert, timeText) + besideText(alert, episodes) },
    { title: 'severity', value: (alert) => alert.severity },
    { title: 'alert', value: (alert) => alert.alert_type },
    { title: 'segment', value: (alert) => labelsText(alert.labels) },
    { title: 'message', value: (alert) => alert.message, maxWidth: 100 },
  ];
}

/** Why receivers may not have been told of it by itself; or that it speaks for others. */
function besideText(alert: AlertEvent, episodes?: ReadonlyMap<string, Episode>): string {
  if (alert.part_of !== undefined) {
    const speaker = episodes?.get(alert.part_of);
    return speaker ? ` (folded into ${labelsText(speaker.labels)})` : ' (folded)';
  }
  if (isInCooldown(alert)) return ' (began within the cooldown)';
  return alert.members ? ` (speaks for ${alert.members.length} more)` : '';
}

function endText({ status, resolved_time: resolved, ending }: Shown, timeText: (iso: string) => string): string {
  return typeof resolved === 'string' && ending ? `${ENDED[ending]} ${timeText(resolved)}` : status;
}
