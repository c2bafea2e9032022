/** The scan against one that is written down plainly: each span summed anew from the values of its slots. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { isReady } from './baseline.ts';
import { createKit } from './kit.ts';
import type { Kit } from './kit.ts';
import { At, emptyState } from './layout.ts';
import { createModel } from './model.ts';
import { noiseOf, skewOf } from './noise.ts';
import { profileOf } from './profile.ts';
import { createScan, likelihoodRatio, scanSpans } from './scan.ts';
import { bear, enterWindow } from './series-slots.ts';
import { moveTo } from './slot-place.ts';
import { createPool, errorAt, renewShrinkage } from './tracked-error.ts';

interface Slot {
  readonly seen: number;
  readonly expected: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What a rise of money believes of its slots: those of whole blocks, `older`, may not be set aside. */
function believed(recent: readonly Slot[], older: readonly Slot[], grain: number): number {
  const capped = ({ seen, expected }: Slot): number => Math.min(seen, expected * Math.max(2, 1 + 2 * Math.sqrt(grain / expected)));
  const excesses = recent.map((slot) => Math.max(0, capped(slot) - slot.expected)).toSorted((a, b) => b - a);
  return sum([...recent, ...older].map(capped)) - (excesses[0] ?? 0) - (excesses[1] ?? 0);
}

/** Evidence of one direction; `slots`: the newest first. Of the whole blocks in it all that is known are their sums. */
function plainly(numbers: Float32Array, { model, shrinkage }: Kit, slots: readonly Slot[], slot: number, isDrop: boolean): number {
  const { grid, form } = model;
  const spans = grid.spans[grid.olderBlocks > 0 ? slot % grid.blockSlots : 0]!;
  const { breakEven } = isDrop ? model.drops : model.rises;
  const grain = noiseOf(numbers, model, 1);
  let total = 0;
  spans.slots.forEach((length, index) => {
    if (length > numbers[At.reach]!) return;
    const all = slots.slice(0, length);
    const single = Math.min(length, spans.slots[spans.recentCount - 1]!);
    const blocks = Array.from({ length: (length - single) / grid.blockSlots }, (_, at) => {
      const block = all.slice(single + at * grid.blockSlots, single + (at + 1) * grid.blockSlots);
      return { seen: sum(block.map(({ seen }) => seen)), expected: sum(block.map(({ expected }) => expected)) };
    });
    const M = sum(all.map(({ expected }) => expected));
    const S = !isDrop && form === 'money' ? believed(all.slice(0, single), blocks, grain) : sum(all.map(({ seen }) => seen));
    if (isDrop ? S >= breakEven * M : S <= breakEven * M) return;
    const [from, part] = [spans.horizon[index]!, spans.share[index]!];
    const error = errorAt(numbers, model, shrinkage, from) * (1 - part) + errorAt(numbers, model, shrinkage, from + 1) * part;
    // What clumps of events bring is not shared by the slots of a span: they are counted, not events.
    const [one, several] = [errorAt(numbers, model, shrinkage, 0), errorAt(numbers, model, shrinkage, grid.several)];
    const alone = Math.max(0, one - several) / (1 - 1 / grid.horizons[grid.several]!) / length;
    const isCounted = isDrop && form === 'rate';
    const clumps = isCounted ? errorAt(numbers, model, shrinkage, grid.horizons.length) / M : 0;
    const shared = isCounted ? Math.max(model.leastError[from]!, error - Math.min(alone, clumps)) : error;
    const T = shrinkage.bold * numbers[At.variance]! + shared + clumps;
    if ((S - M) ** 2 < (isDrop ? 4 : 8) * M * (grain + M * T)) return;
    const clump = 1 + clumps * M;
    const skew = skewOf(numbers, model, shrinkage);
    total += spans.weights[index]! * likelihoodRatio(model, isDrop, S / clump, M / clump, T - clumps, grain / M, skew);
  });
  return Math.log(total);
}

