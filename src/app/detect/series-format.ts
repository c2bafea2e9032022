/** The forms of a series file: CSV with a header, one point a line. */
import type { DecimalMark } from './number-text.ts';
import { TIME_UNITS } from './digits-time.ts';
import { DATE_ORDERS, type TimeStyle } from './time-text.ts';

export interface SeriesFormat {
  /** Names of the columns; undefined: the first, or the second, column. */
  readonly timeColumn: string | undefined;
  readonly valueColumn: string | undefined;
  /** How times and numbers are written, as far as somebody said so; the column says the rest. */
  readonly timeStyle: TimeStyle;
  readonly decimalMark: DecimalMark | undefined;
  /** What a time looks like, for people. */
  readonly timeForm: string;
}

const SERIES_FORMATS = ['csv', 'kpi', 'nab'] as const;
export type SeriesFormatName = (typeof SERIES_FORMATS)[number];

/** What `--time-format` may say: where in a date the day is, or what a number counts. */
export const TIME_FORMATS = [...DATE_ORDERS, ...TIME_UNITS] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

export interface SeriesOptions {
  readonly time?: string | undefined;
  readonly value?: string | undefined;
  readonly timeFormat?: TimeFormat | undefined;
  readonly decimal?: DecimalMark | undefined;
}

export function seriesFormat(name: SeriesFormatName, { time, value, timeFormat, decimal }: SeriesOptions): SeriesFormat {
  const [timeColumn, valueColumn] = name === 'csv' ? [time, value] : ['timestamp', 'value'];
  return { timeColumn, valueColumn, timeStyle: timeStyle(timeFormat), decimalMark: decimal, timeForm: TIME_FORMS[name] };
}

function timeStyle(told: TimeFormat | undefined): TimeStyle {
  if (told === undefined) return {};
  return told === 'dmy' || told === 'mdy' ? { order: told } : { digits: told };
}

/** What files write where a value is missing, or where it was divided by zero. */
const MISSING: readonly string[] = [
  '',
  'nan',
  'na',
  'n/a',
  'null',
  'none',
  '-',
  'inf',
  '+inf',
  '-inf',
  'infinity',
  '+infinity',
  '-infinity',
];

export function isMissing(value: string): boolean {
  return MISSING.includes(value.toLowerCase());
}

/** All of them take all times: a series is judged rather than refused. */
const TIME_FORMS: Readonly<Record<SeriesFormatName, string>> = {
  csv: 'a time: Unix seconds (or ms, us, ns), or text such as 2026-03-02 09:00:00 (UTC unless a zone is given)',
  kpi: 'Unix seconds, such as 1500012840',
  nab: 'a time such as 2014-04-01 00:05:00',
};
