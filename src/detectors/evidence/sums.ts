/** Sums over the newest slots: one by one as far as they are remembered so, then by whole blocks. */
import type { Model } from './model.ts';
import type { SlotPlace } from './slot-place.ts';
import type { Spans } from './time-grid.ts';

/** What was seen and expected in some slots. Reused from one to the next. */
export interface Sum {
  seen: number;
  expected: number;
}

/** Into `sum`: the `slots` slots up to `slot`. Where they do not fit into single slots they end with a block. */
export function sumBack(numbers: Float32Array, { grid, layout }: Model, slot: number, slots: number, sum: Sum): void {
  const { recent, blockSlots, olderBlocks } = grid;
  const whole = olderBlocks > 0 ? recent - blockSlots + 1 : recent;
  const single = slots <= whole ? slots : Math.min(slots, whole + (slot % blockSlots));
  let S = 0;
  let M = 0;
  for (let left = single, place = slot % recent; left > 0; left--, place = place === 0 ? recent - 1 : place - 1) {
    S += numbers[layout.recentSeen + place]!;
    M += numbers[layout.recentExpected + place]!;
  }
  for (let left = slots - single, at = Math.floor(slot / blockSlots) - recent / blockSlots; left > 0; left -= blockSlots, at--) {
    S += numbers[layout.olderSeen + (at % olderBlocks)]!;
    M += numbers[layout.olderExpected + (at % olderBlocks)]!;
  }
  sum.seen = S;
  sum.expected = M;
}

/** What was seen and expected, by the number of slots. */
export interface Sums {
  readonly seen: number[];
  readonly expected: number[];
}

/** What was seen and expected in the newest slots: of each number up to `reach` that a span, or what was before it, may have. */
export function sumUp(numbers: Float32Array, model: Model, at: SlotPlace, spans: Spans, reach: number, { seen, expected }: Sums): void {
  const { grid, layout } = model;
  const { slots: lengths, recentCount } = spans;
  const { recentSeen, recentExpected, olderSeen, olderExpected } = layout;
  const single = Math.min(reach, lengths[recentCount - 1]!);
  let S = 0;
  let M = 0;
  for (let slots = 1, place = at.place; slots <= single; slots++, place = place === 0 ? grid.recent - 1 : place - 1) {
    seen[slots] = S += numbers[recentSeen + place]!;
    expected[slots] = M += numbers[recentExpected + place]!;
  }
  for (let index = recentCount, older = at.older; index < lengths.length && lengths[index]! <= reach; index++) {
    seen[lengths[index]!] = S += numbers[olderSeen + older]!;
    expected[lengths[index]!] = M += numbers[olderExpected + older]!;
    older = older === 0 ? grid.olderBlocks - 1 : older - 1;
  }
}

/** How far out a sum has to be, on one side, where M is expected: beyond `breakEven` x M, its square from `squares` x M x (grain + M x variance) on. */
export interface Bar {
  isDrop: boolean;
  breakEven: number;
  squares: number;
  grain: number;
  variance: number;
}

/** Whether any sum of the newest slots, up to `reach`, is so far out. Of most series none is, and then no sum needs to be kept. */
export function isAnyOut(numbers: Float32Array, model: Model, at: SlotPlace, spans: Spans, reach: number, bar: Bar): boolean {
  const { grid, layout } = model;
  const { slots: lengths, recentCount } = spans;
  const { recentSeen, recentExpected, olderSeen, olderExpected } = layout;
  const { isDrop, breakEven, squares, grain, variance } = bar;
  const single = Math.min(reach, lengths[recentCount - 1]!);
  let S = 0;
  let M = 0;
  for (let slots = 1, place = at.place; slots <= single; slots++, place = place === 0 ? grid.recent - 1 : place - 1) {
    S += numbers[recentSeen + place]!;
    M += numbers[recentExpected + place]!;
    if ((S - M) * (S - M) >= squares * M * (grain + M * variance) && (isDrop ? S < breakEven * M : S > breakEven * M)) return true;
  }
  for (let index = recentCount, older = at.older; index < lengths.length && lengths[index]! <= reach; index++) {
    S += numbers[olderSeen + older]!;
    M += numbers[olderExpected + older]!;
    if ((S - M) * (S - M) >= squares * M * (grain + M * variance) && (isDrop ? S < breakEven * M : S > breakEven * M)) return true;
    older = older === 0 ? grid.olderBlocks - 1 : older - 1;
  }
  return false;
}
