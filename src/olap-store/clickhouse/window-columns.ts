/** Reads windows by columns: a month of them in seconds, where a row as an object would take minutes. */
import type { Labels } from '../../core/labels.ts';
import type { ColumnsQuery, WindowColumns } from '../olap-store.ts';

export type Select = <T>(sql: string, params: Record<string, unknown>) => Promise<T[]>;

interface Start {
  readonly start_ms: number;
  readonly rows: number;
}
interface StoredSeries {
  readonly labels: Labels;
  readonly starts: readonly number[];
  readonly revisions: readonly number[];
  readonly events: readonly number[];
  readonly corrections: readonly number[];
  readonly [measure: `m${number}`]: readonly (number | null)[];
}

const MAIN_ROWS = `pipeline = {pipeline:String} AND window = {window:String} AND origin = '' AND start_ms >= {from:Int64} AND start_ms < {to:Int64}`;

/** Pages of about `pageRows` rows, whole windows each; the next one is asked for while one is worked on. */
export async function* readColumns(db: string, query: ColumnsQuery, pageRows: number, select: Select): AsyncGenerator<WindowColumns> {
  const { pipeline, window, measures, from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER } = query;
  const names = Object.fromEntries(measures.map((name, index) => [`name${index}`, name]));
  const starts = await select<Start>(
    `SELECT start_ms, count() AS rows FROM ${db}.windows WHERE ${MAIN_ROWS} GROUP BY start_ms ORDER BY start_ms`,
    { pipeline, window, from, to },
  );
  const columns = measures.map((_, index) => `groupArray(ifNull(measures[{name${index}:String}], nan)) AS m${index}`);
  // Sketches and states stay where they are: of a row only what was asked for is read.
  const sql = `SELECT any(labels) AS labels, groupArray(start_ms) AS starts, groupArray(toUInt16(bitShiftRight(version, 54))) AS revisions,
    groupArray(events) AS events, groupArray(corrections) AS corrections${columns.map((column) => `, ${column}`).join('')}
    FROM ${db}.windows FINAL WHERE ${MAIN_ROWS} AND final GROUP BY labels_key ORDER BY labels_key`;
  const pages = pagesOf(starts, pageRows);
  const ask = (index: number): Promise<StoredSeries[]> | undefined => {
    const page = pages[index];
    const asked = page && select<StoredSeries>(sql, { pipeline, window, ...names, ...page });
    // Where the caller ends early nobody waits for it.
    asked?.catch(() => {});
    return asked;
  };
  let next = ask(0);
  for (let index = 0; next; index++) {
    const stored = await next;
    next = ask(index + 1);
    yield columnsOf(stored, measures.length);
  }
}

function pagesOf(starts: readonly Start[], pageRows: number): { from: number; to: number }[] {
  const pages: { from: number; to: number }[] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const { start_ms, rows: here } of starts) {
    const page = pages.at(-1);
    if (page && rows + here <= pageRows) {
      page.to = start_ms + 1;
      rows += here;
    } else {
      pages.push({ from: start_ms, to: start_ms + 1 });
      rows = here;
    }
  }
  return pages;
}

/** From arrays by series to columns by time. Of a window that was computed anew only the newest revision counts. */
function columnsOf(stored: readonly StoredSeries[], measures: number): WindowColumns {
  const revisions = new Map<number, number>();
  const counts = new Map<number, number>();
  for (const one of stored) {
    one.starts.forEach((start, i) => revisions.set(start, Math.max(revisions.get(start) ?? 0, one.revisions[i]!)));
  }
  for (const one of stored) {
    one.starts.forEach((start, i) => {
      if (one.revisions[i] === revisions.get(start)) counts.set(start, (counts.get(start) ?? 0) + 1);
    });
  }
  const places = new Map<number, number>();
  let count = 0;
  for (const start of [...counts.keys()].sort((a, b) => a - b)) {
    places.set(start, count);
    count += counts.get(start)!;
  }
  const columns = {
    labels: stored.map(({ labels }) => labels),
    series: new Int32Array(count),
    start: new Float64Array(count),
    events: new Float64Array(count),
    corrections: new Float64Array(count),
    measures: Array.from({ length: measures }, () => new Float64Array(count)),
  };
  stored.forEach((one, series) => {
    const values = columns.measures.map((_, m) => one[`m${m}`]!);
    one.starts.forEach((start, i) => {
      if (one.revisions[i] !== revisions.get(start)) return;
      const at = places.get(start)!;
      places.set(start, at + 1);
      columns.series[at] = series;
      columns.start[at] = start;
      columns.events[at] = one.events[i]!;
      columns.corrections[at] = one.corrections[i]!;
      values.forEach((column, m) => (columns.measures[m]![at] = column[i] ?? Number.NaN));
    });
  });
  return columns;
}
