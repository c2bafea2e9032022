/** The rows of a pipeline's windows as they stand: newest versions, origins added up, in order. */
import type { Log } from '../../log/log.ts';
import { parseWindowRecord } from '../../windows/parse-row.ts';
import { mergeRows } from '../../windows/row-merge.ts';
import type { WindowRecord, WindowRow } from '../../windows/row.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { batches, textAt } from './reading.ts';

export interface WindowsQuery {
  /** A window's name. */
  readonly window?: string;
  /** By start of the window, epoch ms; `from` included, `to` not. */
  readonly from?: number;
  readonly to?: number;
}

/** Rows of the OLAP store: every origin apart, ordered by start of the window. */
export type OlderRows = (query: WindowsQuery & { readonly to: number }) => AsyncIterable<WindowRow>;

/** Rows kept at a time: what is more is read in slices of window starts, each from its own part of the topic. */
const SLICE_ROWS = 200_000;

/** Rows that begin in [from, to) stand between these offsets of the topic. */
interface Slice {
  readonly from: number;
  readonly to: number;
  firstOffset: number;
  endOffset: number;
}

/**
 * One row per (window, start, labels), by start, size, window and labels. Memory is bounded by the slice, not by the topic.
 * `older`: yields what retention has taken from the topic's beginning.
 */
export async function* readWindows(
  log: Log,
  pipeline: PipelineRecord,
  query: WindowsQuery,
  options: { readonly sliceRows?: number; readonly older?: OlderRows } = {},
): AsyncGenerator<WindowRow> {
  const topic = pipeline.topics.windows;
  const { start, end } = await log.bounds(topic, 0);
  const whole = options.older ? await wholeFrom(log, topic) : -Infinity;
  if (options.older && (query.from ?? -Infinity) < whole) {
    const early = { ...query, to: Math.min(query.to ?? Infinity, whole) };
    yield* joinOlder(options.older(early), await collect(log, topic, start, end, early), pipeline);
    query = { ...query, from: whole };
  }
  for (const slice of await planSlices(log, topic, start, end, query, options.sliceRows ?? SLICE_ROWS)) {
    const { window } = query;
    const wanted = { ...(window !== undefined && { window }), from: slice.from, to: slice.to };
    yield* mergeRows(await collect(log, topic, slice.firstOffset, slice.endOffset, wanted), pipeline.measures);
  }
}

/** Whether rows are wanted that retention may have taken from the topic. */
export async function lacksOlder(log: Log, pipeline: PipelineRecord, query: WindowsQuery): Promise<boolean> {
  return (query.from ?? -Infinity) < (await wholeFrom(log, pipeline.topics.windows));
}

/** Windows that begin from this instant on stand whole in the topic: windows close in the order of their ends. */
async function wholeFrom(log: Log, topic: string): Promise<number> {
  const { start, end } = await log.bounds(topic, 0);
  if (start === 0) return -Infinity;
  for await (const { record } of windowRecords(log, topic, start, end)) {
    if (record.kind === 'closed') return Date.parse(record.window_end);
  }
  return Infinity;
}

async function planSlices(log: Log, topic: string, start: number, end: number, query: WindowsQuery, sliceRows: number): Promise<Slice[]> {
  const byStart = new Map<number, { rows: number; first: number; last: number }>();
  for await (const { record, offset } of windowRecords(log, topic, start, end)) {
    if (!isWanted(record, query)) continue;
    const at = Date.parse(record.window_start);
    const known = byStart.get(at);
    if (known) {
      known.rows++;
      known.last = offset;
    } else byStart.set(at, { rows: 1, first: offset, last: offset });
  }
  const slices: Slice[] = [];
  let rows = Infinity;
  for (const [at, found] of [...byStart].sort(([a], [b]) => a - b)) {
    const slice = slices.at(-1);
    if (slice && rows + found.rows <= sliceRows) {
      rows += found.rows;
      slices[slices.length - 1] = {
        from: slice.from,
        to: at + 1,
        firstOffset: Math.min(slice.firstOffset, found.first),
        endOffset: Math.max(slice.endOffset, found.last + 1),
      };
    } else {
      rows = found.rows;
      slices.push({ from: at, to: at + 1, firstOffset: found.first, endOffset: found.last + 1 });
    }
  }
  return slices;
}

async function collect(log: Log, topic: string, start: number, end: number, query: WindowsQuery): Promise<WindowRow[]> {
  // Keyed as versions compete; of a window corrected often only the newest row is kept.
  const newest = new Map<string, WindowRow>();
  for await (const { record } of windowRecords(log, topic, start, end)) {
    if (!isWanted(record, query)) continue;
    const key = JSON.stringify([record.window, record.window_start, record.labels, record.origin]);
    const known = newest.get(key);
    if (!known || BigInt(record.version) >= BigInt(known.version)) newest.set(key, record);
  }
  return [...newest.values()];
}

async function* joinOlder(
  older: AsyncIterable<WindowRow>,
  rows: readonly WindowRow[],
  pipeline: PipelineRecord,
): AsyncGenerator<WindowRow> {
  const here = Map.groupBy(rows, (row) => row.window_start);
  const starts = [...here.keys()].sort();
  const takeUpTo = (start: string | undefined): WindowRow[] => {
    const before = start === undefined ? starts.length : starts.filter((each) => each < start).length;
    return starts.splice(0, before).flatMap((each) => here.get(each)!);
  };
  let group: WindowRow[] = [];
  for await (const row of older) {
    if (group.length > 0 && row.window_start !== group[0]!.window_start) {
      yield* mergeRows([...group, ...takeUpTo(row.window_start)], pipeline.measures);
      group = [];
    } else if (group.length === 0) yield* mergeRows(takeUpTo(row.window_start), pipeline.measures);
    group.push(row);
  }
  yield* mergeRows([...group, ...takeUpTo(undefined)], pipeline.measures);
}

function isWanted(record: WindowRecord, { window, from = -Infinity, to = Infinity }: WindowsQuery): record is WindowRow {
  if (record.kind !== 'row' || (window !== undefined && record.window !== window)) return false;
  const at = Date.parse(record.window_start);
  return at >= from && at < to;
}

async function* windowRecords(
  log: Log,
  topic: string,
  start: number,
  end: number,
): AsyncGenerator<{ record: WindowRecord; offset: number }> {
  for await (const batch of batches(log, topic, 0, start, end)) {
    for (let i = 0; i < batch.count; i++) {
      const record = parseWindowRecord(textAt(batch, i));
      if (record) yield { record, offset: batch.firstOffset + i };
    }
  }
}
