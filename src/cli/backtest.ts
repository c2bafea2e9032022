import { hasRung } from '../app/backtest/bell.ts';
import { DEFAULT_WARM_UP_MS, durationOf, runBacktest } from '../app/backtest/backtest.ts';
import { readIncidents } from '../app/backtest/incidents.ts';
import { systemClock } from '../core/clock.ts';
import { formatDuration } from '../core/duration.ts';
import { labelsText } from '../core/labels.ts';
import { zoneNamed } from '../core/told-time.ts';
import type { BacktestAlert, BacktestBell, BacktestPair, BacktestReport, BacktestScore, BacktestSetting } from '../server/api.ts';
import type { AskedSpan } from './asked-span.ts';
import { timesBy, type TimeText } from './table-time.ts';
import { grouped, printable, printTable, type Column } from './table.ts';
import type { Terminal } from './terminal.ts';
import { counted, plural } from '../core/counted.ts';

const INTERRUPTED = 130;

interface Options extends AskedSpan {
  readonly warmUp?: string;
  readonly set: readonly string[];
  readonly compare: boolean;
  readonly incidents?: string;
  readonly grace: string;
  readonly input?: string;
  readonly history?: 'olap' | 'log';
  readonly olapStore?: string;
  readonly log?: string;
  readonly data: string;
  readonly json: boolean;
}

export async function backtestCommand(file: string, options: Options, terminal: Terminal): Promise<number> {
  const { from, to, warmUp, set, compare, incidents, grace, input, history, olapStore, log, data, json } = options;
  const signal = terminal.interruption({ isReading: true });
  const running = runBacktest(
    {
      file,
      data,
      set,
      compare,
      warmUpMs: warmUp === undefined ? DEFAULT_WARM_UP_MS : durationOf(warmUp, '--warm-up'),
      graceMs: durationOf(grace, '--grace'),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(input !== undefined && { input }),
      ...(history !== undefined && { history }),
      ...(log !== undefined && { log }),
      ...(olapStore !== undefined && { olapStore }),
      ...(incidents !== undefined && { incidents: (config) => readIncidents(incidents, config.engine, zoneNamed(config.timeZone)) }),
    },
    { clock: systemClock, stdin: terminal.stdin, signal },
  );
  const report = await running.catch((error: unknown) => {
    // What it kept for itself is gone by now.
    if (signal.aborted) return undefined;
    throw error;
  });
  if (report === undefined) return INTERRUPTED;
  if (json) await terminal.print(JSON.stringify(report));
  else await tell(report, terminal);
  return 0;
}

const SOURCES: Readonly<Record<BacktestReport['source'], string>> = {
  olap: 'from the OLAP store',
  log: 'from the log',
  events: 'counted from events',
  windows: 'from a file of windows',
};

async function tell(report: BacktestReport, terminal: Terminal): Promise<void> {
  const { pipeline, from, to, windows, rows, source, seconds, settings, comparison, notes } = report;
  const timeText = timeTextOf(report);
  const when = from === null || to === null ? 'no window there' : `${timeText(from)} to ${timeText(to)} (${report.time_zone})`;
  await terminal.print(
    `${pipeline}: ${when}; ${counted(windows, 'window')}, ${counted(rows, 'row')} ${SOURCES[source]}, in ${seconds.toFixed(1)} s`,
  );
  for (const setting of settings) await tellSetting(setting, report, timeText, terminal);
  if (comparison) {
    await terminal.print('\nSide by side, by the time they rang:');
    await printTable(comparison, pairColumns(timeText), indented(terminal));
  }
  for (const note of notes) terminal.note(printable(note));
}

async function tellSetting(
  setting: BacktestSetting,
  { comparison, days, time_zone: zone }: BacktestReport,
  timeText: TimeText,
  terminal: Terminal,
): Promise<void> {
  const { name, changes, rang, rang_per_day, rang_first_day, folded, in_cooldown, dropped, false_alarms_per_day, alerts, score } = setting;
  const title = name === 'file' ? 'The file as it is' : `With ${changes.join(', ')}`;
  // Of less than a day a rate by day says nothing; rules keep to no budget.
  const perDay = [
    ...(days < 1 ? [] : [`${twoDigits(rang_per_day)} a day`]),
    ...(false_alarms_per_day === null ? [] : [`budget: ${false_alarms_per_day} false a day`]),
  ].join(', ');
  // A budget is of detectors that have learnt: what a cold start rings stands apart.
  const { rang_per_day_after_first_day: perDayAfter } = setting;
  const after = perDayAfter === null ? '' : `, ${twoDigits(perDayAfter)} a day after it`;
  const early = rang_first_day === 0 ? '' : `; ${grouped(rang_first_day)} of them in the first day, while detectors learn${after}`;
  const folds = folded === 0 ? '' : `; ${grouped(folded)} more ${plural(folded, 'was', 'were')} folded into them`;
  const rests = in_cooldown === 0 ? '' : `; ${grouped(in_cooldown)} more began within the cooldown of the same alert before`;
  await terminal.print(`\n${title}: ${counted(rang, 'alert')} rang${perDay === '' ? '' : ` (${perDay})`}${early}${folds}${rests}`);
  if (dropped > 0) terminal.note(`${counted(dropped, 'further alert')} ${plural(dropped, 'is', 'are')} not listed`);
  const bells = alerts.filter(hasRung);
  if (!comparison) await printTable(bells, alertColumns(score, timeText, zone), indented(terminal));
  if (score) await tellScore(score, days, timeText, terminal);
}

