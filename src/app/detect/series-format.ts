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
  return { timeColumn, valueColumn, ...TIMES[name] };
}

const TIMES: Readonly<Record<SeriesFormatName, Pick<SeriesFormat, 'parseTime' | 'timeForm'>>> = {
  csv: {
    parseTime: (text) => parseEpoch(text) ?? parseText(text),
    timeForm: 'a time: Unix seconds or milliseconds, or text such as 2026-03-02 09:00:00 (UTC unless a zone is given)',
  },
  kpi: { parseTime: (text) => parseEpoch(text), timeForm: 'Unix seconds, such as 1500012840' },
  nab: { parseTime: parseText, timeForm: 'a time such as 2014-04-01 00:05:00' },
};

/** The largest number of seconds that is no milliseconds: the year 5138. Ms below it would be in 1973. */
const SECONDS_MAX = 1e11;
/** The last instant that a Date can hold. */
const MS_MAX = 8.64e15;

function parseEpoch(text: string): number | undefined {
  if (!/^-?\d{1,16}(\.\d+)?$/.test(text)) return undefined;
  const number = Number(text);
  const ms = Math.abs(number) < SECONDS_MAX ? number * 1_000 : number;
  return Math.abs(ms) <= MS_MAX ? ms : undefined;
}

const TEXT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d{2}:?\d{2})?)?$/;

function parseText(text: string): number | undefined {
  const match = TEXT.exec(text);
  if (!match) return undefined;
  const [, date, time = '00:00', zone = 'Z'] = match;
  const ms = Date.parse(`${date}T${time}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isFinite(ms) ? ms : undefined;
}
