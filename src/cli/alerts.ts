import { readAlertRecords, readAlerts, type AlertsQuery, type ShownAlert } from '../app/readers/alerts.ts';
import { choosePipeline, withReading } from '../app/readers/reading.ts';
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
    const alerts = options.records ? selected(readAlertRecords(log, pipeline), query) : await readAlerts(log, pipeline, query);
    if (options.json) for await (const alert of alerts) await terminal.print(JSON.stringify(alert));
    else if ((await printTable(alerts, columnsIn(zone), terminal)) === 0) terminal.note('no alerts');
    return 0;
  });
}

async function* selected(
  records: AsyncIterable<AlertEvent>,
  { from = -Infinity, to = Infinity, status }: AlertsQuery,
): AsyncGenerator<AlertEvent> {
  for await (const record of records) {
    const at = Date.parse(record.alert_time);
    if (at >= from && at < to && (status === undefined || record.status === status)) yield record;
  }
}

/** `name`: of the zone by whose clock times are told. */
function columnsIn(name: string): readonly Column<AlertEvent & Partial<ShownAlert>>[] {
  const zone = zoneNamed(name);
  /** `2026-03-02 09:14:30`: windows may be seconds long. */
  const timeText = (iso: string): string => localIso(iso, zone).slice(0, 19).replace('T', ' ');
  return [
    { title: `rang at (${name})`, value: (alert) => timeText(alert.alert_time) },
    { title: 'status', value: (alert) => endText(alert, timeText) + besideText(alert) },
    { title: 'severity', value: (alert) => alert.severity },
    { title: 'alert', value: (alert) => alert.alert_type },
    { title: 'segment', value: (alert) => labelsText(alert.labels) },
    { title: 'message', value: (alert) => alert.message, maxWidth: 100 },
  ];
}

/** Why receivers may not have been told of it by itself. */
function besideText(alert: AlertEvent): string {
  if (alert.part_of !== undefined) return ' (folded)';
  return isInCooldown(alert) ? ' (began within the cooldown)' : '';
}

function endText({ status, resolved_time: resolved, ending }: AlertEvent & Partial<ShownAlert>, timeText: (iso: string) => string): string {
  return typeof resolved === 'string' && ending ? `${ENDED[ending]} ${timeText(resolved)}` : status;
}
