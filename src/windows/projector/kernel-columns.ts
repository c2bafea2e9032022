/** A batch's columns as views over the kernel's memory. */
import type { Columns, Contribution } from '../decode/columns.ts';
import type { Kernel } from './kernel.ts';
import type { Feed } from './projection.ts';

export interface KernelColumns extends Omit<Columns, 'count'> {
  /** Where each record ends in the batch's bytes, for the kernel to read. */
  readonly ends: Uint32Array;
  /** Per contribution: of a text, its entry. */
  readonly entries: readonly (Int32Array | undefined)[];
}

export interface ColumnsWanted {
  readonly hasIds: boolean;
  readonly dimensions: number;
  readonly feeds: readonly Feed[];
}

type Addresses = Pick<
  Kernel,
  | 'endsColumn'
  | 'outcomesColumn'
  | 'timesColumn'
  | 'idLowColumn'
  | 'idHighColumn'
  | 'codesColumn'
  | 'valuesColumn'
  | 'hashLowColumn'
  | 'hashHighColumn'
  | 'entriesColumn'
> & { readonly memory: { readonly buffer: ArrayBuffer } };

/** The same in memory of JavaScript's. */
export function ownColumns(capacity: number, wanted: ColumnsWanted): KernelColumns {
  const columns = 5 + wanted.dimensions + 4 * wanted.feeds.length;
  let next = 0;
  const take = (): number => 8 * capacity * next++;
  const addresses: Addresses = {
    memory: { buffer: new ArrayBuffer(8 * capacity * columns) },
    endsColumn: take,
    outcomesColumn: take,
    timesColumn: take,
    idLowColumn: take,
    idHighColumn: take,
    codesColumn: take,
    valuesColumn: take,
    hashLowColumn: take,
    hashHighColumn: take,
    entriesColumn: take,
  };
  return viewColumns(addresses, capacity, wanted);
}

export function viewColumns(kernel: Addresses, capacity: number, { hasIds, dimensions, feeds }: ColumnsWanted): KernelColumns {
  const { buffer } = kernel.memory;
  const words = (at: number): Uint32Array<ArrayBuffer> => new Uint32Array(buffer, at, capacity);
  return {
    ends: words(kernel.endsColumn()),
    outcomes: new Uint8Array(buffer, kernel.outcomesColumn(), capacity),
    reasons: new Map(),
    times: new Float64Array(buffer, kernel.timesColumn(), capacity),
    ids: hasIds ? { low: words(kernel.idLowColumn()), high: words(kernel.idHighColumn()) } : undefined,
    dimensions: Array.from({ length: dimensions }, (_, d) => new Int32Array(buffer, kernel.codesColumn(d), capacity)),
    contributions: feeds.map(({ column, adds }, f): Contribution => ({
      column,
      values: new Float64Array(buffer, kernel.valuesColumn(f), capacity),
      hashes: adds === 'hash' ? { low: words(kernel.hashLowColumn(f)), high: words(kernel.hashHighColumn(f)) } : undefined,
      ...(adds === 'text' && { texts: [] }),
    })),
    entries: feeds.map(({ adds }, f) => (adds === 'text' ? new Int32Array(buffer, kernel.entriesColumn(f), capacity) : undefined)),
  };
}
