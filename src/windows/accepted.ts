/**
 * Accepted events on their way to the panes: noted one by one as they are judged, added column by column, many at a time. A number that is
 * passed from one function to another may be put into memory for that; so columns are passed, and places in them.
 */
import type { Columns } from './decode/columns.ts';
import type { LimitEpisodes } from './limit-episodes.ts';
import type { PaneStore } from './panes.ts';
import type { SeriesTable } from './series.ts';

export interface Accepted {
  /** The records of a batch come next; all of the one before have been added. */
  begin(columns: Columns, count: number, firstOffset: number): void;
  /** Record `i` was accepted. `clocks`: before it had any effect. */
  note(i: number, clocks: { readonly watermark: number }): void;
  /** Those noted are in the panes from now on. */
  add(): void;
}

interface AcceptedDeps {
  readonly series: SeriesTable;
  readonly panes: PaneStore;
  /** Of events that had to count under `other`. */
  readonly overflow: Pick<LimitEpisodes, 'note'>;
}

export function createAccepted(groupings: number, { series, panes, overflow }: AcceptedDeps): Accepted {
  /** Records in their order; the watermark that each was judged by; per grouping its series. */
  let records = new Int32Array(0);
  let watermarks = new Float64Array(0);
  let codes: readonly Int32Array[] = [];
  let size = 0;
  let columns: Columns | undefined;
  let firstOffset = 0;

  return {
    begin(batch, count, first) {
      columns = batch;
      firstOffset = first;
      size = 0;
      if (count <= records.length) return;
      const capacity = Math.max(count, 2 * records.length);
      records = new Int32Array(capacity);
      watermarks = new Float64Array(capacity);
      codes = Array.from({ length: groupings }, () => new Int32Array(capacity));
    },
    note(i, clocks) {
      records[size] = i;
      watermarks[size] = clocks.watermark;
      size++;
    },
    add() {
      if (size === 0 || columns === undefined) return;
      const { times } = columns;
      series.resolve(columns.dimensions, { records, size }, codes, (k) => overflow.note(times[records[k]!]!, watermarks[k]!));
      panes.add(columns, { records, size }, codes, firstOffset);
      size = 0;
    },
  };
}
