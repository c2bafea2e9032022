/** Reads a series file point by point; gzip and zstd are seen by the first bytes. */
import { AppError } from '../../core/errors.ts';
import { openLines } from '../../sources/file/lines.ts';
import type { LineInput } from '../../sources/file/open-input.ts';
import { shown } from './column.ts';
import { createPointLines, type Point, type PointLines } from './point-lines.ts';
import type { SeriesFormat } from './series-format.ts';
import { seriesColumns, type SeriesColumns } from './series-header.ts';

const LINE_BYTES_MAX = 65_536;

/** The column whose values are judged, and those beside it that nobody looks at. */
export interface JudgedColumn {
  readonly name: string;
  readonly others: readonly string[];
}

/**
 * Points before a wrong line come first. `note`: told, at the end, what had to be assumed; `judges`: at the beginning, which column is read.
 * @throws AppError `input_unreadable` with file:line:column, while it is iterated
 */
export async function* readSeries(
  input: LineInput,
  name: string,
  format: SeriesFormat,
  note?: (text: string) => void,
  judges?: (column: JudgedColumn) => void,
): AsyncGenerator<Point[]> {
  const decoder = new TextDecoder();
  let lines: PointLines | undefined;
  for await (const chunk of openLines(input, { maxLineBytes: LINE_BYTES_MAX })) {
    const points: Point[] = [];
    let start = 0;
    try {
      for (let i = 0; i < chunk.ends.length; i++) {
        const end = chunk.ends[i]!;
        const line = decoder.decode(chunk.bytes.subarray(start, end)).replace(/\r$/, '');
        start = end;
        if (line.trim() === '') continue;
        const lineNumber = chunk.firstLine + i;
        if (lines) {
          lines.add(line, lineNumber, points);
          continue;
        }
        const columns = firstLine(line, format, `${name}:${lineNumber}`);
        judges?.({ name: columns.names[columns.value]!, others: othersOf(columns) });
        lines = createPointLines(columns, format, refuse);
        if (columns.isPoint) lines.add(line, lineNumber, points);
      }
    } catch (error) {
      yield points;
      throw error;
    }
    yield points;
  }
  if (!lines) throw wrong(name, 'no line', 'a header that names the columns, then one point a line');
  const assumed = lines.end();
  if (assumed !== undefined) note?.(`${name}: ${assumed}`);

  function refuse(lineNumber: number, column: number, found: string, expected: string): never {
    throw wrong(`${name}:${lineNumber}:${column + 1}`, found, expected);
  }
}

function othersOf({ isPoint, names, time, value }: SeriesColumns): string[] {
  return isPoint ? [] : names.filter((name, at) => name !== '' && at !== time && at !== value);
}

function firstLine(line: string, format: SeriesFormat, place: string): SeriesColumns {
  const refuse = (found: string, expected: string): never => {
    throw wrong(`${place}:1`, shown(found), expected);
  };
  if (line.includes('\r')) refuse('lines that end in CR alone', 'lines that end in LF or CR LF');
  return seriesColumns(line, format, refuse);
}

function wrong(place: string, found: string, expected: string): AppError {
  return new AppError('input_unreadable', `${place}: found ${found}; expected ${expected}`);
}
