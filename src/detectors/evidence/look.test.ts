import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { Observation, SeriesInput } from '../detector.ts';
import { evidenceConfig } from './config.ts';
import { evidence } from './evidence.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 2);
const LEARNT = 1_440;
const RATE = 50;
const SEGMENTS = 50;

function observationOf(segment: number, minute: number, value: number): Observation {
  const startMs = START + minute * MINUTE;
  const labels = { country: `C${segment}` };
  return { startMs, endMs: startMs + MINUTE, value, volume: value, labels, absent: false, parts: { amount: value, exposure: 1 } };
}

/** Fifty segments that have been seen for a day, and looks at the next minute. */
function learnt() {
  const detector = evidence.create(evidenceConfig.parse({ up: '100%' }), {
    measure: { kind: 'count', name: 'orders', source: 'events', where: [] },
    window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
    adds: 'events',
    budget: { falseAlarmsPerDay: 1, tests: 2 },
    groupings: [['country']],
  });
  const random = createRandom(9);
  let states: unknown[] = Array.from({ length: SEGMENTS }, () => undefined);
  let shared: unknown;
  for (let minute = 0; minute < LEARNT; minute++) {
    const inputs = states.map((state, i): SeriesInput<unknown> => ({ state, observation: observationOf(i, minute, random.poisson(RATE)) }));
    const result = detector.observeWindow(inputs, shared);
    shared = result.shared;
    states = result.steps.map(({ state }) => state);
  }
  /** How many ring of those that have changed: the first `risers` of `changed`. */
  return (changed: number, risers: number, rung: number, series = SEGMENTS): number => {
    const inputs = states
      .slice(0, changed)
      .map((state, i): SeriesInput<unknown> => ({ state, observation: observationOf(i, LEARNT, i < risers ? 10 * RATE : RATE / 2) }));
    return detector.look!(inputs, shared, { rung, series }).filter((verdicts) => verdicts.length > 0).length;
  };
}

test('what rises by itself rings at once; what many have in common waits for the whole window', () => {
  const look = learnt();
  assert.equal(look(12, 1, 0), 1);
  assert.equal(look(SEGMENTS, 3, 0), 3);
  assert.equal(look(SEGMENTS, 11, 0), 0);
  // A few have changed, and all of them rise: the others would too.
  assert.equal(look(12, 12, 0, 500), 0);
});

test('those that rang before count among all series, not among the few that have changed since', () => {
  const look = learnt();
  assert.equal(look(12, 1, 9), 1);
  // One by one, and a fifth of all by now.
  assert.equal(look(12, 1, 10), 0);
});
