/** Where the memory of ids (ids.ts) keeps them: in lines of a WebAssembly kernel (id-lines.ts), or in segments of JavaScript's own (id-segments.ts). */
import type { Columns } from './columns.ts';

export type IdColumns = NonNullable<Columns['ids']>;

/** The texts of whole ids, where they are compared, are those of id-text.ts. `after`: ids whose event time (epoch ms) is not after it are forgotten; it never goes back. `size`: ids that are kept at most. */
export interface IdTable {
  readonly bytes: number;
  /** Ids `from` to before `to` of the columns, up to AT_ONCE, are asked for until the next call of this kind or of `tidy`. @throws AppError `memory_short` */
  seek(ids: IdColumns, from: number, to: number, after: number, size: number): void;
  /** Event time of id `i`, or of one that was forgotten; -Infinity where there is none. */
  timeOf(i: number): number;
  /** Keeps id `i` with this event time (whole ms, after `after`). */
  keep(i: number, time: number, after: number): void;
  /** Gives memory back, a little at each call. @throws AppError `memory_short` */
  tidy(after: number, size: number): void;
}

export const AT_ONCE = 1_024;
