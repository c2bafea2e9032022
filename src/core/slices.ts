/** Long work in slices: it yields where it may be interrupted, and whoever drives it lets others have their turn there. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Yields after a bounded number of items, with nothing half done that others can see. */
export type Sliced<T> = Generator<undefined, T, undefined>;

/** Items of work between two yields: few, as one of them may be the merging of large sketches. */
export const ITEMS_AT_ONCE = 16;
/** A turn of the event loop is held no longer than this by sliced work, ms; what else is due in that turn comes on top. */
const SLICE_MS = 5;
/** Comparing is cheap: so many are sorted in one go. */
const SORTED_AT_ONCE = 1_024;

/** True every so many calls: time to yield. */
export function createPace(items = ITEMS_AT_ONCE): () => boolean {
  let left = items;
  return () => {
    if (--left > 0) return false;
    left = items;
    return true;
  };
}

/** Without interruption. */
export function atOnce<T>(work: Sliced<T>): T {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/** No work at all: it is done already. */
// oxlint-disable-next-line require-yield -- that is the point
export function* done<T>(value: T): Sliced<T> {
  return value;
}

/** A turn of the event loop after every slice. `elapsed`: monotonic, ms. */
export async function inSlices<T>(work: Sliced<T>, elapsed: () => number): Promise<T> {
  const breath = createBreath(elapsed);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    const rest = breath();
    if (rest) await rest;
  }
}

/** To be awaited between pieces of work: gives the others a turn of the event loop where a slice is over. */
export function createBreath(elapsed: () => number): () => Promise<void> | undefined {
  // Nobody knows how long this turn has been held already, by the piece of work before for instance.
  let until = -Infinity;
  async function rest(): Promise<void> {
    await nextTurn();
    until = elapsed() + SLICE_MS;
  }
  return () => (elapsed() < until ? undefined : rest());
}

/** As `Array.from(items, each)`. */
export function* mapped<T, R>(items: Iterable<T>, each: (item: T) => R): Sliced<R[]> {
  const isDue = createPace();
  const results: R[] = [];
  for (const item of items) {
    results.push(each(item));
    if (isDue()) yield;
  }
  return results;
}

/** What all the works give, one after the other; it may be more than a call takes arguments. */
export function* joined<T>(works: Iterable<Sliced<readonly T[]>>): Sliced<T[]> {
  const all: T[] = [];
  for (const work of works) for (const one of yield* work) all.push(one);
  return all;
}

type Compare<T> = (a: T, b: T) => number;

/** As `[...items].sort(compare)`, or as `[...texts].sort()`: runs of bounded length, then merged two by two. */
export function* sorted<T>(items: Iterable<T>, compare?: Compare<T>): Sliced<T[]> {
  const all = [...items];
  let runs: T[][] = [];
  for (let from = 0; from < all.length; from += SORTED_AT_ONCE) {
    runs.push(all.slice(from, from + SORTED_AT_ONCE).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const longer: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) longer.push(yield* mergedRuns(runs[i]!, runs[i + 1] ?? [], compare));
    runs = longer;
  }
  return runs[0] ?? [];
}

function* mergedRuns<T>(a: readonly T[], b: readonly T[], compare: Compare<T> | undefined): Sliced<T[]> {
  const isDue = createPace(SORTED_AT_ONCE);
  const merged: T[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    merged.push(j === b.length || (i < a.length && (compare ? compare(a[i]!, b[j]!) <= 0 : a[i]! <= b[j]!)) ? a[i++]! : b[j++]!);
    if (isDue()) yield;
  }
  return merged;
}
