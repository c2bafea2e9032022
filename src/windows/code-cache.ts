/** What was found out of a grouping's series, by the decoder's codes: an array while it stays small, then a map. */
import type { Selection } from './decode/columns.ts';

export interface CodeCache {
  /** Writes what `get` says of each event; whether all are known. */
  find(codes: readonly Int32Array[], events: Selection, into: Int32Array): boolean;
  get(codes: readonly Int32Array[], i: number): number;
  set(codes: readonly Int32Array[], i: number, series: number): void;
}

/** Dictionaries up to this many combined bits are looked up in one array; beyond, in a map of texts. */
const TABLE_BITS_MAX = 22;

const UNKNOWN = -1;

/** Widens the slots by a dimension's codes; UNKNOWN where a code has outgrown its bits. */
function addBits(codes: Int32Array, records: Int32Array, size: number, bits: number, slots: Int32Array): void {
  for (let k = 0; k < size; k++) {
    const code = codes[records[k]!]!;
    const slot = slots[k]!;
    slots[k] = slot < 0 || code >>> bits !== 0 ? UNKNOWN : (slot << bits) | code;
  }
}

/** From slots to what stands there; whether all is known. */
function lookUp(table: Int32Array, size: number, slots: Int32Array): boolean {
  let unknown = 0;
  for (let k = 0; k < size; k++) {
    const code = slots[k]! < 0 ? UNKNOWN : table[slots[k]!]!;
    slots[k] = code;
    unknown |= code;
  }
  return unknown >= 0;
}

/** From the decoder's codes of a grouping's dimensions to the series' code; -1 where it is not known yet. */
export function createCodeCache(dimensions: readonly number[]): CodeCache {
  const bits = dimensions.map(() => 3);
  // Asked before the shift: with many dimensions it would wrap.
  let table = 3 * dimensions.length <= TABLE_BITS_MAX ? new Int32Array(1 << (3 * dimensions.length)).fill(-1) : undefined;
  let entries: { codes: number[]; series: number }[] = [];
  const map = new Map<string, number>();

  function slot(codes: readonly Int32Array[], i: number): number {
    let at = 0;
    for (let d = 0; d < dimensions.length; d++) {
      const code = codes[dimensions[d]!]![i]!;
      if (code >>> bits[d]!) return -1;
      at = (at << bits[d]!) | code;
    }
    return at;
  }

  function text(codes: readonly Int32Array[], i: number): string {
    let key = '';
    for (const dimension of dimensions) key += `${codes[dimension]![i]},`;
    return key;
  }

  /** Widens the dimensions whose codes have outgrown their bits; gives up the table when it would get too large. */
  function grow(wanted: readonly number[]): void {
    wanted.forEach((code, d) => {
      while (code >>> bits[d]!) bits[d]!++;
    });
    const total = bits.reduce((sum, b) => sum + b, 0);
    if (total > TABLE_BITS_MAX) {
      table = undefined;
      for (const entry of entries) map.set(entry.codes.map((code) => `${code},`).join(''), entry.series);
      entries = [];
      return;
    }
    table = new Int32Array(1 << total).fill(-1);
    for (const entry of entries) table[entry.codes.reduce((at, code, d) => (at << bits[d]!) | code, 0)] = entry.series;
  }

  return {
    find(codes: readonly Int32Array[], { records, size }: Selection, into: Int32Array): boolean {
      if (!table) {
        into.fill(UNKNOWN, 0, size);
        return false;
      }
      into.fill(0, 0, size);
      for (let d = 0; d < dimensions.length; d++) addBits(codes[dimensions[d]!]!, records, size, bits[d]!, into);
      return lookUp(table, size, into);
    },
    get(codes: readonly Int32Array[], i: number): number {
      if (!table) return map.get(text(codes, i)) ?? -1;
      const at = slot(codes, i);
      return at < 0 ? -1 : table[at]!;
    },
    set(codes: readonly Int32Array[], i: number, series: number): void {
      if (table && slot(codes, i) < 0) grow(dimensions.map((dimension) => codes[dimension]![i]!));
      if (!table) {
        map.set(text(codes, i), series);
        return;
      }
      entries.push({ codes: dimensions.map((dimension) => codes[dimension]![i]!), series });
      table[slot(codes, i)] = series;
    },
  };
}
