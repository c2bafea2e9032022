/** Reads windows by columns: a month of them in seconds, where a row as an object would take minutes. */
import type { Labels } from '../../core/labels.ts';
import type { ColumnsQuery, WindowColumns } from '../olap-store.ts';
import { readRowBinary } from './row-binary.ts';

export interface Ask {
  readonly rows: <T>(sql: string, params: Record<string, unknown>) => Promise<T[]>;
  /** Of SQL that names its format. */
  readonly bytes: (sql: string, params: Record<string, unknown>) => Promise<Uint8Array>;
}

interface Start {
  readonly start_ms: number;
  readonly rows: number;
}
interface Page {
  /** Of the windows in it, ascending. */
  readonly starts: number[];
  rows: number;
}
interface StoredSeries {
  readonly labels: Labels;
  readonly starts: Float64Array;
  readonly revisions: Float64Array;
  readonly events: Float64Array;
  readonly corrections: Float64Array;
  readonly measures: readonly Float64Array[];
}

const MAIN_ROWS = `pipeline = {pipeline:String} AND window = {window:String} AND origin = '' AND start_ms >= {from:Int64} AND start_ms < {to:Int64}`;

/** Pages of about `pageRows` rows, whole windows each; the next one is asked for while one is worked on. */
export async function* readColumns(db: string, query: ColumnsQuery, pageRows: number, ask: Ask): AsyncGenerator<WindowColumns> {
  const { pipeline, window, measures, from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER } = query;
  const names = Object.fromEntries(measures.map((name, index) => [`name${index}`, name]));
  const starts = await ask.rows<Start>(
    `SELECT start_ms, count() AS rows FROM ${db}.windows WHERE ${MAIN_ROWS} GROUP BY start_ms ORDER BY start_ms`,
    { pipeline, window, from, to },
  );
  // Sketches and states stay where they are: of a row only what was asked for is read. As JSON it would take twice as long on both sides.
  const columns = [
    'start_ms',
    'bitShiftRight(version, 54)',
    'events',
    'corrections',
    ...measures.map((_, index) => `ifNull(measures[{name${index}:String}], nan)`),
  ];
  const sql = `SELECT toJSONString(any(labels)), ${columns.map((column) => `groupArray(toFloat64(${column}))`).join(', ')}
    FROM ${db}.windows FINAL WHERE ${MAIN_ROWS} AND final GROUP BY labels_key ORDER BY labels_key FORMAT RowBinary`;
  const pages = pagesOf(starts, pageRows);
  const read = (index: number): Promise<Uint8Array> | undefined => {
    const page = pages[index];
    const asked = page && ask.bytes(sql, { pipeline, window, ...names, from: page.starts[0]!, to: page.starts.at(-1)! + 1 });
    // Where the caller ends early nobody waits for it.
    asked?.catch(() => {});
    return asked;
  };
  let next = read(0);
  for (let index = 0; next; index++) {
    const stored = seriesIn(await next, measures.length);
    next = read(index + 1);
    yield columnsOf(stored, pages[index]!.starts, measures.length);
  }
}

function pagesOf(starts: readonly Start[], pageRows: number): Page[] {
  const pages: Page[] = [];
  for (const { start_ms, rows } of starts) {
    const page = pages.at(-1);
    if (page && page.rows + rows <= pageRows) {
      page.starts.push(start_ms);
      page.rows += rows;
    } else pages.push({ starts: [start_ms], rows });
  }
  return pages;
}

function seriesIn(bytes: Uint8Array, measures: number): StoredSeries[] {
  const from = readRowBinary(bytes);
  const series: StoredSeries[] = [];
  while (!from.isAtEnd) {
    series.push({
      labels: JSON.parse(from.text()) as Labels,
      starts: from.numbers(),
      revisions: from.numbers(),
      events: from.numbers(),
      corrections: from.numbers(),
      measures: Array.from({ length: measures }, () => from.numbers()),
    });
  }
  return series;
}

/** From arrays by series to columns by time. Of a window that was computed anew only the newest revision counts. */
function columnsOf(stored: readonly StoredSeries[], starts: readonly number[], measures: number): WindowColumns {
  const windows = windowsOf(stored, starts);
  const newest = new Float64Array(starts.length).fill(-1);
  eachRow(windows, (series, i, window) => {
    const revision = stored[series]!.revisions[i]!;
    if (revision > newest[window]!) newest[window] = revision;
  });
  const isMeant = (series: number, i: number, window: number): boolean => stored[series]!.revisions[i] === newest[window];
  const places = new Uint32Array(starts.length + 1);
  eachRow(windows, (series, i, window) => {
    if (isMeant(series, i, window)) places[window + 1]!++;
  });
  for (let window = 0; window < starts.length; window++) places[window + 1]! += places[window]!;
  const count = places[starts.length]!;
  const columns = {
    labels: stored.map(({ labels }) => labels),
    series: new Int32Array(count),
    start: new Float64Array(count),
    events: new Float64Array(count),
    corrections: new Float64Array(count),
    measures: Array.from({ length: measures }, () => new Float64Array(count)),
  };
  eachRow(windows, (series, i, window) => {
    if (!isMeant(series, i, window)) return;
    const at = places[window]!++;
    const one = stored[series]!;
    columns.series[at] = series;
    columns.start[at] = starts[window]!;
    columns.events[at] = one.events[i]!;
    columns.corrections[at] = one.corrections[i]!;
    for (let m = 0; m < measures; m++) columns.measures[m]![at] = one.measures[m]![i]!;
  });
  return columns;
}

/** Series by series, in the order of their rows. */
function eachRow(windows: readonly Int32Array[], each: (series: number, i: number, window: number) => void): void {
  for (let series = 0; series < windows.length; series++) {
    const of = windows[series]!;
    for (let i = 0; i < of.length; i++) if (of[i]! >= 0) each(series, i, of[i]!);
  }
}

/** Of each row of each series the index of its window; -1: it came after the windows were asked for. */
function windowsOf(stored: readonly StoredSeries[], starts: readonly number[]): Int32Array[] {
  const indexOf = new Map(starts.map((start, index) => [start, index]));
  return stored.map(({ starts: own }) => {
    const windows = new Int32Array(own.length);
    let last = -1;
    for (let i = 0; i < own.length; i++) {
      const start = own[i]!;
      // Most series have a row in every window, and give them in their order.
      const found = starts[last + 1] === start ? last + 1 : (indexOf.get(start) ?? -1);
      windows[i] = found;
      if (found >= 0) last = found;
    }
    return windows;
  });
}
