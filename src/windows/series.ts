/** Series of one partition: for each grouping, a dense code per set of label values, in the order of the first accepted event. */
import type { Decoder } from './columns.ts';
import type { Plan } from './plan.ts';

export interface SeriesTable {
  /**
   * Codes of the series that an accepted event belongs to, one per grouping, written to `into`.
   * `codes` are the decoder's, one per dimension.
   */
  resolve(codes: readonly Int32Array[], i: number, into: Int32Array): void;
  /** Per grouping: the label values behind each code. */
  readonly labels: readonly (readonly (readonly string[])[])[];
  /** The code of these label values in this grouping; they are added when new, whatever the limit. */
  intern(grouping: number, values: readonly string[]): number;
  /** Events that counted under `other` because the limit was reached. */
  readonly overflowed: number;
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
  let overflowed = 0;
  let otherCode = -1;
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

  /** The slow way: by the texts. */
  function byLabels(grouping: number, dimensions: readonly number[], codes: readonly Int32Array[], i: number): number {
    const values = dimensions.map((dimension) => dictionaries[dimension]![codes[dimension]![i]!]!);
    const full = grouping === 0 && dimensions.length > 0;
    if (!full || labels[0]!.length < maxSeries || byText[0]!.has(JSON.stringify(values))) return intern(grouping, values);
    overflowed++;
    otherCode = intern(0, otherLabels);
    return otherCode;
  }

  return {
    labels,
    get overflowed() {
      return overflowed;
    },
    intern,
    resolve(codes, i, into) {
      if (generation !== decoder.generation) {
        caches = plan.groupings.map((dimensions) => createCodeCache(dimensions));
        generation = decoder.generation;
      }
      for (let g = 0; g < plan.groupings.length; g++) {
        const cache = caches[g]!;
        let code = cache.get(codes, i);
        if (code < 0) {
          code = byLabels(g, plan.groupings[g]!, codes, i);
          // What counts under `other` is not remembered one by one: it may be without end.
          if (g > 0 || code !== otherCode) cache.set(codes, i, code);
        }
        into[g] = code;
      }
    },
    takeNew() {
      const taken = added;
      added = [];
      return taken;
    },
  };
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
