import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { createCommonMode } from './common-mode.ts';
import type { CommonMode, Past, Shifts } from './common-mode.ts';

const WEIGHT = 1 / 0.01;
/** No slot but the one at hand has to be asked for. */
const alone: Past = () => assert.fail('asked for more than one slot');

/** What members brought slot by slot, as their states would tell it. */
function remembering(noise: number): { slots: number[][]; past: Past } {
  const slots: number[][] = [];
  const past: Past = (member, windows, into) => {
    into.q = slots.slice(-windows).reduce((sum, slot) => sum + slot[member]!, 0) / windows;
    into.noise = noise / windows;
  };
  return { slots, past };
}

/** One slot of 90 members in three countries (groups 1 to 3) and all together (group 0), each q around `centre`. */
function slotOf(common: CommonMode, centre: (country: number, member: number) => number, seed: number): Shifts | undefined {
  const random = createRandom(seed);
  common.begin(0);
  for (let member = 0; member < 90; member++) {
    const country = 1 + (member % 3);
    common.add([0, country], { q: centre(country, member) * (1 + 0.1 * random.normal()), weight: WEIGHT, noise: 0.01 });
  }
  return common.settle(alone);
}

function countries(): CommonMode {
  const common = createCommonMode(false);
  for (let group = 0; group < 4; group++) common.addGroup();
  slotOf(common, () => 1, 1);
  return common;
}

test('noise alone shifts nothing', () => {
  const common = countries();
  for (let seed = 2; seed < 200; seed++)
    assert.equal(
      slotOf(common, () => 1, seed),
      undefined,
      `seed ${seed}`,
    );
});

test('what all do is an offset of all; what one country does is the offset of that country', () => {
  const all = slotOf(countries(), () => 1.8, 5)?.shift ?? [];
  assert.ok(Math.abs((all[0] ?? 0) - Math.log(1.8)) < 0.05 && [1, 2, 3].every((group) => Math.abs(all[group] ?? 0) < 0.1), String(all));
  const one = slotOf(countries(), (country) => (country === 2 ? 0.4 : 1), 5)?.shift ?? [];
  assert.ok(Math.abs((one[2] ?? 0) - Math.log(0.4)) < 0.1 && [0, 1, 3].every((group) => Math.abs(one[group] ?? 0) < 0.05), String(one));
});

test('one member, however far out, moves nobody else', () => {
  assert.equal(
    slotOf(countries(), (_, member) => (member === 7 ? 50 : 1), 3),
    undefined,
  );
});

test('offsets add up, are remembered, and an alarm waits while a shift shows', () => {
  const common = countries();
  slotOf(common, () => 2, 6);
  assert.ok(Math.abs(common.offset([0, 1]) - Math.log(2)) < 0.1);
  const again = createCommonMode(false);
  for (let group = 0; group < 4; group++) again.addGroup(common.memoryOf(group));
  assert.equal(again.offset([0, 1]), common.offset([0, 1]));
  again.begin(1);
  assert.equal(again.mustWait([0, 1]), true, 'nothing was seen of this slot yet');
  for (let member = 0; member < 60; member++) again.add([0, 1 + (member % 3)], { q: 1.001, weight: WEIGHT, noise: 0.01 });
  assert.equal(again.mustWait([0, 1]), false);
  for (let member = 0; member < 20; member++) again.add([0, 1], { q: 2, weight: WEIGHT, noise: 0.01 });
  assert.equal(again.mustWait([0, 1]), true);
});

test('an alarm waits until as many others were seen as a shift has at least: none of them does so, or they do too', () => {
  /** Member by member: the first after which one that rings need not wait. */
  const firstOf = (centre: number, weightAt: (member: number) => number): number => {
    const common = countries();
    const random = createRandom(7);
    common.begin(1);
    for (let member = 0; member < 90; member++) {
      const noise = 1 / weightAt(member);
      common.add([0], { q: centre * (1 + Math.sqrt(noise) * random.normal()), weight: weightAt(member), noise });
      if (!common.mustWait([0])) return member;
    }
    return Infinity;
  };
  assert.equal(
    firstOf(1, () => WEIGHT),
    10,
  );
  assert.equal(
    firstOf(2, () => WEIGHT),
    Infinity,
  );
  // One that weighs more than those before it asks for more of them.
  assert.ok(firstOf(1, (member) => WEIGHT * (member < 5 ? 0.2 : 1)) > 10);
});

type SlotWith = (common: CommonMode, centre: number, seed: number, lasting: (member: number) => number) => Shifts | undefined;

/** Members of few events each: one slot shows little. `lasting`: what a member is out by, slot after slot. */
function fewEvents(count: number, noise: number, error: number): SlotWith {
  const { slots, past } = remembering(noise);
  return (common, centre, seed, lasting) => {
    const random = createRandom(seed);
    const slot = Array.from({ length: count }, (_, member) => Math.max(0, centre + lasting(member) + Math.sqrt(noise) * random.normal()));
    slots.push(slot);
    common.begin(0);
    for (const q of slot) common.add([0], { q, weight: 1 / (noise + error), noise });
    return common.settle(past);
  };
}

