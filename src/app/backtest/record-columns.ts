/**
 * Records of `p.windows` in columns, in their order: what every source of history gives, and what the judges take. A row
 * becomes an object again only in front of the monitor, with its labels shared by all rows of its series.
 */
import { labelsKey, type Labels } from '../../core/labels.ts';
import type { WindowRecord, WindowRow } from '../../windows/row.ts';
import type { WindowSpec } from '../../windows/spec.ts';

/** Plain data, free to be sent to another thread. */
export interface RecordColumns {
  readonly count: number;
  /** Index into the pipeline's windows. */
  readonly window: Uint8Array;
  /** Start of the window, epoch ms. */
  readonly start: Float64Array;
  /** Number of the series, as told in `labels`; -1: the window's `closed` record. */
  readonly series: Int32Array;
  readonly events: Float64Array;
  /** A column for each measure, in the order of `columnMeasures`; NaN where a row has none. */
  readonly measures: readonly Float64Array[];
  /** Series that come for the first time, numbered on from those of the batches before. */
  readonly labels: readonly Labels[];
  /** Of heavy-hitter measures, in the order of the rows; none where the history does not keep them. */
  readonly sketches: readonly RowSketch[];
}

/** A row's state of one measure, as it is told in a row. */
interface RowSketch {
  readonly row: number;
  readonly measure: string;
  readonly state: number | string;
}

export interface ColumnWriter {
  /** Another row; `values` in the order of the measures, null where undefined. */
  row(window: number, start: number, series: number, events: number, values: readonly (number | null | undefined)[]): void;
  /** Of the row that came last. */
  sketch(measure: string, state: number | string): void;
  closed(window: number, start: number): void;
  /** The series' number; new ones are told with the next batch. */
  seriesOf(labels: Labels): number;
  readonly count: number;
  /** What came since the last call. */
  take(): RecordColumns;
}

/** Numbers for series, in the order in which they come. */
export interface SeriesNumbers {
  of(labels: Labels): number;
  /** Labels numbered since the last call. */
  takeNew(): Labels[];
}

export function createSeriesNumbers(): SeriesNumbers {
  const numbers = new Map<string, number>();
  /** Of objects that come again: their text is made once. */
  const seen = new WeakMap<Labels, number>();
  let added: Labels[] = [];
  return {
    of(labels) {
      const again = seen.get(labels);
      if (again !== undefined) return again;
      const key = labelsKey(labels);
      let number = numbers.get(key);
      if (number === undefined) {
        numbers.set(key, (number = numbers.size));
        added.push(labels);
      }
      seen.set(labels, number);
      return number;
    },
    takeNew() {
      const taken = added;
      added = [];
      return taken;
    },
  };
}

export function createColumnWriter(measures: readonly string[]): ColumnWriter {
  const numbers = createSeriesNumbers();
  let window: number[] = [];
  let start: number[] = [];
  let series: number[] = [];
  let events: number[] = [];
  let columns: number[][] = measures.map(() => []);
  let sketches: RowSketch[] = [];

  function add(ofWindow: number, at: number, ofSeries: number, count: number, values: readonly (number | null | undefined)[]): void {
    window.push(ofWindow);
    start.push(at);
    series.push(ofSeries);
    events.push(count);
    for (let m = 0; m < columns.length; m++) columns[m]!.push(values[m] ?? Number.NaN);
  }

  return {
    row: add,
    sketch: (measure, state) => void sketches.push({ row: window.length - 1, measure, state }),
    closed: (ofWindow, at) => add(ofWindow, at, -1, 0, []),
    seriesOf: numbers.of,
    get count() {
      return window.length;
    },
    take() {
      const taken: RecordColumns = {
        count: window.length,
        window: new Uint8Array(window),
        start: new Float64Array(start),
        series: new Int32Array(series),
        events: new Float64Array(events),
        measures: columns.map((column) => new Float64Array(column)),
        labels: numbers.takeNew(),
        sketches,
      };
      sketches = [];
      window = [];
      start = [];
      series = [];
      events = [];
      columns = measures.map(() => []);
      return taken;
    },
  };
}

export interface ColumnReader {
  /** Batches in the order in which they were written. */
  read(columns: RecordColumns, each: (record: WindowRecord) => void): void;
}

export function createColumnReader(pipeline: string, windows: readonly WindowSpec[], measures: readonly string[]): ColumnReader {
  const known: Labels[] = [];
  return {
    read({ count, window, start, series, events, measures: values, labels, sketches }, each) {
      let sketch = 0;
      known.push(...labels);
      let times: Times = NO_TIMES;
      let lastWindow = -1;
      let lastStart = Number.NaN;
      for (let i = 0; i < count; i++) {
        // All rows of a window come one after the other, mostly.
        if (window[i] !== lastWindow || start[i] !== lastStart) {
          lastWindow = window[i]!;
          lastStart = start[i]!;
          times = timesOf(windows[lastWindow]!, lastStart);
        }
        if (series[i] === -1) {
          each({ kind: 'closed', pipeline, ...times, idle: NONE });
          continue;
        }
        const found: Record<string, number | null> = {};
        for (let m = 0; m < measures.length; m++) found[measures[m]!] = orNull(values[m]![i]!);
        let state: WindowRow['state'] = NO_STATE;
        for (; sketches[sketch]?.row === i; sketch++) state = { ...state, [sketches[sketch]!.measure]: sketches[sketch]!.state };
        each(rowOf(pipeline, times, known[series[i]!]!, found, events[i]!, state));
      }
    },
  };
}

const NONE: readonly string[] = [];
const NO_STATE = {};

interface Times {
  readonly window: string;
  readonly window_start: string;
  readonly window_end: string;
}
const NO_TIMES: Times = { window: '', window_start: '', window_end: '' };

/** Field by field: spreading objects into each of a million rows takes longer than judging some of them. */
function rowOf(
  pipeline: string,
  times: Times,
  labels: Labels,
  measures: WindowRow['measures'],
  events: number,
  state: WindowRow['state'],
): WindowRow {
  return {
    kind: 'row',
    pipeline,
    window: times.window,
    window_start: times.window_start,
    window_end: times.window_end,
    labels,
    measures,
    events,
    state,
    // What no detector asks of a row.
    replayed: 0,
    final: true,
    corrections: 0,
    version: '0',
    origin: '',
    partitions: NONE,
    idle: NONE,
  };
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function timesOf({ name, sizeMs }: WindowSpec, start: number): Times {
  return { window: name, window_start: new Date(start).toISOString(), window_end: new Date(start + sizeMs).toISOString() };
}
