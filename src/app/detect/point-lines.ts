/** Lines of a series file -> points. Where a date or a number can be read in two ways, lines wait for one that settles how the column is written. */
import { shown, type Column } from './column.ts';
import { csvFields, placedFields } from './csv-fields.ts';
import { createHalfDayWatch } from './half-day.ts';
import type { SeriesFormat } from './series-format.ts';
import type { SeriesColumns } from './series-header.ts';
import { createTimeColumn } from './time-column.ts';
import { createValueColumn } from './value-column.ts';
import { counted } from '../../core/counted.ts';

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
  /** No more lines. What had to be assumed to read them, for people. */
  end(): string | undefined;
}

/** Throws what is wrong, for people. `column` from 0. */
export type RefuseField = (lineNumber: number, column: number, found: string, expected: string) => never;

/** Minutes of more than two months: somewhere in them is a day after the 12th. */
const WAITING_LINES_MAX = 100_000;
/** Of those lines, so that long ones fit into memory too. */
const WAITING_CHARS_MAX = 32 * 1_024 * 1_024;

export function createPointLines(columns: SeriesColumns, format: SeriesFormat, refuse: RefuseField): PointLines {
  const { separator, names, time, value, width } = columns;
  const times = createTimeColumn(format);
  const values = createValueColumn(format.decimalMark, separator);
  const halfDays = createHalfDayWatch();
  /** The first of them is unclear; those behind it only keep their order. */
  let waiting: { readonly line: string; readonly lineNumber: number }[] = [];
  let waitingChars = 0;

  return {
    add(line, lineNumber, points) {
      const settledBefore = times.settled + values.settled;
      const read = readLine(line, lineNumber);
      if (waiting.length === 0 && typeof read === 'object') return emit(read, line, lineNumber, points);
      waiting.push({ line, lineNumber });
      waitingChars += line.length;
      if (times.settled + values.settled !== settledBefore) readWaiting(points);
      if (waiting.length > WAITING_LINES_MAX || waitingChars > WAITING_CHARS_MAX) {
        refuseUnclear(`of the next ${(waiting.length - 1).toLocaleString('en-US')}`);
      }
    },
    end() {
      if (waiting.length > 0) refuseUnclear('of the file');
      return values.assumed === undefined ? undefined : `"${names[value]}": ${values.assumed}`;
    },
  };

  function emit(point: Point, line: string, lineNumber: number, points: Point[]): void {
    const before = halfDays.follows(point);
    if (before) {
      const found = `"${shown(point.timeText)}" as "${names[time]}" after "${shown(before.timeText)}": its hours begin anew after 12, and it does not say which half of the day it is`;
      refuse(lineNumber, placedFields(line, separator)[time]!.at, found, 'AM or PM with each time, or hours from 0 to 23');
    }
    points.push(point);
  }

  function readWaiting(points: Point[]): void {
    const read = waiting.map(({ line, lineNumber }) => readLine(line, lineNumber));
    const firstUnclear = read.findIndex((each) => typeof each !== 'object');
    const known = firstUnclear < 0 ? read.length : firstUnclear;
    for (const [i, point] of read.slice(0, known).entries()) {
      if (typeof point === 'object') emit(point, waiting[i]!.line, waiting[i]!.lineNumber, points);
    }
    waiting = waiting.slice(known);
    waitingChars = waiting.reduce((sum, { line }) => sum + line.length, 0);
  }

  function refuseUnclear(within: string): never {
    const { line, lineNumber } = waiting[0]!;
    const [field, column]: [number, Column] = readLine(line, lineNumber) === 'unclear time' ? [time, times] : [value, values];
    const { text, at } = placedFields(line, separator)[field]!;
    const found = `"${shown(text)}" as "${names[field]}", which can be read in two ways, and no line ${within} tells which`;
    return refuse(lineNumber, at, found, column.options);
  }

  function readLine(line: string, lineNumber: number): Point | 'unclear time' | 'unclear value' {
    const fields = csvFields(line, separator);
    const wrong = (field: number, found: string, expected: string): never =>
      refuse(lineNumber, placedFields(line, separator)[field]?.at ?? line.length, found, expected);
    checkWidth(fields, wrong);
    const timeText = fields[time]!;
    const timeRead = times.read(timeText, lineNumber);
    if (typeof timeRead === 'object' && 'expected' in timeRead) {
      return wrong(time, `"${shown(timeText)}" as "${names[time]}"`, timeRead.expected);
    }
    const valueRead = values.read(fields[value]!, lineNumber);
    if (typeof valueRead === 'object' && 'expected' in valueRead) {
      return wrong(value, `"${shown(fields[value]!)}" as "${names[value]}"`, valueRead.expected);
    }
    if (timeRead === 'either') return 'unclear time';
    if (valueRead === 'either') return 'unclear value';
    return { timeMs: timeRead.value!, timeText, value: valueRead.value };
  }

  /** A value that is torn apart, or a line that is cut short, must not pass for another value. */
  function checkWidth(fields: readonly string[], wrong: (field: number, found: string, expected: string) => never): void {
    if (fields.length < width && columns.isPoint) wrong(fields.length, counted(fields.length, 'field'), `${width}, as the first line has`);
    const least = Math.max(time, value) + 1;
    if (fields.length < least) wrong(value, counted(fields.length, 'field'), `at least ${least}, for the value "${names[value]}"`);
    if (!fields.some((field, i) => i >= width && field !== '')) return;
    const found = `${counted(fields.length, 'field')} for ${width} columns`;
    const parts = fields.slice(value, value + 1 + fields.length - width);
    const isTorn = separator === ',' && parts.every((part) => /^[+-]?\d+(\.\d+)?$/.test(part));
    const sample = isTorn ? `: "${shown(parts.join(','))}"` : '';
    wrong(isTorn ? value : width, found, `quotes around a field with ${SEPARATOR_NAMES[separator]} in it${sample}`);
  }
}

const SEPARATOR_NAMES: Readonly<Record<string, string>> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs' };
