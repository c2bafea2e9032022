/** Reads a series file point by point; gzip and zstd are seen by the first bytes. */
import { AppError } from '../../core/errors.ts';
import { openLines } from '../../sources/file/lines.ts';
import { csvFields } from './csv-fields.ts';
import type { SeriesFormat } from './series-format.ts';

export interface Point {
  /** Epoch ms; in the order of the file, so it may repeat or step back. */
  readonly timeMs: number;
  /** As it stands in the file. */
  readonly timeText: string;
  /** Undefined: the file says that there is no value. */
  readonly value: number | undefined;
}

/** What files write where a value is missing. */
const MISSING = new Set(['', 'nan', 'na', 'n/a', 'null', 'none', '-']);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const SHOWN_MAX = 60;
const LINE_BYTES_MAX = 65_536;

/** @throws AppError `input_unreadable` with file:line, while it is iterated */
export async function* readSeries(path: string, format: SeriesFormat): AsyncGenerator<Point[]> {
  const decoder = new TextDecoder();
  let columns: Columns | undefined;
  for await (const chunk of openLines({ path }, { maxLineBytes: LINE_BYTES_MAX })) {
    const points: Point[] = [];
    let start = 0;
    for (let i = 0; i < chunk.ends.length; i++) {
      const end = chunk.ends[i]!;
      const line = decoder.decode(chunk.bytes.subarray(start, end));
      start = end;
      const place = `${path}:${chunk.firstLine + i}`;
      if (line.trim() === '') continue;
      if (!columns) columns = findColumns(line, format, place);
      else points.push(parsePoint(line, columns, format, place));
    }
    yield points;
  }
  if (!columns) throw wrong(path, 'no line', 'a header that names the columns, then one point a line');
}

interface Columns {
  readonly names: readonly string[];
  readonly time: number;
  readonly value: number;
}

function findColumns(line: string, { timeColumn, valueColumn }: SeriesFormat, place: string): Columns {
  const names = csvFields(line);
  const found = `the columns ${shown(names.join(', '))}`;
  const find = (name: string | undefined, otherwise: number, option: string): number => {
    const index = name === undefined ? otherwise : names.indexOf(name);
    if (index >= 0 && index < names.length) return index;
    throw wrong(place, found, name === undefined ? 'a time and a value column' : `one named "${name}"; name yours with ${option}`);
  };
  const time = find(timeColumn, 0, '--time');
  return { names, time, value: find(valueColumn, time === 0 ? 1 : 0, '--value') };
}

function parsePoint(line: string, { names, time, value }: Columns, { parseTime, timeForm }: SeriesFormat, place: string): Point {
  const fields = csvFields(line);
  const timeText = fields[time] ?? '';
  const valueText = fields[value];
  if (valueText === undefined) {
    throw wrong(
      place,
      `${fields.length} field${fields.length === 1 ? '' : 's'}`,
      `at least ${Math.max(time, value) + 1}, for the value "${names[value]}"`,
    );
  }
  const timeMs = parseTime(timeText);
  if (timeMs === undefined) throw wrong(place, `"${shown(timeText)}" as "${names[time]}"`, timeForm);
  if (MISSING.has(valueText.toLowerCase())) return { timeMs, timeText, value: undefined };
  const number = NUMBER.test(valueText) ? Number(valueText) : NaN;
  // Squares of residuals must stay finite.
  if (!(Math.abs(number) < 1e150)) {
    throw wrong(place, `"${shown(valueText)}" as "${names[value]}"`, 'a number, or nothing where there is no value');
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
