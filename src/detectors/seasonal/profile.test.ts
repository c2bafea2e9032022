import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDayProfile, createWeekProfile, newDaySlots, newWeekSlots } from './profile.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const monday = Date.UTC(2026, 2, 2);

test('each minute of the day has a slot of its own', () => {
  const day = createDayProfile(newDaySlots(MINUTE), 0.3);
  day.learn(monday + 180 * MINUTE, 50);
  assert.equal(day.at(monday + DAY + 180 * MINUTE), 50);
  assert.equal(day.at(monday + DAY + 181 * MINUTE), undefined);
  day.learn(monday + DAY + 180 * MINUTE, 60);
  assert.ok(Math.abs(day.at(monday + 180 * MINUTE)! - 53) < 1e-4);
});

test('no two minutes share a slot', () => {
  const day = createDayProfile(newDaySlots(MINUTE), 1);
  for (let minute = 0; minute < 1_440; minute++) day.learn(monday + minute * MINUTE, minute);
  for (let minute = 0; minute < 1_440; minute++) assert.equal(day.at(monday + minute * MINUTE), minute);
});

test('the slots of an hourly series are hours, and times before 1970 have theirs', () => {
  const slots = newDaySlots(60 * MINUTE);
  assert.equal(slots.length, 24);
  const day = createDayProfile(slots, 1);
  day.learn(-MINUTE, 7);
  assert.equal(day.at(monday + 23 * 60 * MINUTE), 7);
});

test('a series of one point a day has one slot, and seven in the week', () => {
  assert.equal(newDaySlots(DAY).length, 1);
  const week = createWeekProfile(newWeekSlots(DAY), DAY, 1);
  for (let i = 0; i < 7; i++) week.learn(monday + i * DAY, i);
  for (let i = 0; i < 7; i++) assert.equal(week.at(monday + (7 + i) * DAY), i);
});

test('the week of a series by the minute goes smoothly from one half hour to the next', () => {
  const week = createWeekProfile(newWeekSlots(MINUTE), MINUTE, 0.3);
  for (let minute = 0; minute < 60; minute++) week.learn(monday + minute * MINUTE, minute < 30 ? 10 : 20);
  assert.equal(week.at(monday + 30 * MINUTE), 15);
  assert.equal(week.at(monday + 7 * DAY + 45 * MINUTE - MINUTE)! > 19, true);
  assert.equal(week.at(monday + DAY), undefined);
});