test('what is too weak for one slot is found in several, and taken back from all of them', () => {
  const common = createCommonMode(false);
  common.addGroup();
  const slotWith = fewEvents(40, 0.5, 0.1);
  for (let seed = 1; seed < 40; seed++)
    assert.equal(
      slotWith(common, 1, seed, () => 0),
      undefined,
      `seed ${seed}`,
    );
  let found: Shifts | undefined;
  let slots = 0;
  // As in a process that was started anew after each slot.
  for (let again = common; !found; slots++) {
    const next = createCommonMode(false);
    next.addGroup(again.memoryOf(0));
    found = slotWith(next, 0.6, 100 + slots, () => 0);
    again = next;
  }
  assert.ok(slots > 1 && slots < 10, String(slots));
  assert.ok(found.shift[0]! < Math.log(0.9) && found.slotsBefore[0]! > 0, JSON.stringify(found));
});

test('members that are out for long, each by its own, are no shift', () => {
  const common = createCommonMode(false);
  common.addGroup();
  const slotWith = fewEvents(40, 0.5, 0.1);
  const random = createRandom(9);
  const own = Array.from({ length: 40 }, () => Math.sqrt(0.1) * random.normal());
  for (let seed = 1; seed < 300; seed++)
    assert.equal(
      slotWith(common, 1, seed, (member) => own[member]!),
      undefined,
      `seed ${seed}`,
    );
});

test('what a third of the members do strongly and the others not at all is no shift of all, for as long as it lasts', () => {
  for (const factor of [0, 0.2, 0.5, 2, 5]) {
    const common = createCommonMode(false);
    common.addGroup();
    const slotWith = fewEvents(12, 0.1, 0.01);
    for (let seed = 1; seed < 60; seed++) {
      const isBroken = seed >= 20 && seed < 50;
      assert.equal(
        slotWith(common, 1, seed, (member) => (isBroken && member < 4 ? factor - 1 : 0)),
        undefined,
        `x${factor}, slot ${seed}`,
      );
    }
    const found = [60, 61, 62].some((seed) => slotWith(common, factor, seed, () => 0));
    assert.ok(found, `all do: x${factor}`);
  }
});

test('all that falls to nothing at once is common', () => {
  for (const noise of [0.3, 0.1, 0.01]) {
    const common = createCommonMode(false);
    common.addGroup();
    const slotWith = fewEvents(12, noise, 0.01);
    for (let seed = 1; seed < 20; seed++) slotWith(common, 1, seed, () => 0);
    const isFound = [20, 21, 22].some((seed) => slotWith(common, -9, seed, () => 0));
    assert.ok(isFound, `noise ${noise}`);
  }
});

test('what was taken for common is taken back, all of it, once most do it no more', () => {
  for (const factor of [0.2, 4]) {
    const slotWith = fewEvents(12, 0.1, 0.01);
    let common = createCommonMode(false);
    common.addGroup();
    /** The first `broken` of the twelve do so many times what they did; a forecast follows the offset. */
    const play = (from: number, to: number, broken: number): void => {
      for (let seed = from; seed < to; seed++) {
        const forecast = Math.exp(common.offsetOf(0));
        slotWith(common, 1 / forecast, seed, (member) => (member < broken ? (factor - 1) / forecast : 0));
      }
    };
    play(1, 20, 0);
    play(20, 26, 12);
    const lent = common.offsetOf(0);
    assert.ok(Math.abs(lent - Math.log(factor)) < 0.3, `x${factor}: ${lent}`);
    // As in a process that was started anew.
    const memory = common.memoryOf(0);
    common = createCommonMode(false);
    common.addGroup(memory);
    play(26, 46, 4);
    assert.ok(Math.abs(common.offsetOf(0)) < 1e-9, `x${factor}: ${common.offsetOf(0)} of ${lent}`);
  }
});

test('what was common the day before is found at its time with few members, but not in one of them', () => {
  const DAY = 1_440;
  /** The shift as a factor, to a tenth. */
  const shiftAt = (common: CommonMode, minute: number, members: number, q: (member: number) => number): number => {
    common.begin(minute);
    for (let member = 0; member < members; member++) common.add([0], { q: q(member), weight: WEIGHT, noise: 0.01 });
    return Math.round(10 * Math.exp(common.settle(alone)?.shift[0] ?? 0)) / 10;
  };
  const common = createCommonMode(false);
  common.addGroup();
  assert.deepEqual(
    [8, 40].map((members) => shiftAt(common, 660, members, () => 2)),
    [1, 2],
  );
  const tomorrow = [600, 655, 700].map((ofDay) => {
    const again = createCommonMode(false);
    again.addGroup(common.memoryOf(0));
    return shiftAt(again, DAY + ofDay, 8, () => 2);
  });
  assert.deepEqual(tomorrow, [1, 2, 1]);
  for (let minute = 650; minute < 671; minute++)
    assert.equal(
      shiftAt(common, DAY + minute, 8, (member) => (member === 3 ? 50 : 1)),
      1,
    );
});
