import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { DetectorContext, SeriesInput } from '../detector.ts';
import { evidenceConfig } from './config.ts';
import { evidence } from './evidence.ts';

const MINUTE = 60_000;
const context: DetectorContext = {
  measure: { kind: 'count', name: 'n', source: 'events', where: [] },
  window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
  adds: 'events',
  budget: { falseAlarmsPerDay: 1, tests: 2 },
  groupings: [['c'], []],
};
const SERIES = [{}, ...Array.from({ length: 12 }, (_, i) => ({ c: `c${i}` }))];
const [BREAKS, MENDED, END] = [150, 165, 175];

/** Twelve segments triple for a quarter of an hour: what is known of their roll-up after each minute. `restarts`: after these minutes. */
function tripling(restarts: (minute: number) => boolean): { said: string | undefined; shared: string }[] {
  const detector = evidence.create(evidenceConfig.parse({ down: '50%', up: '100%' }), context);
  const random = createRandom(5);
  let states: unknown[] = SERIES.map(() => undefined);
  let shared: unknown;
  return Array.from({ length: END }, (_, minute) => {
    const values = SERIES.slice(1).map(() => random.poisson(minute >= BREAKS && minute < MENDED ? 120 : 40));
    const inputs = [values.reduce((sum, value) => sum + value, 0), ...values].map((value, i): SeriesInput<unknown> => {
      const time = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
      const parts = { amount: value, exposure: 1 };
      return { state: states[i], observation: { ...time, labels: SERIES[i]!, value, volume: value, absent: false, parts } };
    });
    const result = detector.observeWindow(inputs, shared);
    const { stateForm, stateVersion } = detector;
    const isRestart = restarts(minute);
    states = result.steps.map(({ state }) => (isRestart ? stateForm!.decode(stateForm!.encode(state), stateVersion) : state));
    const text = JSON.stringify(result.shared);
    shared = isRestart ? JSON.parse(text) : result.shared;
    return { said: result.steps[0]!.verdicts.find(({ direction }) => direction === 'up')?.status, shared: text };
  });
}

/** A campaign a minute, each for three minutes: roll-ups that are remembered after each, by names; `restarts`: after each minute. */
function passing(restarts: boolean): { names: string[]; shared: string; said: unknown }[] {
  const make = { ...context, groupings: [['c', 'd'], ['c'], ['d'], []] };
  const detector = evidence.create(evidenceConfig.parse({ down: '50%', up: '100%' }), make);
  const { stateForm, stateVersion } = detector;
  const random = createRandom(6);
  const states = new Map<string, unknown>();
  let shared: unknown;
  return Array.from({ length: 100 }, (_, minute) => {
    const lasting = [{ c: 'stays', d: '1' }, { c: 'stays' }, { d: '1' }, {}];
    const brief = [0, 1, 2].map((ago) => `${(minute - ago + 90) % 90}`).flatMap((c) => [{ c, d: '1' }, { c }]);
    const series = [...brief, ...lasting];
    const inputs = series.map((labels): SeriesInput<unknown> => {
      const value = random.poisson(30);
      const time = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
      const observation = { ...time, labels, value, volume: value, absent: false, parts: { amount: value, exposure: 1 } };
      return { state: states.get(JSON.stringify(labels)), observation };
    });
    const result = detector.observeWindow(inputs, shared);
    states.clear();
    const text = JSON.stringify(result.shared);
    shared = restarts ? JSON.parse(text) : result.shared;
    for (const [i, { state }] of result.steps.entries()) {
      states.set(JSON.stringify(series[i]), restarts ? stateForm!.decode(stateForm!.encode(state), stateVersion) : state);
    }
    const { groups } = result.shared as { groups: object };
    return { names: Object.keys(groups), shared: text, said: result.steps.map(({ verdicts }) => verdicts) };
  });
}

test('roll-ups of which no series is left are forgotten, and those that stay remain who they are', () => {
  const all = passing(false);
  for (const { names } of all) {
    assert.ok(names.length <= 7, `${names.length} roll-ups`);
    for (const name of ['[]', '[["d","1"]]', '[["c","stays"]]']) assert.ok(names.includes(name));
  }
  assert.deepEqual(passing(true), all);
});

test('a restart within an episode of a roll-up changes nothing of what its members have in common, then and later', () => {
  const whole = tripling(() => false);
  const ends = whole.findIndex(({ said }, minute) => minute > MENDED && said === 'clear');
  assert.ok(whole[BREAKS + 5]!.said === 'firing' && ends > 0);
  assert.deepEqual(
    tripling((minute) => minute === BREAKS + 5),
    whole,
  );
  // The one before the window that ends it.
  assert.deepEqual(
    tripling((minute) => minute === ends - 1),
    whole,
  );
});
