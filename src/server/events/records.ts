/** The bytes of a body -> records for the log. */
import { isUtf8 } from 'node:buffer';
import { MARK_BYTES, markBytes } from '../../core/byte-order-mark.ts';
import type { Column } from '../../log/batch.ts';
import type { RecordsToAppend } from '../../log/log.ts';
import { HttpProblem } from '../problem.ts';
import type { BodyWriter } from './body.ts';
import { splitJsonArray } from './json-array.ts';
import { JsonFault } from './json-scan.ts';
import type { OpenLines } from './lines/line-cutter.ts';

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
  throw new HttpProblem(
    415,
    `found ${found}; expected application/x-ndjson (an event a line) or application/json (one event, or an array of them)`,
  );
}

export type PushedRecords = Pick<RecordsToAppend, 'bytes' | 'ends'>;

/** Makes records of one body. */
export interface RecordReader {
  /** To be asked while the body comes in; undefined: it is taken as it is. */
  readonly writer: BodyWriter | undefined;
  /** Views on the body that the writer has made. @throws HttpProblem 400, 413 */
  records(body: Uint8Array): Promise<PushedRecords>;
}

/** `most`: events in one body. */
export function createRecordReader(
  kind: BodyKind,
  { most, openLines }: { readonly most: number; readonly openLines: OpenLines },
): RecordReader {
  return kind === 'ndjson' ? lineReader(most, openLines) : { writer: undefined, records: (body) => elementsOf(body, most) };
}

/**
 * A line's bytes as they came, without the CR before its LF, and without a byte order mark before the first. No text is made of them, and
 * nothing is parsed: what a line holds is judged once, where it is counted.
 */
function lineReader(most: number, openLines: OpenLines): RecordReader {
  const lines = openLines(most);
  const bounded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof RangeError) throw tooMany(most);
      throw error;
    }
  };
  return {
    writer: { write: (piece, to) => bounded(() => lines.cut(piece, to)), end: (to) => bounded(() => lines.end(to)) },
    async records(body) {
      const ends = lines.ends();
      if (ends.length === 0) throw emptyBody();
      // The lines stand there without what parted them: bytes of a later one are no mark, though they come first where those before are short.
      const mark = ends[0]! < MARK_BYTES ? 0 : markBytes(body);
      if (mark > 0) {
        if (ends.length === 1 && ends[0] === mark) throw emptyBody();
        for (let i = 0; i < ends.length; i++) ends[i]! -= mark;
      }
      return { bytes: body.subarray(mark), ends };
    },
  };
}

/** An array's elements, or a single object, as their text: only what is neither is refused here. */
async function elementsOf(whole: Uint8Array, maxRecords: number): Promise<Column> {
  const body = whole.subarray(markBytes(whole));
  if (body.length === 0) throw emptyBody();
  if (!isUtf8(body)) throw new HttpProblem(400, 'the body is not the JSON that its Content-Type says: it is not UTF-8');
  try {
    const column = await splitJsonArray(body, maxRecords);
    if (column.ends.length === 0) throw new HttpProblem(400, 'found an array without events; expected at least one');
    return column;
  } catch (error) {
    if (error instanceof RangeError) throw tooMany(maxRecords);
    if (!(error instanceof JsonFault)) throw error;
    throw new HttpProblem(
      400,
      `the body is not one event or a JSON array of them, as its Content-Type says (lines are application/x-ndjson): ${error.message}`,
    );
  }
}

function emptyBody(): HttpProblem {
  return new HttpProblem(400, 'found an empty body; expected at least one event');
}

function tooMany(maxRecords: number): HttpProblem {
  return new HttpProblem(413, `found more than ${maxRecords} events; send smaller batches`);
}
