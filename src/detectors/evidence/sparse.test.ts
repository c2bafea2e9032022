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
  readonly rewrite?: boolean;
}

interface Said {
  /** Minutes in which it begins to ring. */
  readonly bells: string[];
  /** Expected a minute, hour by hour. */
  readonly expected: number[];
}

/** One series, with its roll-up, of which all windows without an order have no row. */
function listen({ windowMs, minutes, rate, isMoney = false, rewrite = false }: World): Said {
  const step = windowMs / MINUTE;
  const context: DetectorContext = {
    measure: isMoney
      ? { kind: 'sum', name: 'revenue', source: 'orders', where: [], field: 'amount' }
      : { kind: 'count', name: 'orders', source: 'orders', where: [] },
    window: { name: 'w', sizeMs: windowMs, slideMs: windowMs },
    adds: isMoney ? 'amounts' : 'events',
    budget: { falseAlarmsPerDay: 1, tests: 2 },
    groupings: [['shop'], []],
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
    const inputs = [{}, { shop: 'a' }].map((labels, i): SeriesInput<unknown> => {
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
  return { bells, expected };
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

test('of a source that is never silent, an hour without anything is no drop', () => {
  const rate = (minute: number): number => (minute >= DAY && minute < DAY + 60 ? 0 : 40);
  assert.deepEqual(listen({ windowMs: MINUTE, minutes: DAY + 120, rate }).bells, []);
});

test('seldom payments are expected to be as many as they are', () => {
  const { bells, expected } = listen({ windowMs: MINUTE, minutes: 2 * DAY, rate: () => 0.7, isMoney: true });
  const hours = expected.slice(24);
  const mean = hours.reduce((sum, value) => sum + value, 0) / hours.length;
  assert.ok(mean > 0.55 && mean < 0.85, `expected ${mean} a minute`);
  assert.deepEqual(bells, []);
});

test('windows in which nothing came are the same after a restart', () => {
  const world: World = { windowMs: MINUTE, minutes: DAY / 2, rate: (minute) => (minute % 300 < 240 ? 1 : 0.1) };
  assert.deepEqual(listen({ ...world, rewrite: true }), listen(world));
});
