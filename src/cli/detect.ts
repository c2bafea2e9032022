import { writeFile } from 'node:fs/promises';
import { csvField } from '../app/detect/csv-fields.ts';
import { createCharts, type Charts } from '../app/detect/charts.ts';
import { collectEpisodes, scoreSeries, type Episode, type ScoredPoint } from '../app/detect/score-series.ts';
import type { DecimalMark } from '../app/detect/number-text.ts';
import { seriesFormat, type SeriesFormatName, type TimeFormat } from '../app/detect/series-format.ts';
import type { JudgedColumn } from '../app/detect/read-series.ts';
import { AppError } from '../core/errors.ts';
import { FALSE_ALARMS_PER_WEEK_MAX } from '../detectors/seasonal/score.ts';
import { WARM_UP_POINTS } from '../detectors/seasonal/seasonal-scorer.ts';
import { grouped, printable, printTable, type Column } from './table.ts';
import type { Terminal } from './terminal.ts';
import { counted } from '../core/counted.ts';

export interface DetectOptions {
  readonly series?: readonly string[];
  readonly format: SeriesFormatName;
  readonly time?: string;
  readonly value?: string;
  readonly timeFormat?: TimeFormat;
  readonly decimal?: DecimalMark;
  readonly falseAlarmsPerWeek: number;
  readonly plot?: string;
  readonly json: boolean;
}

/** Digits of a score behind the point: it tells p-values of 1e-20 from those of 1e-21. */
const SCORE_DIGITS = 7;

/**
 * `--json` prints CSV, one row a point of every file in the order given; else tables of the episodes found.
 * `files`: series too, as `--series` names them.
 */
export async function detectCommand(files: readonly string[], options: DetectOptions, terminal: Terminal): Promise<number> {
  const series = [...files, ...(options.series ?? [])];
  if (series.length === 0)
    throw new AppError('usage', 'detect: found no series; expected the name of a CSV file, such as requests.csv, or - for standard input');
  const { format: formatName, time, value, timeFormat, decimal, falseAlarmsPerWeek, plot: plotPath, json } = options;
  if (formatName !== 'csv' && (time !== undefined || value !== undefined)) {
    throw new AppError(
      'usage',
      `detect: found --time or --value with --format ${formatName}; expected neither: the format says which columns`,
    );
  }
  if (falseAlarmsPerWeek > FALSE_ALARMS_PER_WEEK_MAX) {
    throw new AppError('usage', `--false-alarms-per-week: found ${falseAlarmsPerWeek}; expected at most ${FALSE_ALARMS_PER_WEEK_MAX}`);
  }
  const charts = plotPath === undefined ? undefined : createCharts(plotPath);
  if (plotPath !== undefined && !charts) {
    throw new AppError('usage', `--plot: found ${printable(plotPath)}; expected the name of an HTML or a PNG file, such as chart.html`);
  }
  const format = seriesFormat(formatName, { time, value, timeFormat, decimal });
  let unreadable: AppError | undefined;
  if (json) await terminal.print('path,timestamp,score');
  for (const path of series) {
    try {
      await judgeSeries(path);
    } catch (error) {
      // One wrong file among a thousand does not take the others with it.
      if (!(error instanceof AppError && error.code === 'input_unreadable') || series.length === 1) throw error;
      if (unreadable) terminal.note(unreadable.message);
      unreadable = error;
    }
  }
  if (plotPath !== undefined && charts && charts.series > 0) await writePlot(plotPath, charts, terminal);
  if (unreadable) throw unreadable;
  return 0;

  async function judgeSeries(path: string): Promise<void> {
    const episodes = collectEpisodes(falseAlarmsPerWeek);
    const shown: ScoredPoint[] = [];
    const pathField = csvField(path);
    const input = path === '-' ? { stream: terminal.stdin } : { path };
    let points = 0;
    let column = '';
    const name = path === '-' ? 'standard input' : path;
    const note = (text: string): void => terminal.note(printable(text));
    const judges = (judged: JudgedColumn): void => {
      column = judged.name;
      if (value === undefined && formatName === 'csv' && judged.others.length > 0)
        note(`${name}: "${column}" is judged; --value names another column: ${judged.others.join(', ')}`);
    };
    for await (const batch of scoreSeries(input, name, format, falseAlarmsPerWeek, note, judges)) {
      points += batch.length;
      for (const point of batch) {
        if (!json || charts) episodes.add(point);
        if (charts && point.value !== undefined) shown.push(point);
        if (json) await terminal.print(`${pathField},${csvField(point.timeText)},${point.score.toFixed(SCORE_DIGITS)}`);
      }
    }
    if (!json) await tell(`${path}: ${column}`, points, episodes.found, terminal);
    charts?.add(`${path}: ${column}`, shown, episodes.found);
  }
}

const COLUMNS: readonly Column<Episode>[] = [
  { title: 'rang from', value: ({ first }) => first.timeText },
  { title: 'rang until', value: ({ last }) => last.timeText },
  { title: 'loudest at', value: ({ peak }) => peak.timeText },
  { title: 'observed', value: ({ peak }) => peak.value, right: true },
  { title: 'expected', value: ({ peak }) => peak.expected, right: true },
  { title: 'by chance', value: ({ peak }) => rarity(peak.evidence, peak.periodMs) },
];

async function tell(name: string, points: number, episodes: readonly Episode[], terminal: Terminal): Promise<void> {
  const few = points > WARM_UP_POINTS ? '' : ` (the first ${WARM_UP_POINTS} never ring)`;
  const count = episodes.length === 0 ? 'nothing rang' : counted(episodes.length, 'episode');
  await terminal.print(`${printable(name)}: ${counted(points, 'point')}${few}, ${count}`);
  await printTable(episodes, COLUMNS, { print: (line) => terminal.print(`  ${line}`) });
}

const WEEK_MS = 7 * 86_400_000;
const WEEKS_A_YEAR = 52.18;

/** How often the series' own history would do the same. */
export function rarity(evidence: number, periodMs: number): string {
  const weeks = (Math.pow(10, evidence) * periodMs) / WEEK_MS;
  if (weeks === 1) return 'once a week';
  if (weeks < 1) return `${twoDigits(1 / weeks)} times a week`;
  if (weeks < WEEKS_A_YEAR) return `once in ${twoDigits(weeks)} weeks`;
  const years = weeks / WEEKS_A_YEAR;
  return years < 1e6 ? `once in ${grouped(Math.round(twoDigits(years)))} years` : 'never in a million years';
}

function twoDigits(value: number): number {
  return Number(value.toPrecision(2));
}

async function writePlot(path: string, charts: Charts, terminal: Terminal): Promise<void> {
  try {
    await writeFile(path, await charts.file());
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'its folder does not exist' : message;
    throw new AppError('usage', `--plot: cannot write ${printable(path)}: ${why}. Name a file that can be written`, { cause: error });
  }
  if (charts.note !== undefined) terminal.note(charts.note);
  terminal.note(`the charts are in ${path}`);
}
