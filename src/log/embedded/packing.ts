/** Records to append -> rows of the file. Those of large units are compressed beside, in Node's pool of threads: the caller's goes on. */
import { createSpareBuffers } from '../../core/spare-buffers.ts';
import type { CommitUnit, RecordsToAppend } from '../log.ts';
import { cutRows, encodeRow, encodeRowAside, gatherRow, rowInPlace, type MadeRow } from './row-codec.ts';

export interface Row extends MadeRow {
  /** Its records are those from the end of the row before up to before this one. */
  readonly to: number;
}

export interface Packing {
  /** Resolves when `rowsOf` costs nothing for what the unit appends; undefined: it is not worth a wait. */
  ahead(unit: CommitUnit): Promise<void> | undefined;
  /** Packed here and now, where that has not been done. Each time it is asked these are others. */
  rowsOf(records: RecordsToAppend): readonly Row[];
}

/** A call of the pool costs some 50 us, compressing so many bytes twice that. */
const AHEAD_FROM_BYTES = 64 << 10;
/** What is not copied is not cut either, up to so many times the size of a row. */
const WHOLE_ROWS = 4;
/** Of rows that were compressed, for those to come. */
const SPARE_BYTES = 4 << 20;

export function createPacking(rowBytes: number): Packing {
  const packed = new WeakMap<RecordsToAppend, readonly Row[]>();
  const spare = createSpareBuffers(SPARE_BYTES);

  const cut = (records: RecordsToAppend): { from: number; to: number }[] =>
    cutRows(records, rowBytes).map((to, i, ends) => ({ from: ends[i - 1] ?? 0, to }));

  async function pack(records: RecordsToAppend): Promise<void> {
    const whole = records.bytes.length <= WHOLE_ROWS * rowBytes ? rowInPlace(records, spare) : undefined;
    const plain = whole
      ? [{ to: records.ends.length, row: whole }]
      : cut(records).map(({ from, to }) => ({ to, row: gatherRow(records, from, to, spare) }));
    packed.set(records, await Promise.all(plain.map(async ({ to, row }) => ({ to, ...(await encodeRowAside(row)) }))));
  }

  async function packAll(appends: readonly RecordsToAppend[]): Promise<void> {
    await Promise.all(appends.map(pack));
  }

  return {
    ahead({ appends = [] }) {
      const large = appends.filter(({ bytes }) => bytes.length >= AHEAD_FROM_BYTES);
      return large.length === 0 ? undefined : packAll(large);
    },
    rowsOf(records) {
      const rows = packed.get(records);
      packed.delete(records);
      return rows ?? cut(records).map(({ from, to }) => ({ to, ...encodeRow(gatherRow(records, from, to)) }));
    },
  };
}
