/** The arrays of a batch's columns, for decoders to fill. */
import type { Columns, Contribution } from './columns.ts';
import type { Plan } from '../plan.ts';
import type { SourceSpec } from '../spec.ts';

export interface ColumnArrays {
  readonly capacity: number;
  readonly outcomes: Uint8Array;
  readonly reasons: Map<number, string>;
  readonly times: Float64Array;
  readonly ids: Columns['ids'];
  readonly dimensions: readonly Int32Array[];
  readonly contributions: readonly Contribution[];
}

export function allocateColumns(plan: Plan, source: SourceSpec, capacity: number): ColumnArrays {
  const hashColumns = () => ({ low: new Uint32Array(capacity), high: new Uint32Array(capacity) });
  return {
    capacity,
    outcomes: new Uint8Array(capacity),
    reasons: new Map<number, string>(),
    times: new Float64Array(capacity),
    ids: source.event.id === undefined ? undefined : { ...hashColumns(), ...(source.event.wholeIds && { texts: [] }) },
    dimensions: plan.spec.dimensions.map(() => new Int32Array(capacity)),
    contributions: plan.columns.flatMap((column, index): Contribution[] => {
      if (column.source !== source.name || column.outcomes !== undefined) return [];
      return [
        {
          column: index,
          values: new Float64Array(capacity),
          hashes: column.accumulate === 'hll' ? hashColumns() : undefined,
          ...(column.accumulate === 'heavy' && { texts: [] }),
        },
      ];
    }),
  };
}
