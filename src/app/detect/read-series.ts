/** Reads a series file point by point; gzip and zstd are seen by the first bytes. */
import { AppError } from '../../core/errors.ts';
import { openLines } from '../../sources/file/lines.ts';
import type { LineInput } from '../../sources/file/open-input.ts';
import { csvFields, placedFields } from './csv-fields.ts';
import { isMissing, type SeriesFormat } from './series-format.ts';
import { seriesColumns, type SeriesColumns } from './series-header.ts';

export interface Point {
  /** Epoch ms; in the order of the file, so it may repeat or step back. */
  readonly timeMs: number;
  /** As it stands in the file. */
  readonly timeText: string;
  /** Undefined: the file says that there is no value. */
  readonly value: number | undefined;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const SHOWN_MAX = 60;
const LINE_BYTES_MAX = 65_536;

/** Points before a wrong line come first. @throws AppError `input_unreadable` with file:line:column, while it is iterated */
export async function* readSeries(input: LineInput, name: string, format: SeriesFormat): AsyncGenerator<Point[]> {
  const decoder = new TextDecoder();
  let columns: SeriesColumns | undefined;
  for await (const chunk of openLines(input, { maxLineBytes: LINE_BYTES_MAX })) {
    const points: Point[] = [];
    let start = 0;
    try {
      for (let i = 0; i < chunk.ends.length; i++) {
        const end = chunk.ends[i]!;
        const line = decoder.decode(chunk.bytes.subarray(start, end)).replace(/\r$/, '');
        start = end;
        if (line.trim() === '') continue;
        const place = `${name}:${chunk.firstLine + i}`;
        const isFirst = columns === undefined;
        columns ??= firstLine(line, format, place);
        if (!isFirst || columns.isPoint) points.push(parsePoint(line, columns, format, place));
      }
    } catch (error) {
      yield points;
      throw error;
    }
    yield points;
  }
  if (!columns) throw wrong(name, 'no line', 'a header that names the columns, then one point a line');
}

function firstLine(line: string, format: SeriesFormat, place: string): SeriesColumns {
  const refuse = (found: string, expected: string): never => {
    throw wrong(`${place}:1`, shown(found), expected);
  };
  if (line.includes('\r')) refuse('lines that end in CR alone', 'lines that end in LF or CR LF');
  return seriesColumns(line, format, refuse);
}

function parsePoint(line: string, columns: SeriesColumns, { parseTime, timeForm }: SeriesFormat, place: string): Point {
  const { separator, names, time, value } = columns;
  const fields = csvFields(line, separator);
  const timeText = fields[time] ?? '';
  const valueText = fields[value];
  const at = (field: number): string => `${place}:${(placedFields(line, separator)[field]?.at ?? line.length) + 1}`;
  if (valueText === undefined) {
    throw wrong(
      at(value),
      `${fields.length} field${fields.length === 1 ? '' : 's'}`,
      `at least ${Math.max(time, value) + 1}, for the value "${names[value]}"`,
    );
  }
  const timeMs = parseTime(timeText);
  if (timeMs === undefined) throw wrong(at(time), `"${shown(timeText)}" as "${names[time]}"`, timeForm);
  if (isMissing(valueText)) return { timeMs, timeText, value: undefined };
  const number = NUMBER.test(valueText) ? Number(valueText) : NaN;
  // Squares of residuals must stay finite.
  if (!(Math.abs(number) < 1e150)) {
    throw wrong(at(value), `"${shown(valueText)}" as "${names[value]}"`, 'a number, or nothing where there is no value');
  }
  return { timeMs, timeText, value: number };
}

function shown(text: string): string {
  const clean = text.replace(/\p{Cc}/gu, '\uFFFD');
  return clean.length <= SHOWN_MAX ? clean : `${clean.slice(0, SHOWN_MAX)}…`;
}

function wrong(place: string, found: string, expected: string): AppError {
  return new AppError('input_unreadable', `${place}: found ${found}; expected ${expected}`);
}