/** Every so many slots less comes for a while, then more. */
for (const { name, adds, windowMs, mean, every, low, high } of [
  { name: 'a rate', adds: 'events', windowMs: 60_000, mean: 20, every: 90, low: 20, high: 15 },
  { name: 'a rate of few events', adds: 'events', windowMs: 60_000, mean: 0.3, every: 300, low: 50, high: 20 },
  { name: 'a rate in windows of five minutes', adds: 'events', windowMs: 300_000, mean: 20, every: 40, low: 3, high: 3 },
  { name: 'money', adds: 'amounts', windowMs: 60_000, mean: 20, every: 200, low: 20, high: 20 },
] as const) {
  test(`${name}: evidence is the sum over all spans, each weighed by itself`, () => {
    const share = { hasExposure: true, habits: false, drop: 0.5, rise: 2, falseAlarmsPerDay: 1, tests: 2 };
    const model = createModel({ windowMs, profile: profileOf(adds, true), ...share });
    const kit = createKit(model, createPool(model));
    const scan = createScan(model);
    const state = emptyState(model.layout);
    const { numbers } = state;
    const random = createRandom(7, 1);
    const start = model.grid.slotAt(0);
    bear(state, start, 4);
    const slots: Slot[] = [];
    const found = { drop: 0, rise: 0 };
    for (let slot = start; slot < start + 1_200; slot++) {
      // What is broken so often would be taken for rough.
      renewShrinkage(kit.shrinkage, createPool(model), model);
      numbers[model.layout.errorWeight + model.grid.horizons.length] = numbers[model.layout.errorSum + model.grid.horizons.length] = 0;
      const phase = slot % every;
      const factor = phase < low ? 0.3 : phase < low + high ? 3 : 1;
      const clicks = random.poisson(mean * factor);
      const seen = adds === 'events' ? clicks : clicks * Math.exp(0.5 * random.normal());
      const expected = enterWindow(state, kit, slot, seen, 1_000, 0);
      slots.unshift({ seen, expected });
      if (!isReady(numbers, model) || seen === expected) continue;
      scanSpans(numbers, model, moveTo(kit.now, model, slot), kit.shrinkage, scan, numbers[At.reach]!, 1);
      const isDrop = seen < expected;
      const { log } = isDrop ? scan.drop : scan.rise;
      assert.equal((isDrop ? scan.rise : scan.drop).log, -Infinity, 'only where the newest slot points to');
      // A newest slot that speaks for neither: nothing was weighed.
      const { breakEven } = isDrop ? model.drops : model.rises;
      if (isDrop ? seen >= breakEven * expected : seen <= breakEven * expected) continue;
      const plain = plainly(numbers, kit, slots, slot, isDrop);
      assert.ok(log === plain || Math.abs(log - plain) < 1e-3, `slot ${slot - start}: ${log} for ${plain}`);
      if (log > 0) found[isDrop ? 'drop' : 'rise']++;
    }
    assert.ok(found.drop > 5 && found.rise > 5, JSON.stringify(found));
  });
}

test('of a count that comes back after a while in which it was missing, nothing is a rise', () => {
  const share = { hasExposure: false, habits: false, drop: 0.5, rise: 2, falseAlarmsPerDay: 1, tests: 2 };
  const model = createModel({ windowMs: 60_000, profile: profileOf('events', false), ...share });
  const kit = createKit(model, createPool(model));
  renewShrinkage(kit.shrinkage, kit.pool, model);
  kit.shrinkage.together.fill(0.8);
  const { numbers } = emptyState(model.layout);
  const { recent, slotsMax } = model.grid;
  numbers[At.reach] = slotsMax;
  numbers[At.variance] = 0.001;
  const slot = recent * 50_000 + 7;
  /** Evidence of a rise where the newest slot brings so much instead of 100, and each of those before it `before`. */
  const riseAfter = (before: number, newest: number): number => {
    const scan = createScan(model);
    for (let ago = 0; ago < recent; ago++) {
      const place = (slot - ago) % recent;
      numbers[model.layout.recentSeen + place] = ago === 0 ? newest : before;
      numbers[model.layout.recentExpected + place] = 100;
    }
    scanSpans(numbers, model, moveTo(kit.now, model, slot), kit.shrinkage, scan, recent, 1);
    return scan.rise.log;
  };
  assert.equal(riseAfter(40, 140), -Infinity);
  assert.ok(riseAfter(100, 400) > 0);
  // What went on before is counted on.
  assert.ok(riseAfter(120, 400) < riseAfter(100, 400) - 0.5);
});
