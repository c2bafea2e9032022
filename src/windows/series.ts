/**
 * Series of one partition: for each grouping, a dense code per set of label values, in the order of the first accepted event. Of segments, the
 * sets of all dimensions, there are as many as have a place (places.ts). A code is given anew when its series has none and no pane holds it.
 */
import { createCodeCache } from './code-cache.ts';
import type { Decoder, Selection } from './decode/columns.ts';
import { createPlaces, QUARTERS_KEPT } from './places.ts';
import type { Plan } from './plan.ts';

export interface SeriesTable {
  /**
   * Codes of the series that accepted events belong to, in their order, written to the columns of `into`, one per grouping. `codes` are the
   * decoder's, one column per dimension. `onOverflow` is told of those, by their place in the selection, that count under `other` because the limit was reached.
   */
  resolve(codes: readonly Int32Array[], events: Selection, into: readonly Int32Array[], onOverflow: (k: number) => void): void;
  /** Per grouping: the label values behind each code. */
  readonly labels: readonly (readonly (readonly string[])[])[];
  /** The code of these label values in this grouping; they are added when new, whatever the limit, and without a place. */
  intern(grouping: number, values: readonly string[]): number;
  /**
   * The next events come in this quarter of a day (places.ts): segments that have not come for a day give their places back. Series that are not
   * needed any more are forgotten; `held`: of a grouping's codes, so many, those in panes are 1.
   */
  enter(quarter: number, held: (grouping: number, codes: number) => Uint8Array): void;
  /** Segments with a place that came since the last call, in each quarter that counts still, once. */
  takeCame(): Came[];
  /** Gives a segment the place back that it had, having come in this quarter last. */
  restorePlace(quarter: number, values: readonly string[]): void;
}

export interface Came {
  readonly quarter: number;
  /** Their label values, as JSON. */
  readonly segments: readonly string[];
}

const FORGOTTEN: readonly string[] = [];

export function createSeriesTable(plan: Plan, decoder: Pick<Decoder, 'labelValues' | 'generation'>): SeriesTable {
  const dictionaries = decoder.labelValues;
  const labels: (readonly string[])[][] = plan.groupings.map(() => []);
  const byText = plan.groupings.map(() => new Map<string, number>());
  /** Codes to be given anew. */
  const free = plan.groupings.map((): number[] => []);
  const places = createPlaces(plan.spec.limits.maxSeries);
  let caches = plan.groupings.map((dimensions) => createCodeCache(dimensions));
  let generation = decoder.generation;
  let quarter = 0;
  let came: Came[] = [];
  const otherLabels = plan.spec.dimensions.map(() => 'other');
  /** Without dimensions it is all there is. */
  const otherText = JSON.stringify(otherLabels);
  let other: number | undefined;

  function intern(grouping: number, values: readonly string[]): number {
    return internText(grouping, values, JSON.stringify(values));
  }

  function internText(grouping: number, values: readonly string[], text: string): number {
    let code = byText[grouping]!.get(text);
    if (code === undefined) {
      code = free[grouping]!.pop() ?? labels[grouping]!.length;
      labels[grouping]![code] = [...values];
      byText[grouping]!.set(text, code);
    }
    return code;
  }

  function otherCode(): number {
    if (other === undefined) places.exempt((other = intern(0, otherLabels)));
    return other;
  }

  /** The slow way: by the texts. undefined: a new segment, beyond the limit. */
  function byLabels(grouping: number, dimensions: readonly number[], codes: readonly Int32Array[], i: number): number | undefined {
    const values = dimensions.map((dimension) => dictionaries[dimension]![codes[dimension]![i]!]!);
    if (grouping > 0) return intern(grouping, values);
    const text = JSON.stringify(values);
    // A segment of that name counts there in any case.
    if (text === otherText) return otherCode();
    const known = byText[0]!.get(text);
    if (known !== undefined && places.has(known)) return known;
    if (places.isFull) return undefined;
    const code = internText(0, values, text);
    places.take(code);
    return code;
  }

  /** Forgets the series of a grouping that have no place and are in no pane. */
  function forget(grouping: number, held: Uint8Array): boolean {
    const before = free[grouping]!.length;
    for (let code = 0; code < held.length; code++) {
      const values = labels[grouping]![code]!;
      const isNeeded = held[code] === 1 || values === FORGOTTEN || (grouping === 0 && (code === other || places.has(code)));
      if (isNeeded) continue;
      byText[grouping]!.delete(JSON.stringify(values));
      labels[grouping]![code] = FORGOTTEN;
      free[grouping]!.push(code);
    }
    return free[grouping]!.length > before;
  }

  function noteCame(): void {
    const codes = places.takeCame();
    if (codes.length > 0) came.push({ quarter, segments: codes.map((code) => JSON.stringify(labels[0]![code])) });
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
            code = own ?? otherCode();
          }
          found[k] = code;
        }
      }
      places.note(into[0]!, events.size);
    },
    enter(next, held) {
      noteCame();
      quarter = next;
      came = came.filter((one) => one.quarter >= quarter - QUARTERS_KEPT);
      const isAnyBack = places.enter(quarter);
      for (const [g, dimensions] of plan.groupings.entries()) {
        // The total is there for good.
        const isForgotten = dimensions.length > 0 && forget(g, held(g, labels[g]!.length));
        if (isForgotten || (g === 0 && isAnyBack)) caches[g] = createCodeCache(dimensions);
      }
    },
    takeCame() {
      noteCame();
      const taken = came;
      came = [];
      return taken;
    },
    restorePlace(at, values) {
      const code = intern(0, values);
      if (JSON.stringify(values) !== otherText) places.restore(code, at);
    },
  };
}
