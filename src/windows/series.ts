/** Series of one partition: for each grouping, a dense code per set of label values, in the order of the first accepted event. */
import type { Decoder, Selection } from './decode/columns.ts';
import type { Plan } from './plan.ts';

export interface SeriesTable {
  /**
   * Codes of the series that accepted events belong to, in their order, written to the columns of `into`, one per grouping. `codes` are the
   * decoder's, one column per dimension. `onOverflow` is told of those, by their place in the selection, that count under `other` because the limit was reached.
   */
  resolve(codes: readonly Int32Array[], events: Selection, into: readonly Int32Array[], onOverflow: (k: number) => void): void;
  /** Per grouping: the label values behind each code. */
  readonly labels: readonly (readonly (readonly string[])[])[];
  /** The code of these label values in this grouping; they are added when new, whatever the limit. */
  intern(grouping: number, values: readonly string[]): number;
  /** Label sets of the full grouping added since the last call. */
  takeNew(): (readonly string[])[];
}

/** Dictionaries up to this many combined bits are looked up in one array; beyond, in a map of texts. */
const TABLE_BITS_MAX = 22;

export function createSeriesTable(plan: Plan, decoder: Pick<Decoder, 'labelValues' | 'generation'>): SeriesTable {
  const dictionaries = decoder.labelValues;
  const { maxSeries } = plan.spec.limits;
  const labels: string[][][] = plan.groupings.map(() => []);
  const byText = plan.groupings.map(() => new Map<string, number>());
  let caches = plan.groupings.map((dimensions) => createCodeCache(dimensions));
  let generation = decoder.generation;
  let added: string[][] = [];
  const otherLabels = plan.spec.dimensions.map(() => 'other');

  function intern(grouping: number, values: readonly string[]): number {
    const text = JSON.stringify(values);
    let code = byText[grouping]!.get(text);
    if (code === undefined) {
      code = labels[grouping]!.push([...values]) - 1;
      byText[grouping]!.set(text, code);
      if (grouping === 0) added.push([...values]);
    }
    return code;
  }

  /** The slow way: by the texts. undefined: a new series, beyond the limit. */
  function byLabels(grouping: number, dimensions: readonly number[], codes: readonly Int32Array[], i: number): number | undefined {
    const values = dimensions.map((dimension) => dictionaries[dimension]![codes[dimension]![i]!]!);
    const full = grouping === 0 && dimensions.length > 0;
    return !full || labels[0]!.length < maxSeries || byText[0]!.has(JSON.stringify(values)) ? intern(grouping, values) : undefined;
  }

  return {
    labels,
    intern,
    resolve(codes, events, into, onOverflow) {
      if (generation !== decoder.generation) {
        caches = plan.groupings.map((dimensions) => createCodeCache(dimensions));
        generation = decoder.generation;
      }
      for (let g = 0; g < plan.groupings.length; g++) {
        const cache = caches[g]!;
        const found = into[g]!;
        if (cache.find(codes, events, found)) continue;
        for (let k = 0; k < events.size; k++) {
          if (found[k]! >= 0) continue;
          const i = events.records[k]!;
          let code = cache.get(codes, i);
          if (code < 0) {
            const own = byLabels(g, plan.groupings[g]!, codes, i);
            // What counts under `other` is not remembered one by one: it may be without end. A segment that has that name itself is.
            if (own === undefined) onOverflow(k);
            else cache.set(codes, i, own);
            code = own ?? intern(0, otherLabels);
          }
          found[k] = code;
        }
      }
    },
    takeNew() {
      const taken = added;
      added = [];
      return taken;
    },
  };
}

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
function createCodeCache(dimensions: readonly number[]) {
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
    /** Writes what `get` says of each event; whether all are known. */
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
