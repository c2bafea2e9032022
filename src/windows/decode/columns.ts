/** A batch of records as columns: what every decoder yields and all behind it works on. */
import type { RecordBatch } from '../../log/log.ts';

/** Record `i` of the batch is element `i` of each column. Good until the decoder's next call: the arrays are used again. */
export interface Columns {
  readonly count: number;
  /** ACCEPTED for an event to be judged; INVALID or IGNORED where the record alone decides. See core/outcome.ts. */
  readonly outcomes: Uint8Array;
  /** Why a record is invalid, by its index. */
  readonly reasons: Map<number, string>;
  /** Event time, epoch ms. */
  readonly times: Float64Array;
  /** Keyed hash of the id, and the id itself where whole ids are compared; undefined where the source has no ids. */
  readonly ids: { readonly low: Uint32Array; readonly high: Uint32Array; readonly texts?: string[] } | undefined;
  /** Per dimension, in the spec's order: a code of the decoder's dictionary. */
  readonly dimensions: readonly Int32Array[];
  /** Per state column that this source feeds: what the record adds to it. */
  readonly contributions: readonly Contribution[];
}

/** `values[i]` is NaN where record `i` contributes nothing; for a distinct count it is 1 and the value's hash stands in `low`, `high`; for heavy hitters 1, and the key in `texts`. */
export interface Contribution {
  /** Index into the plan's columns. */
  readonly column: number;
  readonly values: Float64Array;
  readonly hashes: { readonly low: Uint32Array; readonly high: Uint32Array } | undefined;
  /** For heavy hitters: the keys. */
  readonly texts?: string[];
}

/** Some of a batch's records, in its order: the first `size` of `records` are their numbers. */
export interface Selection {
  readonly records: Int32Array;
  readonly size: number;
}

export interface Decoder {
  decode(batch: RecordBatch): Columns;
  /** Per dimension: the text behind each code. Codes are dense, from 0, in the order in which they were first seen. */
  readonly labelValues: readonly (readonly string[])[];
  /** Goes up when codes are given anew, before a batch: those of older batches then mean nothing. */
  readonly generation: number;
}
