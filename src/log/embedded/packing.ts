/** Records to append -> rows of the file, as they are before they are compressed. */
import { createSpareBuffers } from '../../core/spare-buffers.ts';
import type { RecordsToAppend } from '../log.ts';
import { cutRows, gatherRow, rowInPlace, type PlainRow } from './row-codec.ts';

export interface Row {
  /** Its records are those from the end of the row before up to before this one. */
  readonly to: number;
  readonly plain: PlainRow;
}

export type Packing = (records: RecordsToAppend) => readonly Row[];

/** Memory for smaller rows is not worth keeping. */
const SPARE_FROM_BYTES = 64 << 10;
/** What is not copied is not cut either, up to so many times the size of a row. */
const WHOLE_ROWS = 4;
/** Of rows that nobody looks at any more, for those to come. */
const SPARE_BYTES = 4 << 20;

export function createPacking(rowBytes: number): Packing {
  const spare = createSpareBuffers(SPARE_BYTES);
  return (records) => {
    const bytes = records.bytes.length;
    const whole = bytes >= SPARE_FROM_BYTES && bytes <= WHOLE_ROWS * rowBytes ? rowInPlace(records, spare) : undefined;
    if (whole) return [{ to: records.ends.length, plain: whole }];
    const from = bytes >= SPARE_FROM_BYTES ? spare : undefined;
    return cutRows(records, rowBytes).map((to, i, ends) => ({ to, plain: gatherRow(records, ends[i - 1] ?? 0, to, from) }));
  };
}
