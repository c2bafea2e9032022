/** History out of a file of rows: records of `p.windows`, or the flat rows of `tocsin windows --json`. */
import { AppError } from '../../core/errors.ts';
import { parseInstantOrDay } from '../../core/instant.ts';
import { labelsText, type Labels } from '../../core/labels.ts';
import { describe } from '../../config/problem.ts';
import { openLines } from '../../sources/file/lines.ts';
import type { LineChunk } from '../../sources/file/splitter.ts';
import { closingOrder } from '../../windows/merge/closing-order.ts';
import { isWindowRecord } from '../../windows/parse-row.ts';
import type { WindowRecord, WindowRow } from '../../windows/row.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import type { InputFile } from './input-file.ts';
import { BATCH_ROWS, createRecordPacker, type Emit, type HistoryWanted } from './record-packer.ts';
import { numberIn } from './row-number.ts';
import { createLook, type Look } from './rows-look.ts';

type Line = Readonly<Record<string, unknown>>;

const A_RECORD = 'a record of the topic of windows, as it stands there';
/** What a record is not one without. */
const FIELDS: Readonly<Record<WindowRecord['kind'], readonly (keyof WindowRow)[]>> = {
  row: ['window_start', 'window_end', 'labels', 'measures', 'state', 'events', 'version', 'origin', 'partitions'],
  closed: ['window_start', 'window_end'],
};
/** As ClickHouse writes times, which are UTC there: `2026-03-02 09:00:00.000`. */
const AS_STORED = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,9})?$/;

/** What the first line that is not blank holds; undefined: no JSON, or no such line. */
export async function firstLine(path: string): Promise<Line | undefined> {
  for await (const chunk of openLines({ path })) for (const { value } of linesOf(chunk)) return value;
  return undefined;
}

/** A row of a window, of either form. */
export function isWindowRow(line: Line | undefined): boolean {
  return typeof line?.['window'] === 'string' && typeof line['window_start'] === 'string';
}

/**
 * Resolves to how many rows were flat ones, which have values and no state, and what is to be known of them.
 * `signal` ends it before its end.
 * @throws AppError `input_unreadable` with file:line
 */
export async function historyFromRows(
  wanted: HistoryWanted,
  spec: EngineSpec,
  { path, name: file }: InputFile,
  emit: Emit,
  signal?: AbortSignal,
): Promise<{ flatRows: number; notes: string[] }> {
  const packer = createRecordPacker(wanted);
  const look = createLook(spec, wanted, file);
  const flat = createFlatRows(spec, wanted, file, look, (record) => packer.add(record));
  let rows = 0;
  let closed = 0;
  let flatRows = 0;
  for await (const chunk of openLines({ path })) {
    signal?.throwIfAborted();
    for (const { value, line } of linesOf(chunk)) {
      if (value === undefined || !isWindowRow(value)) {
        throw wrong(
          `${file}:${line}`,
          'something else',
          'a row of a window: a record of the topic of windows, or a line of `tocsin windows --json`',
        );
      }
      if (value['kind'] === 'row') {
        rows++;
        packer.add(recordOf(value, line));
      } else if (value['kind'] === 'closed') {
        closed++;
        packer.add(whole(value, line));
      } else {
        flatRows++;
        flat.add(value, line);
      }
    }
    if (packer.count >= BATCH_ROWS) await emit(packer.take());
  }
  if (rows > 0 && closed === 0) {
    throw wrong(file, 'rows and no record that closes a window', 'the records of the topic of windows, all of them and in their order');
  }
  flat.end();
  const notes = rows + flatRows > 0 ? look.end() : [];
  if (packer.count > 0) await emit(packer.take());
  return { flatRows, notes };

  function recordOf(value: Line, line: number): WindowRow {
    const { labels: given, measures: told } = value;
    if (!isBlock(given) || !isBlock(told)) throw wrong(`${file}:${line}`, 'a row without labels or measures', A_RECORD);
    const record = whole(value, line) as WindowRow;
    const { window, labels, measures } = record;
    for (const name of wanted.measures) {
      const found: unknown = measures[name] ?? null;
      if (found !== null && typeof found !== 'number') throw noNumber(`${file}:${line}`, name, found);
    }
    look.window(window);
    if (record.final && record.origin === '') look.row({ window, labels, values: measures, line });
    return record;
  }

  function whole(value: Line, line: number): WindowRecord {
    if (isWindowRecord(value)) return value;
    const fields = FIELDS[value['kind'] as WindowRecord['kind']].join(', ');
    throw wrong(
      `${file}:${line}`,
      `a record of kind ${JSON.stringify(value['kind'])} in which one of ${fields} is missing or none`,
      A_RECORD,
    );
  }
}

