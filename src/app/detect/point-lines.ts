/** Lines of a series file -> points. Where a date or a number can be read in two ways, lines wait for one that settles how the column is written. */
import { csvFields, placedFields } from './csv-fields.ts';
import { readNumber } from './number-text.ts';
import { isMissing, type SeriesFormat } from './series-format.ts';
import type { SeriesColumns } from './series-header.ts';
import { readTime } from './time-text.ts';

export interface Point {
  /** Epoch ms; in the order of the file, so it may repeat or step back. */
  readonly timeMs: number;
  /** As it stands in the file. */
  readonly timeText: string;
  /** Undefined: the file says that there is no value. */
  readonly value: number | undefined;
}

export interface PointLines {
  /** Adds the points that are known by now, in the order of their lines. */
  add(line: string, lineNumber: number, points: Point[]): void;
  /** No more lines. */
  end(): void;
}

/** Throws what is wrong, for people. `column` from 0. */
export type RefuseField = (lineNumber: number, column: number, found: string, expected: string) => never;

/** Minutes of more than two months: somewhere in them is a day after the 12th. */
const WAITING_LINES_MAX = 100_000;
const SHOWN_MAX = 60;
const ORDER_NAMES = { dmy: 'the day first', mdy: 'the month first' } as const;

export function createPointLines(columns: SeriesColumns, format: SeriesFormat, refuse: RefuseField): PointLines {
  const { separator, names, time, value } = columns;
  let { dateOrder, decimalMark } = format;
  /** The first of them is unclear; those behind it only keep their order. */
  let waiting: { readonly line: string; readonly lineNumber: number }[] = [];

  return {
    add(line, lineNumber, points) {
      const [orderBefore, markBefore] = [dateOrder, decimalMark];
      const read = readLine(line, lineNumber);
      if (waiting.length === 0 && typeof read === 'object') return void points.push(read);
      waiting.push({ line, lineNumber });
      if (dateOrder !== orderBefore || decimalMark !== markBefore) readWaiting(points);
      if (waiting.length > WAITING_LINES_MAX) refuseUnclear();
    },
    end() {
      if (waiting.length > 0) refuseUnclear();
    },
  };

  function readWaiting(points: Point[]): void {
    const read = waiting.map(({ line, lineNumber }) => readLine(line, lineNumber));
    const firstUnclear = read.findIndex((each) => typeof each !== 'object');
    const known = firstUnclear < 0 ? read.length : firstUnclear;
    for (const point of read.slice(0, known)) if (typeof point === 'object') points.push(point);
    waiting = waiting.slice(known);
  }

  function refuseUnclear(): void {
    const { line, lineNumber } = waiting[0]!;
    const fields = placedFields(line, separator);
    const isTime = readLine(line, lineNumber) === 'unclear time';
    const { text, at } = fields[isTime ? time : value]!;
    const found = `"${shown(text)}" as "${names[isTime ? time : value]}", which can be read in two ways, and no line`;
    const within = waiting.length > WAITING_LINES_MAX ? `of the next ${WAITING_LINES_MAX.toLocaleString('en-US')}` : 'of the file';
    const mend = isTime
      ? '--time-format mdy (the month first) or --time-format dmy (the day first)'
      : '--decimal . (a comma groups thousands) or --decimal , (it stands before decimals)';
    refuse(lineNumber, at, `${found} ${within} tells which`, mend);
  }

  function readLine(line: string, lineNumber: number): Point | 'unclear time' | 'unclear value' {
    const fields = csvFields(line, separator);
    const wrong = (field: number, found: string, expected: string): never =>
      refuse(lineNumber, placedFields(line, separator)[field]?.at ?? line.length, found, expected);
    const timeText = fields[time] ?? '';
    const valueText = fields[value];
    if (valueText === undefined) {
      const count = `${fields.length} field${fields.length === 1 ? '' : 's'}`;
      return wrong(value, count, `at least ${Math.max(time, value) + 1}, for the value "${names[value]}"`);
    }
    const isTornApart = fields.length > names.length && value === names.length - 1 && /^\d{3}(\.\d+)?$/.test(fields[value + 1]!);
    if (isTornApart && separator === ',' && !columns.isPoint) {
      const whole = fields.slice(value).join(',');
      return wrong(value, `${fields.length} fields for ${names.length} columns`, `quotes around a value with commas: "${shown(whole)}"`);
    }
    const timeRead = readTime(timeText, dateOrder);
    if (timeRead === undefined) {
      const otherwise = dateOrder && readTime(timeText, undefined) !== undefined;
      const form = otherwise ? `${ORDER_NAMES[dateOrder!]}, as --time-format or a line before it says` : format.timeForm;
      return wrong(time, `"${shown(timeText)}" as "${names[time]}"`, form);
    }
    if (timeRead !== 'either') dateOrder ??= timeRead.settles;
    let number = isMissing(valueText) ? { value: undefined } : readNumber(valueText, decimalMark);
    if (number === 'either' && separator === ',') {
      // A file that is separated by commas has them in decimals only where it says so.
      decimalMark = '.';
      number = readNumber(valueText, decimalMark);
    }
    if (number === undefined || (number !== 'either' && !isFiniteSquare(number.value))) {
      const otherwise = decimalMark && number === undefined && readNumber(valueText, undefined) !== undefined;
      const form = otherwise
        ? `"${decimalMark}" before decimals, as --decimal or a line before it says`
        : 'a number, or nothing where there is no value';
      return wrong(value, `"${shown(valueText)}" as "${names[value]}"`, form);
    }
    if (number !== 'either' && 'settles' in number) decimalMark ??= number.settles;
    if (timeRead === 'either') return 'unclear time';
    if (number === 'either') return 'unclear value';
    return { timeMs: timeRead.value, timeText, value: number.value };
  }
}

/** Squares of residuals must stay finite. */
function isFiniteSquare(value: number | undefined): boolean {
  return value === undefined || Math.abs(value) < 1e150;
}

export function shown(text: string): string {
  const clean = text.replace(/\p{Cc}/gu, '\uFFFD');
  return clean.length <= SHOWN_MAX ? clean : `${clean.slice(0, SHOWN_MAX)}…`;
}
