/** Where next to nothing is counted, a window in which nothing came at all is one like others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { DetectorContext, SeriesInput } from '../detector.ts';
import { evidenceConfig } from './config.ts';
import { evidence } from './evidence.ts';

const MINUTE = 60_000;
const DAY = 1_440;

interface World {
  readonly windowMs: number;
  readonly minutes: number;
  /** Orders a minute. */
  rate(minute: number): number;
  readonly isMoney?: boolean;
  /** Two segments of the same events, and no roll-up. */
  readonly isTwice?: boolean;
  readonly rewrite?: boolean;
}

interface Said {
  /** Minutes in which it begins to ring. */
  readonly bells: string[];
  /** Expected a minute, hour by hour. */
  readonly expected: number[];
}

const LABELS: readonly Readonly<Record<string, string>>[] = [{}, { shop: 'a' }];

/** One series, with its roll-up, of which all windows without an order have no row. */
function listen(world: World): Said {
  return heard(world).said;
}

function heard({ windowMs, minutes, rate, isMoney = false, isTwice = false, rewrite = false }: World) {
  const step = windowMs / MINUTE;
  const context: DetectorContext = {
    measure: isMoney
      ? { kind: 'sum', name: 'revenue', source: 'orders', where: [], field: 'amount' }
      : { kind: 'count', name: 'orders', source: 'orders', where: [] },
    window: { name: 'w', sizeMs: windowMs, slideMs: windowMs },
    adds: isMoney ? 'amounts' : 'events',
    budget: { falseAlarmsPerDay: 1, tests: 2 },
    groupings: isTwice ? [['shop'], ['city']] : [['shop'], []],
  };
  const detector = evidence.create(evidenceConfig.parse({ down: '50%', up: '100%' }), context);
  const random = createRandom(8, 2);
  const bells: string[] = [];
  const expected: number[] = [];
  const on = new Set<string>();
  let states: unknown[] = [undefined, undefined];
  let shared: unknown;
  for (let window = 0; window * step < minutes; window++) {
    const minute = window * step;
    const events = random.poisson(rate(minute) * step);
    let amount = events;
    if (isMoney) {
      amount = 0;
      for (let left = events; left > 0; left--) amount -= Math.log(1 - random.unit());
    }
    const time = { startMs: window * windowMs, endMs: (window + 1) * windowMs };
    const inputs = (isTwice ? [{ city: 'x' }, LABELS[1]!] : LABELS).map((labels, i): SeriesInput<unknown> => {
      const parts = { amount, exposure: 1 };
      return { state: states[i], observation: { ...time, labels, value: amount, volume: events, absent: events === 0, parts } };
    });
    // Nobody knows of it before its first order.
    if (states[0] === undefined && events === 0) continue;
    const result = detector.observeWindow(inputs, shared);
    shared = rewrite ? JSON.parse(JSON.stringify(result.shared ?? null)) : result.shared;
    states = result.steps.map(({ state }) =>
      rewrite && state !== undefined ? detector.stateForm!.decode(detector.stateForm!.encode(state), detector.stateVersion) : state,
    );
    for (const verdict of result.steps[1]!.verdicts) {
      if (verdict.status !== 'firing') on.delete(verdict.direction);
      else if (!on.has(verdict.direction)) {
        on.add(verdict.direction);
        bells.push(`${verdict.direction} ${Math.floor(minute)}`);
      }
      if (minute >= (expected.length + 2) * 60) expected.push(verdict.expected / step);
    }
  }
  return { said: { bells, expected }, detector, states, shared };
}

for (const windowMs of [10_000, MINUTE, 5 * MINUTE]) {
  const size = `${windowMs / 1_000} seconds`;

  test(`windows of ${size}: an order a minute is expected to be one, and a drop to a fifth rings`, () => {
    const breaks = 2 * DAY;
    const { bells, expected } = listen({ windowMs, minutes: breaks + 90, rate: (minute) => (minute < breaks ? 1 : 0.2) });
    const hours = expected.slice(12, 48);
    const mean = hours.reduce((sum, value) => sum + value, 0) / hours.length;
    assert.ok(mean > 0.85 && mean < 1.15, `expected ${mean} a minute`);
    assert.equal(bells.length, 1, bells.join(', '));
    const [direction, minute] = bells[0]!.split(' ');
    assert.ok(direction === 'down' && Number(minute) >= breaks, bells[0]);
  });
}

for (const isMoney of [false, true]) {
  test(`of a source that is never silent, an hour without ${isMoney ? 'money' : 'anything'} is no drop`, () => {
    const rate = (minute: number): number => (minute >= DAY && minute < DAY + 60 ? 0 : 40);
    assert.deepEqual(listen({ windowMs: MINUTE, minutes: DAY + 120, rate, isMoney }).bells, []);
  });
}

test('of two groupings each tells of the same events: together they are no more', () => {
  const rate = (minute: number): number => (minute < DAY ? 6 : 0);
  const { bells } = listen({ windowMs: MINUTE, minutes: DAY + 60, rate, isTwice: true });
  assert.ok(bells.length === 1 && bells[0]!.startsWith('down'), bells.join(', '));
});

test('seldom payments are expected to be as many as they are', () => {
  const { bells, expected } = listen({ windowMs: MINUTE, minutes: 2 * DAY, rate: () => 0.7, isMoney: true });
  const hours = expected.slice(24);
  const mean = hours.reduce((sum, value) => sum + value, 0) / hours.length;
  assert.ok(mean > 0.55 && mean < 0.85, `expected ${mean} a minute`);
  assert.deepEqual(bells, []);
});

for (const most of [1, 10, 11, 12]) {
  test(`windows in which nothing came are the same after a restart: ${most} a minute`, () => {
    const world: World = { windowMs: MINUTE, minutes: DAY / 2, rate: (minute) => (minute % 300 < 240 ? most : 0.1) };
    assert.deepEqual(listen({ ...world, rewrite: true }), listen(world));
  });
}

test('after a restart into a window without anything no look rings before one in which something came', () => {
  const { detector, states, shared } = heard({ windowMs: MINUTE, minutes: DAY, rate: () => 1_000 });
  const time = (minute: number) => ({ startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE, volume: 0 });
  const absent = states.map((state, i): SeriesInput<unknown> => ({
    state,
    observation: { ...time(DAY), labels: LABELS[i]!, value: 0, absent: true, parts: { amount: 0, exposure: 1 } },
  }));
  const ringsAfter = (among: typeof absent, memory: unknown): boolean => {
    const { steps, shared: next } = detector.observeWindow(among, memory);
    const open = steps.map(({ state }, i): SeriesInput<unknown> => ({
      state,
      observation: { ...time(DAY + 1), labels: LABELS[i]!, value: 9_000, absent: false, parts: { amount: 9_000, exposure: 1 } },
    }));
    return detector.look!(open, next, { rung: 0, series: 2 }).some((verdicts) => verdicts.length > 0);
  };
  const form = detector.stateForm!;
  const stored = absent.map((one) => ({ ...one, state: form.decode(form.encode(one.state), detector.stateVersion) }));
  const written = JSON.stringify(shared);
  assert.ok(ringsAfter(absent, shared));
  assert.ok(!ringsAfter(stored, JSON.parse(written)));
});
