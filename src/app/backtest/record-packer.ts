/** Records of `p.windows` as they come, into columns: those that detectors take, of the time that is asked for. */
import type { WindowRecord } from '../../windows/row.ts';
import type { WindowSpec } from '../../windows/spec.ts';
import { createColumnWriter, type RecordColumns } from './record-columns.ts';

export interface HistoryWanted {
  readonly pipeline: string;
  readonly windows: readonly { readonly window: WindowSpec; readonly index: number }[];
  readonly measures: readonly string[];
  /** By window, those of them without which its detectors have nothing to judge. */
  readonly required: ReadonlyMap<string, readonly string[]>;
  /** Those of them whose state is asked for too: alerts name the keys in it. */
  readonly sketched: readonly string[];
  /** By start of the window, epoch ms; `from` included, `to` not. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** Takes columns in the order in which they are given; where a promise comes back, it is to be waited for. */
export type Emit = (columns: RecordColumns) => Promise<void> | void;

export interface RecordPacker {
  add(record: WindowRecord): void;
  readonly count: number;
  take(): RecordColumns;
}

/** Rows in one batch of columns, about. */
export const BATCH_ROWS = 20_000;

export function createRecordPacker({ windows, measures, sketched, from = -Infinity, to = Infinity }: HistoryWanted): RecordPacker {
  const writer = createColumnWriter(measures);
  const byName = new Map(windows.map(({ window, index }) => [window.name, index]));
  // Rows of one window come together: its time is read once.
  let last = { text: '', start: Number.NaN };
  return {
    add(record) {
      const index = byName.get(record.window);
      if (index === undefined) return;
      if (record.window_start !== last.text) last = { text: record.window_start, start: Date.parse(record.window_start) };
      const { start } = last;
      if (start < from || start >= to) return;
      if (record.kind === 'closed') writer.closed(index, start);
      else if (record.final && record.origin === '') {
        const values = measures.map((name) => record.measures[name]);
        writer.row(index, start, writer.seriesOf(record.labels), record.events, values);
        for (const name of sketched) if (record.state[name] !== undefined) writer.sketch(name, record.state[name]);
      }
    },
    get count() {
      return writer.count;
    },
    take: () => writer.take(),
  };
}
