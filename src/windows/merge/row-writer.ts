/** Cells of a window -> rows, with their version. */
import type { Labels } from '../../core/labels.ts';
import { addCells, stateOf, type Cell, type SeriesKey } from '../cells.ts';
import type { Plan } from '../plan.ts';
import { measuresOf } from '../row-merge.ts';
import { rowVersion, type Stage } from '../row-version.ts';
import type { ClosedRecord, WindowRow } from '../row.ts';

export interface RowParts {
  readonly window: number;
  readonly start: number;
  readonly grouping: number;
  readonly stage: Stage;
  /** One per contributing partition, in partition order. */
  readonly contributions: readonly { readonly partition: string; readonly cell: Cell }[];
  readonly corrections: number;
  readonly idle: readonly string[];
  /** '' for the main row. */
  readonly origin: string;
}

export interface RowWriter {
  row(parts: RowParts): WindowRow;
  closed(window: number, start: number, idle: readonly string[]): ClosedRecord;
}

/** Of a grouping. */
const SHARED_LABELS_MAX = 65_536;

export function createRowWriter(plan: Plan, revision: number): RowWriter {
  const { pipeline, dimensions, measures } = plan.spec;

  /** By grouping and series: rows of a series share them, and so need neither be made nor be named again. */
  const labelsOf = plan.groupings.map(() => new Map<SeriesKey, Labels>());
  let partitionsLast: readonly string[] = [];

  function labels(grouping: number, { key, labels: values }: Cell): Labels {
    const known = labelsOf[grouping]!;
    const found = key === undefined ? undefined : known.get(key);
    if (found) return found;
    const made = Object.fromEntries(plan.groupings[grouping]!.map((dimension, d) => [dimensions[dimension]!, values[d]!]));
    // Series come and go.
    if (known.size >= SHARED_LABELS_MAX) known.clear();
    if (key !== undefined) known.set(key, made);
    return made;
  }

  /** Of most rows they are those of the row before. */
  function partitions(contributions: RowParts['contributions']): readonly string[] {
    const isSame =
      contributions.length === partitionsLast.length && contributions.every(({ partition }, i) => partition === partitionsLast[i]);
    if (!isSame) partitionsLast = contributions.map(({ partition }) => partition);
    return partitionsLast;
  }

  /** Rows of a window come one after the other. */
  let last = { index: -1, start: NaN, window: '', window_start: '', window_end: '' };

  function times(index: number, start: number) {
    if (index !== last.index || start !== last.start) {
      const spec = plan.windows[index]!;
      last = { index, start, window: spec.name, window_start: iso(start), window_end: iso(start + spec.sizeMs) };
    }
    return last;
  }

  return {
    row({ window, start, grouping, stage, contributions, corrections, idle, origin }) {
      const cell = addCells(
        plan.columns,
        contributions.map((contribution) => contribution.cell),
      );
      const state = stateOf(plan.columns, cell);
      const at = times(window, start);
      // Field by field: an object that is spread into another one grows it four times.
      return {
        kind: 'row',
        pipeline,
        window: at.window,
        window_start: at.window_start,
        window_end: at.window_end,
        labels: labels(grouping, contributions[0]!.cell),
        measures: measuresOf(state, measures),
        state,
        events: cell.events,
        replayed: origin === 'replay' ? cell.events : 0,
        final: stage === 'final',
        corrections,
        version: rowVersion(revision, stage, cell.offsets),
        origin,
        partitions: partitions(contributions),
        idle,
      };
    },
    closed(index, start, idle) {
      const { window, window_start, window_end } = times(index, start);
      return { kind: 'closed', pipeline, window, window_start, window_end, idle };
    },
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
