/** The first line of a series file: what separates the fields, and which of them are the time and the value. */
import { nearest } from '../../config/nearest.ts';
import { csvFields } from './csv-fields.ts';
import { isDigits } from './digits-time.ts';
import { readNumber } from './number-text.ts';
import { isMissing, type SeriesFormat } from './series-format.ts';
import { readTime } from './time-text.ts';

export interface SeriesColumns {
  readonly separator: string;
  readonly names: readonly string[];
  readonly time: number;
  readonly value: number;
  /** Fields a line may have; what comes behind them must be empty. */
  readonly width: number;
  /** There is no header: the line is the first point. */
  readonly isPoint: boolean;
}

/** Where two of them are as many, the one that is rarer in names of columns. */
const SEPARATORS = ['\t', ';', ','] as const;

/** What is wrong with the line, for people: it is thrown by `refuse`. */
export type Refuse = (found: string, expected: string) => never;

export function seriesColumns(line: string, { timeColumn, valueColumn, timeStyle }: SeriesFormat, refuse: Refuse): SeriesColumns {
  if (/[\0\uFFFD]/.test(line))
    refuse(
      'bytes that are no UTF-8',
      'text in UTF-8, as `iconv -f CP949 -t UTF-8` makes of what Excel saves in Korea, and `iconv -f UTF-16 -t UTF-8` of UTF-16',
    );
  const isPointBy = (separator: string): boolean => {
    const [first = '', second] = csvFields(line, separator);
    return (isDigits(first) || readTime(first, timeStyle) !== undefined) && isValue(second);
  };
  const pointSeparator = timeColumn === undefined && valueColumn === undefined ? SEPARATORS.findLast(isPointBy) : undefined;
  if (pointSeparator !== undefined) {
    const width = widthOf(csvFields(line, pointSeparator));
    return { separator: pointSeparator, names: ['1st column', '2nd column'], time: 0, value: 1, width: Math.max(2, width), isPoint: true };
  }
  const separator = separatorOf(line);
  const names = csvFields(line, separator);
  const time = columnOf(names, timeColumn, 0, '--time', refuse);
  const value = columnOf(names, valueColumn, time === 0 ? 1 : 0, '--value', refuse);
  return { separator, names, time, value, width: Math.max(widthOf(names), time + 1, value + 1), isPoint: false };
}

/** The most frequent one outside of quotes. */
function separatorOf(header: string): string {
  const bare = header.replace(/"(?:[^"]|"")*"/g, '');
  const counts = SEPARATORS.map((each) => bare.split(each).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))]!;
}

/** Empty fields at the end are none. */
function widthOf(fields: readonly string[]): number {
  return fields.findLastIndex((field) => field !== '') + 1;
}

/** By name, as it is written or in letters of another size; without a name, by its place. */
function columnOf(names: readonly string[], name: string | undefined, otherwise: number, option: string, refuse: Refuse): number {
  const found = `the columns ${names.join(', ')}`;
  if (name === undefined) return otherwise < names.length ? otherwise : refuse(found, 'a time and a value column');
  const exact = names.indexOf(name);
  const alike = names.flatMap((each, i) => (each.toLowerCase() === name.toLowerCase() ? [i] : []));
  if (exact >= 0) return exact;
  if (alike.length === 1) return alike[0]!;
  const meant = nearest(name, names);
  return refuse(found, `one named "${name}"${meant === undefined ? '' : ` (did you mean "${meant}"?)`}; name yours with ${option}`);
}

/** A number, be it too large for one, or the word for none. */
function isValue(text: string | undefined): boolean {
  return text !== undefined && (isMissing(text) || readNumber(text, undefined) !== undefined || !Number.isNaN(Number(text)));
}
