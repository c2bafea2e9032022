/** The bytes of a body -> records for the log. */
import { isUtf8 } from 'node:buffer';
import type { Column } from '../../log/batch.ts';
import { HttpProblem } from '../problem.ts';
import { splitJsonArray } from './json-array.ts';
import { JsonFault } from './json-scan.ts';
import type { CutLines } from './lines/line-cutter.ts';

export type BodyKind = 'ndjson' | 'json';

const KINDS: Readonly<Record<string, BodyKind>> = {
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/json': 'json',
};
/** @throws HttpProblem 415 */
export function bodyKind(contentType: string | undefined): BodyKind {
  const type = contentType?.split(';', 1)[0]!.trim().toLowerCase() ?? '';
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (kind !== undefined) return kind;
  const found = type === '' ? 'no Content-Type' : `Content-Type: ${type.slice(0, 100)}`;
  throw new HttpProblem(415, `found ${found}; expected application/x-ndjson (an event a line) or application/json (an array of events)`);
}

export interface RecordReader {
  /** Events in one body, at most. */
  readonly most: number;
  readonly cutLines: CutLines;
}

/**
 * A line's bytes as they came, without the CR before its LF; an array's elements as their text. What a line holds is judged later,
 * like everything in the log: only what is not lines or not an array at all is refused here. Lines are views on the body, which changes.
 * @throws HttpProblem 400, 413
 */
export async function recordsOf(body: Uint8Array, kind: BodyKind, reader: RecordReader): Promise<Column> {
  if (body.length === 0) throw new HttpProblem(400, 'found an empty body; expected at least one event');
  const column = kind === 'ndjson' ? linesOf(body, reader) : await elementsOf(body, reader.most);
  if (column.ends.length === 0) throw new HttpProblem(400, 'found an array without events; expected at least one');
  return column;
}

function linesOf(body: Uint8Array, { most, cutLines }: RecordReader): Column {
  try {
    // No text is made of the bytes, and nothing is parsed: what a line holds is judged once, where it is counted.
    return cutLines(body, most);
  } catch (error) {
    if (error instanceof RangeError) throw tooMany(most);
    throw error;
  }
}

async function elementsOf(body: Uint8Array, maxRecords: number): Promise<Column> {
  if (!isUtf8(body)) throw new HttpProblem(400, 'the body is not the JSON that its Content-Type says: it is not UTF-8');
  try {
    return await splitJsonArray(body, maxRecords);
  } catch (error) {
    if (error instanceof RangeError) throw tooMany(maxRecords);
    if (!(error instanceof JsonFault)) throw error;
    throw new HttpProblem(400, `the body is not a JSON array, as its Content-Type says (lines are application/x-ndjson): ${error.message}`);
  }
}

function tooMany(maxRecords: number): HttpProblem {
  return new HttpProblem(413, `found more than ${maxRecords} events; send smaller batches`);
}
