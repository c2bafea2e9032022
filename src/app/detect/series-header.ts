/** The first line of a series file: what separates the fields, and which of them are the time and the value. */
import { nearest } from '../../config/nearest.ts';
import { csvFields } from './csv-fields.ts';
import { readNumber } from './number-text.ts';
import { isMissing, type SeriesFormat } from './series-format.ts';
import { readTime } from './time-text.ts';

export interface SeriesColumns {
  readonly separator: string;
  readonly names: readonly string[];
  readonly time: number;
  readonly value: number;
  /** There is no header: the line is the first point. */
  readonly isPoint: boolean;
}

const SEPARATORS = [',', ';', '\t'] as const;

/** What is wrong with the line, for people: it is thrown by `refuse`. */
export type Refuse = (found: string, expected: string) => never;

export function seriesColumns(line: string, { timeColumn, valueColumn }: SeriesFormat, refuse: Refuse): SeriesColumns {
  if (/[\0\uFFFD]/.test(line)) refuse('bytes that are no UTF-8', 'text in UTF-8, as `iconv -f UTF-16 -t UTF-8` makes of UTF-16');
  const isPointBy = (separator: string): boolean => {
    const [first = '', second] = csvFields(line, separator);
    return readTime(first, undefined) !== undefined && isValue(second);
  };
  const pointSeparator = timeColumn === undefined && valueColumn === undefined ? SEPARATORS.find(isPointBy) : undefined;
  if (pointSeparator !== undefined) {
    return { separator: pointSeparator, names: ['1st column', '2nd column'], time: 0, value: 1, isPoint: true };
  }
  const separator = SEPARATORS.find((each) => line.includes(each)) ?? ',';
  const fields = csvFields(line, separator);
  const time = columnOf(fields, timeColumn, 0, '--time', refuse);
  return { separator, names: fields, time, value: columnOf(fields, valueColumn, time === 0 ? 1 : 0, '--value', refuse), isPoint: false };
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
