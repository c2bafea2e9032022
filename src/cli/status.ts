import { withReading } from '../app/readers/reading.ts';
import type { Fleet, FleetRole } from '../app/readers/fleet.ts';
import { readStatus, type PartitionStatus, type PipelineStatus, type Status } from '../app/readers/status.ts';
import { systemClock } from '../core/clock.ts';
import { OUTCOMES, reasonsOf } from '../core/outcome.ts';
import { localIso, timeText, zoneNamed } from '../core/told-time.ts';
import { grouped, printTable, type Column } from './table.ts';
import type { PipelineOptions } from './command.ts';
import type { Terminal } from './terminal.ts';
import { counted } from '../core/counted.ts';

export async function statusCommand(options: PipelineOptions, terminal: Terminal): Promise<number> {
  return withReading(options, systemClock, async (reading) => {
    const status = await readStatus(reading, systemClock, options.pipeline);
    if (options.json) await terminal.print(JSON.stringify(status));
    else await printStatus(status, terminal);
    return 0;
  });
}

async function printStatus({ data, holder, pipelines }: Status, terminal: Terminal): Promise<void> {
  // With Kafka who runs is said below, wherever that is.
  if (!pipelines.some(({ fleet }) => fleet))
    await terminal.print(`${data}: ${holder ? `running (pid ${holder.pid})` : 'nothing runs on it'}`);
  if (pipelines.length === 0) await terminal.print('no pipeline has run here yet');
  for (const pipeline of pipelines) {
    await terminal.print(`\n${pipeline.pipeline} (${pipeline.file}), revision ${pipeline.revision}`);
    for (const [name, text] of overview(pipeline)) await terminal.print(`  ${name.padEnd(12)} ${text}`);
    await terminal.print('');
    await printTable(pipeline.partitions, columnsIn(pipeline.time_zone), { print: (line) => terminal.print(`  ${line}`) });
    if (pipeline.fleet) await printFleet(pipeline.fleet, terminal);
  }
}

async function printFleet({ roles, backpressure, unowned }: Fleet, terminal: Terminal): Promise<void> {
  await terminal.print('');
  const rows = roles.flatMap(({ role, members, lag }) =>
    members.length === 0
      ? [{ role, lag, member: 'nobody', host: '', does: '' }]
      : members.map(({ member, host, owns }) => ({ role, lag, member, host, does: owns.length === 0 ? 'stands by' : doing(role, owns) })),
  );
  await printTable(rows, fleetColumns, { print: (line) => terminal.print(`  ${line}`) });
  if (unowned.length > 0) await terminal.print(`  nobody reads ${unowned.join(', ')}: records wait there`);
  const { paused, partials, limit } = backpressure;
  const waits = `the monitor has ${counted(partials, 'record')} of partials to read, the aggregations wait above ${grouped(limit)}`;
  await terminal.print(`  backpressure ${paused ? `on: ${waits}` : 'off'}`);
}

function doing(role: FleetRole['role'], owns: readonly string[]): string {
  return role === 'aggregate' || role === 'ingest' ? owns.join(' ') : 'active';
}

type FleetRow = Pick<FleetRole, 'role' | 'lag'> & { readonly member: string; readonly host: string; readonly does: string };

const fleetColumns: readonly Column<FleetRow>[] = [
  { title: 'role', value: ({ role }) => role },
  { title: 'member', value: ({ member }) => member },
  { title: 'host', value: ({ host }) => host },
  { title: 'does', value: ({ does }) => does, maxWidth: 100 },
  { title: 'lag', value: ({ lag }) => lag, right: true },
];

function overview({ events, partitions, frontier, time_zone: zone, windows, alerts, dead_letters }: PipelineStatus): [string, string][] {
  const replayed = partitions.reduce((sum, partition) => sum + partition.replayed, 0);
  const remembered = partitions.reduce((sum, { ids }) => sum + ids.remembered, 0);
  const forgotten = partitions.reduce((sum, { ids }) => sum + ids.forgotten_early, 0);
  return [
    ['events', `${grouped(events.read)} read = ${OUTCOMES.map((outcome) => `${grouped(events[outcome])} ${outcome}`).join(' + ')}`],
    ['invalid', reasonsText(partitions)],
    [
      'final up to',
      frontier === null
        ? 'nothing yet: not every partition has had an event'
        : `${timeText(Date.parse(frontier), zoneNamed(zone), true)} (event time); windows that end later are open`,
    ],
    [
      'windows',
      Object.entries(windows)
        .map(
          ([name, count]) =>
            `${name}: ${counted(count.results, 'final row')} (roll-ups apart), ${counted(count.corrections, 'correction')}`,
        )
        .join('; '),
    ],
    [
      'ids',
      `${grouped(remembered)} remembered${forgotten === 0 ? '' : `, ${grouped(forgotten)} forgotten before their time (limits.max_ids)`}`,
    ],
    ['alerts', `${grouped(alerts.fired)} fired, ${grouped(alerts.firing)} of them firing now`],
    ['dead letters', `${grouped(dead_letters)}${replayed === 0 ? '' : `; ${grouped(replayed)} sent in again and accepted`}`],
  ];
}

function reasonsText(partitions: readonly PartitionStatus[]): string {
  const counts = reasonsOf(partitions.map(({ reasons }) => Object.entries(reasons)));
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const shown = sorted.slice(0, 8).map(([reason, count]) => `${reason} ${grouped(count)}`);
  const rest = sorted.length > 8 ? [counted(sorted.length - 8, 'more reason')] : [];
  return [...shown, ...rest].join(', ') || 'none';
}

const columnsIn = (zone: string): readonly Column<PartitionStatus>[] => [
  { title: 'partition', value: ({ partition }) => partition },
  { title: 'offset', value: ({ offset }) => offset, right: true },
  { title: 'end', value: ({ end }) => end, right: true },
  { title: 'lag', value: ({ lag }) => lag, right: true },
  { title: 'lag s', value: ({ lag_seconds }) => lag_seconds, right: true },
  {
    title: `watermark (${zone})`,
    value: ({ watermark }) => watermark && localIso(watermark, zoneNamed(zone)).slice(0, 19).replace('T', ' '),
  },
  ...OUTCOMES.map((outcome): Column<PartitionStatus> => ({ title: outcome, value: ({ events }) => events[outcome], right: true })),
];
