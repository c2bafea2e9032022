/** The forms of a series file: CSV with a header, one point a line. */

export interface SeriesFormat {
  /** Names of the columns; undefined: the first, or the second, column. */
  readonly timeColumn: string | undefined;
  readonly valueColumn: string | undefined;
  /** Epoch ms, undefined where the text is none. */
  readonly parseTime: (text: string) => number | undefined;
  /** What `parseTime` takes, for people. */
  readonly timeForm: string;
}

export const SERIES_FORMATS = ['csv', 'kpi', 'nab'] as const;
export type SeriesFormatName = (typeof SERIES_FORMATS)[number];

export function seriesFormat(name: SeriesFormatName, columns: { readonly time?: string; readonly value?: string }): SeriesFormat {
  const [timeColumn, valueColumn] = name === 'csv' ? [columns.time, columns.value] : ['timestamp', 'value'];
  return { timeColumn, valueColumn, parseTime: (text) => parseEpoch(text) ?? parseText(text), timeForm: TIME_FORMS[name] };
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

/** The largest number of seconds that is no milliseconds: the year 5138. Ms below it would be in 1973; a thousand times that for each finer unit. */
const SECONDS_MAX = 1e11;

function parseEpoch(text: string): number | undefined {
  if (!/^-?\d{1,19}(\.\d+)?$/.test(text)) return undefined;
  let ms = Number(text) * 1_000;
  while (Math.abs(ms) >= SECONDS_MAX * 1_000) ms /= 1_000;
  return ms;
}

const TEXT = /^(\d{4}[-/]\d{2}[-/]\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d{2}:?\d{2})?)?$/;

function parseText(text: string): number | undefined {
  const match = TEXT.exec(text);
  if (!match) return undefined;
  const [, date, time = '00:00', zone = 'Z'] = match;
  const ms = Date.parse(`${date!.replaceAll('/', '-')}T${time}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isFinite(ms) ? ms : undefined;
}
