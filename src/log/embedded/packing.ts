/** Records to append -> rows of the file, to be put where there is room for them. */
import type { RecordsToAppend } from '../log.ts';
import { cutRows, flagsOf, putRow, rowBytesOf } from './row-codec.ts';

export interface Row {
  /** Its records are those from the end of the row before up to before this one. */
  readonly to: number;
  readonly flags: number;
  readonly bytes: number;
  /** Into a body of so many bytes. */
  put(body: Buffer): void;
}

/** `rowBytes`: as `cutRows`. */
export function rowsOf(records: RecordsToAppend, rowBytes: number): readonly Row[] {
  const flags = flagsOf(records);
  return cutRows(records, rowBytes).map((to, i, ends) => {
    const from = ends[i - 1] ?? 0;
    return { to, flags, bytes: rowBytesOf(records, from, to), put: (body) => putRow(body, records, from, to) };
  });
}
