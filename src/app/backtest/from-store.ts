/** History out of the OLAP store. Its rows are as corrected last, and it knows no `closed` records: they follow from the rows. */
import type { OlapStore, WindowColumns } from '../../olap-store/olap-store.ts';
import { closingOrder, type ClosingOrder } from '../../windows/merge/closing-order.ts';
import { createSeriesNumbers, type RecordColumns, type SeriesNumbers } from './record-columns.ts';
import type { WindowSpec } from '../../windows/spec.ts';
import type { Emit, HistoryWanted } from './record-packer.ts';

/** One window size after the other: no detector looks at two. `onCorrected`: told of rows that are not as they were when they closed. */
export async function historyFromStore(
  { pipeline, windows, measures, from, to }: HistoryWanted,
  store: Pick<OlapStore, 'columns'>,
  emit: Emit,
  onCorrected: (rows: number) => void,
): Promise<void> {
  const numbers = createSeriesNumbers();
  for (const { window, index } of windows) {
    const order = closingOrder([window]);
    const query = { pipeline, window: window.name, measures, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    for await (const page of store.columns(query)) {
      if (page.start.length === 0) continue;
      onCorrected(page.corrections.reduce((sum, corrections) => sum + Number(corrections > 0), 0));
      await emit(withClosings(page, index, window, order, numbers));
    }
    if (to === undefined || order.positions()[0] === null || !(await hasRowsFrom(to, pipeline, window, store))) continue;
    const closings = order.advance([], to - 1 + window.sizeMs);
    if (closings.length > 0) await emit(onlyClosings(closings, index, measures.length));
  }
}

/** Where rows follow, the windows before them are over, those without rows too. */
async function hasRowsFrom(from: number, pipeline: string, window: WindowSpec, store: Pick<OlapStore, 'columns'>): Promise<boolean> {
  for await (const { start } of store.columns({ pipeline, window: window.name, measures: [], from })) if (start.length > 0) return true;
  return false;
}

function onlyClosings(closings: readonly { readonly start: number }[], index: number, measures: number): RecordColumns {
  const count = closings.length;
  return {
    count,
    window: new Uint8Array(count).fill(index),
    start: Float64Array.from(closings, ({ start }) => start),
    series: new Int32Array(count).fill(-1),
    events: new Float64Array(count),
    measures: Array.from({ length: measures }, () => new Float64Array(count)),
    labels: [],
    sketches: [],
  };
}

/** The rows of a page, and after those of each window its closing; windows without rows between them close too. */
function withClosings(page: WindowColumns, index: number, window: WindowSpec, order: ClosingOrder, numbers: SeriesNumbers): RecordColumns {
  const rows = page.start.length;
  const filled: { window: number; start: number }[] = [];
  for (let i = 0; i < rows; i++) if (i === 0 || page.start[i] !== page.start[i - 1]) filled.push({ window: 0, start: page.start[i]! });
  const closings = order.advance(filled, page.start[rows - 1]! + window.sizeMs);
  const known = page.labels.map((labels) => numbers.of(labels));
  const count = rows + closings.length;
  const columns = {
    count,
    window: new Uint8Array(count).fill(index),
    start: new Float64Array(count),
    series: new Int32Array(count),
    events: new Float64Array(count),
    measures: page.measures.map(() => new Float64Array(count)),
    labels: numbers.takeNew(),
    sketches: [],
  };
  let at = 0;
  let row = 0;
  for (const { start } of closings) {
    for (; row < rows && page.start[row] === start; row++, at++) {
      columns.start[at] = start;
      columns.series[at] = known[page.series[row]!]!;
      columns.events[at] = page.events[row]!;
      for (let m = 0; m < columns.measures.length; m++) columns.measures[m]![at] = page.measures[m]![row]!;
    }
    columns.start[at] = start;
    columns.series[at++] = -1;
  }
  return columns;
}