async function tellScore(score: BacktestScore, days: number, timeText: TimeText, terminal: Terminal): Promise<void> {
  const { precision, recall, delay_ms, false_alarms_per_day, incidents } = score;
  const delay = delay_ms === null ? '' : `; told after ${spanText(delay_ms.median)} (median), ${spanText(delay_ms.most)} at most`;
  const perDay = days < 1 ? '' : `; ${twoDigits(false_alarms_per_day)} false alarms a day`;
  await terminal.print(`  precision ${rate(precision)}, recall ${rate(recall)}${delay}${perDay}`);
  await printTable(incidents, incidentColumns(timeText), indented(terminal));
}

function alertColumns(score: BacktestScore | undefined, timeText: TimeText, zone: string): Column<BacktestAlert>[] {
  const known = new Set(score?.incidents.flatMap(({ alerts }) => alerts));
  return [
    { title: `rang at (${zone})`, value: ({ alert_time }) => timeText(alert_time) },
    { title: 'lasted', value: lastedText, right: true },
    { title: 'severity', value: ({ severity }) => severity },
    { title: 'alert', value: ({ alert_type }) => alert_type },
    { title: 'segment', value: ({ labels }) => labelsText(labels), maxWidth: 40 },
    { title: 'observed', value: ({ explanation }) => explanation.observed, right: true },
    { title: 'expected', value: ({ explanation }) => explanation.expected, right: true },
    { title: 'by chance once in', value: evidenceText, right: true },
    ...(score ? [{ title: 'incident', value: ({ alert_id }: BacktestAlert) => (known.has(alert_id) ? 'yes' : 'none known') }] : []),
  ];
}

const pairColumns = (timeText: TimeText): readonly Column<BacktestPair>[] => [
  { title: 'file', value: ({ file }) => bellText(file, timeText) },
  { title: '--set', value: ({ set }) => bellText(set, timeText) },
  { title: 'alert', value: ({ alert_type }) => alert_type },
  { title: 'series', value: ({ series }) => series, maxWidth: 60 },
  { title: '', value: differenceText },
];

const incidentColumns = (timeText: TimeText): readonly Column<BacktestScore['incidents'][number]>[] => [
  { title: 'incident', value: ({ start }) => timeText(start) },
  { title: 'lasted', value: ({ start, end }) => spanText(Date.parse(end) - Date.parse(start)), right: true },
  { title: 'segment', value: ({ labels }) => (labels ? labelsText(labels) : 'any') },
  { title: 'measure', value: ({ measure }) => measure ?? 'any' },
  {
    title: 'told after',
    value: ({ delay_ms, outside }) => (outside ? 'outside' : delay_ms === null ? 'missed' : spanText(delay_ms)),
    right: true,
  },
  { title: 'alerts', value: ({ alerts }) => alerts.length, right: true },
];

function indented(terminal: Terminal): Pick<Terminal, 'print'> {
  return { print: (line) => terminal.print(`  ${line}`) };
}

function timeTextOf({ from, to, settings, time_zone }: BacktestReport): TimeText {
  const alerts = settings.flatMap((setting) => setting.alerts.map(({ alert_time }) => alert_time));
  const incidents = settings.flatMap(({ score }) => score?.incidents.map(({ start }) => start) ?? []);
  const times = [from, to, ...alerts, ...incidents].map((iso) => (iso === null ? 0 : Date.parse(iso)));
  return timesBy(zoneNamed(time_zone), times);
}

function lastedText({ since, resolved_time }: BacktestAlert): string {
  return resolved_time === null ? 'still firing' : spanText(Date.parse(resolved_time) - Date.parse(since));
}

function evidenceText({ explanation }: BacktestAlert): string | number | undefined {
  const oneIn = explanation.evidence?.one_in;
  return oneIn === undefined || oneIn < 1e15 ? oneIn : oneIn.toExponential(0);
}

function bellText(bell: BacktestBell | null, timeText: TimeText): string {
  if (bell === null) return '-';
  if (bell.folded) return 'folded';
  return bell.in_cooldown ? 'in the cooldown' : timeText(bell.alert_time);
}

function differenceText({ file, set }: BacktestPair): string {
  if (file === null || set === null) return file === null ? 'only with --set' : 'only with the file';
  const later = Date.parse(set.alert_time) - Date.parse(file.alert_time);
  if ([file, set].some((bell) => bell.folded || bell.in_cooldown) || later === 0) return ' ';
  return later < 0 ? `${spanText(-later)} earlier with --set` : `${spanText(later)} later with --set`;
}

/** Whole minutes are enough for what lasts for hours: `26h` rather than 93600s. */
function spanText(ms: number): string {
  return formatDuration(ms > 3_600_000 ? Math.round(ms / 60_000) * 60_000 : Math.round(ms / 1_000) * 1_000);
}

function rate({ count, of }: { count: number; of: number }): string {
  return of === 0 ? 'unknown (0 of 0)' : `${(count / of).toFixed(2)} (${grouped(count)} of ${grouped(of)})`;
}

function twoDigits(value: number): number {
  return Number(value.toPrecision(2));
}
