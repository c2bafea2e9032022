import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { createCommonMode } from './common-mode.ts';
import type { CommonMode } from './common-mode.ts';

const WEIGHT = 1 / 0.01;

/** One slot of 90 members in three countries (groups 1 to 3) and all together (group 0), each q around `centre`. */
function slotOf(common: CommonMode, centre: (country: number, member: number) => number, seed: number): Float64Array | undefined {
  const random = createRandom(seed);
  common.begin();
  for (let member = 0; member < 90; member++) {
    const country = 1 + (member % 3);
    common.add([0, country], centre(country, member) * (1 + 0.1 * random.normal()), WEIGHT, 0.01);
  }
  return common.settle();
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
  const all = slotOf(countries(), () => 1.8, 5) ?? [];
  assert.ok(Math.abs((all[0] ?? 0) - Math.log(1.8)) < 0.05 && [1, 2, 3].every((group) => Math.abs(all[group] ?? 0) < 0.1), String(all));
  const one = slotOf(countries(), (country) => (country === 2 ? 0.4 : 1), 5) ?? [];
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
  again.begin();
  assert.equal(again.mustWait([0, 1]), true, 'nothing was seen of this slot yet');
  for (let member = 0; member < 60; member++) again.add([0, 1 + (member % 3)], 1.001, WEIGHT, 0.01);
  assert.equal(again.mustWait([0, 1]), false);
  for (let member = 0; member < 20; member++) again.add([0, 1], 2, WEIGHT, 0.01);
  assert.equal(again.mustWait([0, 1]), true);
});