/** Flat rows come by start of the window: a window is whole when one of its size that starts later comes. */
function createFlatRows(spec: EngineSpec, wanted: HistoryWanted, file: string, look: Look, add: (record: WindowRecord) => void) {
  const order = spec.windows.map((window) => closingOrder([window]));
  const current: (WindowStart | undefined)[] = spec.windows.map(() => undefined);
  const held: WindowRecord[][] = spec.windows.map(() => []);
  /** Of the current window. A series has the same labels object in all of its rows. */
  const series: Set<Labels>[] = spec.windows.map(() => new Set());
  const asked = new Set(wanted.measures);
  const indexOf = new Map(spec.windows.map(({ name }, index) => [name, index]));
  const labelsOf = createLabels(spec.dimensions);

  function close(window: number): void {
    if (current[window] === undefined) return;
    const { start } = current[window];
    series[window]!.clear();
    const { name, sizeMs } = spec.windows[window]!;
    for (const closing of order[window]!.advance([{ window: 0, start }], start + sizeMs)) {
      if (closing.start === start) held[window]!.splice(0).forEach(add);
      add({ kind: 'closed', pipeline: spec.pipeline, window: name, ...times(closing.start, sizeMs), idle: [] });
    }
  }

  function measuresOf(line: Line, number: number): Record<string, number | null> {
    const measures: Record<string, number | null> = {};
    for (const { name } of spec.measures) {
      const value = numberIn(line[name]);
      if (value === undefined && line[name] !== undefined && asked.has(name)) throw noNumber(`${file}:${number}`, name, line[name]);
      measures[name] = value ?? null;
    }
    return measures;
  }

  return {
    add(line: Line, number: number): void {
      const window = indexOf.get(String(line['window']));
      look.window(String(line['window']));
      if (window === undefined) return;
      const last = current[window];
      // Rows of one window stand together: its time is read once.
      const here =
        last?.text === line['window_start'] ? last! : startOf(line['window_start'], spec.windows[window]!.sizeMs, `${file}:${number}`);
      if (line['final'] === false) return;
      if (last !== undefined && here.start < last.start) {
        throw wrong(
          `${file}:${number}`,
          'a window that starts before the one above it',
          'rows by start of the window, as `tocsin windows --json` gives them',
        );
      }
      if (here.start !== last?.start) close(window);
      current[window] = here;
      const labels = labelsOf(line);
      look.row({ window: String(line['window']), labels, values: line, line: number });
      if (series[window]!.has(labels)) {
        const found = `a second row of ${JSON.stringify(labelsText(labels))} in its window`;
        throw wrong(`${file}:${number}`, found, 'one of each series: perhaps there is a dimension that the pipeline file does not name');
      }
      series[window]!.add(labels);
      held[window]!.push(rowOf(spec, line, measuresOf(line, number), labels, here));
    },
    end(): void {
      spec.windows.forEach((_, window) => close(window));
    },
  };
}

interface WindowStart {
  /** As it stands in the row. */
  readonly text: unknown;
  /** Epoch ms. */
  readonly start: number;
  readonly times: ReturnType<typeof times>;
}

/** @throws AppError `input_unreadable` */
function startOf(text: unknown, sizeMs: number, place: string): WindowStart {
  const written = String(text);
  const start = parseInstantOrDay(AS_STORED.test(written) ? `${written.replace(' ', 'T')}Z` : written);
  if (start === undefined) {
    throw wrong(
      place,
      `window_start ${JSON.stringify(text)}`,
      'a time such as 2026-03-02T09:00:00Z, or as ClickHouse has it in UTC (2026-03-02 09:00:00)',
    );
  }
  return { text, start, times: times(start, sizeMs) };
}

/** Labels of a row, the same object for the same series: made once, and known again by those who number series. */
function createLabels(dimensions: readonly string[]): (line: Line) => Labels {
  const root = createLabelNode();
  return (line) => {
    let node = root;
    for (const name of dimensions) {
      const value = valueOf(line, name);
      let next = node.next.get(value);
      if (!next) node.next.set(value, (next = createLabelNode()));
      node = next;
    }
    return (node.labels ??= labelsIn(line, dimensions));
  };
}

/** A tree of known values, a level for each dimension: undefined where the row is a roll-up. */
interface LabelNode {
  readonly next: Map<string | undefined, LabelNode>;
  labels: Labels | undefined;
}

function createLabelNode(): LabelNode {
  return { next: new Map(), labels: undefined };
}

function labelsIn(line: Line, dimensions: readonly string[]): Labels {
  const labels: Record<string, string> = {};
  for (const name of dimensions) {
    const value = valueOf(line, name);
    if (value !== undefined) labels[name] = value;
  }
  return labels;
}

function valueOf(line: Line, name: string): string | undefined {
  const value = line[name];
  return typeof value === 'string' ? value : undefined;
}

function rowOf(
  spec: EngineSpec,
  line: Line,
  measures: WindowRow['measures'],
  labels: Labels,
  { times: { window_start, window_end } }: WindowStart,
): WindowRecord {
  return {
    kind: 'row',
    pipeline: spec.pipeline,
    window: String(line['window']),
    window_start,
    window_end,
    labels,
    measures,
    state: {},
    // Rows from elsewhere may not say how many events are in them: the counts do, near enough for a least volume.
    events: numberIn(line['events']) ?? countedIn(measures, spec),
    replayed: 0,
    final: true,
    corrections: 0,
    version: '0',
    origin: '',
    partitions: [],
    idle: [],
  };
}

function countedIn(measures: WindowRow['measures'], spec: EngineSpec): number {
  return spec.measures.reduce((sum, { kind, name }) => sum + (kind === 'count' ? (measures[name] ?? 0) : 0), 0);
}

function times(start: number, sizeMs: number) {
  return { window_start: new Date(start).toISOString(), window_end: new Date(start + sizeMs).toISOString() };
}

/** Those that are not blank, with their number in the file. By the chunk: a promise for each of a million lines takes as long as its JSON. */
function* linesOf({ bytes, ends, firstLine: first }: LineChunk): Generator<{ value: Line | undefined; line: number }> {
  const decoder = new TextDecoder();
  let from = 0;
  for (let i = 0; i < ends.length; i++) {
    const text = decoder.decode(bytes.subarray(from, ends[i]));
    from = ends[i]!;
    if (text.trim() !== '') yield { value: parsed(text), line: first + i };
  }
}

function parsed(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isBlock(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isBlock(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function noNumber(place: string, measure: string, found: unknown): AppError {
  return wrong(`${place}: ${measure}`, describe(found), 'a number or null');
}

function wrong(place: string, found: string, expected: string): AppError {
  return new AppError('input_unreadable', `${place}: found ${found}; expected ${expected}`);
}
