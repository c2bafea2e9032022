/** Where the memory of ids (ids.ts) keeps them: in lines of a WebAssembly kernel (lines.ts), or in segments of JavaScript's own (segments.ts). */
import type { Columns } from '../decode/columns.ts';

export type IdColumns = NonNullable<Columns['ids']>;

/**
 * Up to where ids are forgotten. It is handed over as an object, and event times as a column and a place in it: V8 makes a number that is passed to
 * a function, or given back by one, an object of its own where it does not make one of the two, and these functions are called for each event.
 */
export interface Forgotten {
  /** Event time, epoch ms: of those that are not after it. It never goes back. */
  to: number;
}

/** The texts of whole ids, where they are compared, are those of text.ts. `after`: as `Forgotten.to`. `size`: ids that are kept at most. */
export interface IdTable {
  readonly bytes: number;
  /** Ids `from` to before `to` of the columns, up to AT_ONCE, are asked for until the next call of this kind or of `tidy`. @throws AppError `memory_short` */
  seek(ids: IdColumns, from: number, to: number, after: number, size: number): void;
  /** Whether id `i` is kept, and not forgotten. */
  has(i: number, forgotten: Readonly<Forgotten>): boolean;
  /** Keeps id `i` with the event time `times[i]` (whole ms, not forgotten). */
  keep(i: number, times: Float64Array, forgotten: Readonly<Forgotten>): void;
  /** Gives memory back, a little at each call. @throws AppError `memory_short` */
  tidy(after: number, size: number): void;
}

export const AT_ONCE = 1_024;
