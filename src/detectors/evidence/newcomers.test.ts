/** Traffic that moves from one value to a new one is no drop of their roll-up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { DetectorContext, Observation, SeriesInput, Verdict } from '../detector.ts';
import { evidenceConfig } from './config.ts';
import { evidence } from './evidence.ts';

const MINUTE = 60_000;
const HOUR = 60;
const START = Date.UTC(2026, 2, 2);
const DEPLOY = 6 * HOUR;

const requests: DetectorContext = {
  measure: { kind: 'count', name: 'requests', source: 'events', where: [] },
  window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
  adds: 'events',
  budget: { falseAlarmsPerDay: 1, tests: 2 },
  groupings: [['pod'], []],
};

interface World {
  readonly pods: readonly string[];
  readonly minutes: number;
  /** Mean of what comes of a pod in a minute. */
  rate(pod: string, minute: number): number;
  readonly settings?: object;
  readonly rewrite?: boolean;
}

interface Said {
  readonly minute: number;
  readonly row: number;
  readonly verdicts: readonly Verdict[];
}

/** What the roll-up of all pods says, minute by minute; a pod is known from its first event on. */
function totalOf({ pods, minutes, rate, settings = { down: '50%', up: '100%' }, rewrite = false }: World): Said[] {
  const detector = evidence.create(evidenceConfig.parse(settings), requests);
  const { stateForm, stateVersion } = detector;
  const random = createRandom(11);
  const states = new Map<string, unknown>();
  let shared: unknown;
  return Array.from({ length: minutes }, (_, minute) => {
    const values = new Map(pods.map((pod) => [pod, random.poisson(rate(pod, minute))]));
    const row = [...values.values()].reduce((sum, value) => sum + value, 0);
    const known = pods.filter((pod) => states.has(pod) || values.get(pod)! > 0);
    const inputs = ['', ...known].map((pod): SeriesInput<unknown> => {
      const value = pod === '' ? row : values.get(pod)!;
      return { state: states.get(pod), observation: rowOf(pod === '' ? {} : { pod }, minute, value) };
    });
    const result = detector.observeWindow(inputs, shared);
    shared = rewrite ? JSON.parse(JSON.stringify(result.shared ?? null)) : result.shared;
    for (const [i, { state }] of result.steps.entries()) {
      states.set(['', ...known][i]!, rewrite ? stateForm!.decode(stateForm!.encode(state), stateVersion) : state);
    }
    return { minute, row, verdicts: result.steps[0]!.verdicts };
  });
}

function rowOf(labels: Observation['labels'], minute: number, value: number): Observation {
  const startMs = START + minute * MINUTE;
  const parts = { amount: value, exposure: 1 };
  return { startMs, endMs: startMs + MINUTE, labels, value, volume: value, absent: value === 0, parts };
}

/** The first minutes in which it rings, and for what. */
function bells(said: readonly Said[]): string[] {
  return said.flatMap(({ minute, verdicts }, at) =>
    verdicts
      .filter(({ direction, status }) => status === 'firing' && !isOn(said[at - 1], direction))
      .map(({ direction }) => `${direction} ${minute}`),
  );
}

function isOn(said: Said | undefined, direction: string): boolean {
  return said?.verdicts.some((verdict) => verdict.direction === direction && verdict.status === 'firing') === true;
}

const generation = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name}${index}`);

for (const [count, all] of [
  [20, 10_000],
  [30, 500],
  [4, 10_000],
] as const) {
  const pods = [...generation('old', count), ...generation('new', count)];
  const each = all / count;

  test(`all of ${count} pods are replaced at once: nothing of their sum is missing, neither then nor once the new ones are known`, () => {
    const said = totalOf({
      pods,
      minutes: DEPLOY + 4 * HOUR,
      rate: (pod, minute) => (pod.startsWith('old') === minute < DEPLOY ? each : 0),
    });
    assert.deepEqual(bells(said), []);
    for (const { minute, row, verdicts } of said.slice(2 * HOUR)) {
      for (const { observed, expected } of verdicts) {
        assert.equal(observed, row);
        assert.ok(expected > all / 2, `minute ${minute}: ${observed} of ${expected}`);
      }
    }
  });

  test(`${count} pods are replaced one by one, within an hour: nothing of their sum is missing`, () => {
    const rate = (pod: string, minute: number): number => {
      const moves = DEPLOY + (Number(/\d+/.exec(pod)![0]) * HOUR) / count;
      return pod.startsWith('old') === minute < moves ? each : 0;
    };
    assert.deepEqual(bells(totalOf({ pods, minutes: DEPLOY + 5 * HOUR, rate })), []);
  });

  test(`${count} pods are replaced by as many that bring a third: that is a drop`, () => {
    const rate = (pod: string, minute: number): number =>
      pod.startsWith('old') ? (minute < DEPLOY ? each : 0) : minute < DEPLOY ? 0 : each / 3;
    const [first] = bells(totalOf({ pods, minutes: DEPLOY + 30, rate }));
    assert.ok(first?.startsWith('down') && Number(first.slice(5)) < DEPLOY + 10, first);
  });

  for (const later of [10, 40, 100, 240]) {
    test(`${count} pods are replaced, and the new ones bring a quarter ${later} minutes later: that is a drop`, () => {
      const breaks = DEPLOY + later;
      const rate = (pod: string, minute: number): number =>
        pod.startsWith('old') === minute < DEPLOY ? (minute < breaks ? each : each / 4) : 0;
      const said = totalOf({ pods, minutes: breaks + 30, rate });
      const [first] = bells(said);
      assert.ok(first !== undefined && first.startsWith('down'), first);
      const minute = Number(first.slice(5));
      assert.ok(minute >= breaks && minute < breaks + 10, `${minute - breaks} minutes`);
    });
  }
}

test('values that came beside the old ones are no substitute for these when they fall silent', () => {
  const [beside, breaks] = [DEPLOY, DEPLOY + 12];
  const said = totalOf({
    pods: [...generation('old', 20), ...generation('new', 20)],
    minutes: breaks + 20,
    rate: (pod, minute) => (pod.startsWith('old') ? (minute < breaks ? 500 : 0) : minute < beside ? 0 : 500),
    settings: { down: '50%' },
  });
  const [first] = bells(said);
  assert.ok(first !== undefined && first.startsWith('down'), first);
  assert.ok(Number(first.slice(5)) >= breaks && Number(first.slice(5)) < breaks + 10, first);
  const { row, verdicts } = said[Number(first.slice(5))]!;
  assert.equal(verdicts[0]!.observed, row);
  assert.ok(verdicts[0]!.expected > 1.5 * row, `${row} of ${verdicts[0]!.expected}`);
});

test('sparse values that come and go for ever make no rise of their sum', () => {
  const rate = (pod: string, minute: number): number => {
    const age = minute - Number(pod.slice(1)) * 5;
    return age >= 0 && age < 40 ? 0.25 : 0;
  };
  assert.deepEqual(bells(totalOf({ pods: generation('c', 200), minutes: 16 * HOUR, rate })), []);
});

test('what has moved is remembered over a restart', () => {
  for (const count of [4, 20]) {
    const pods = [...generation('old', count), ...generation('new', count)];
    const rate = (pod: string, minute: number): number => (pod.startsWith('old') === minute < DEPLOY ? 10_000 / count : 0);
    const world = { pods, minutes: DEPLOY + 80, rate };
    assert.deepEqual(totalOf({ ...world, rewrite: true }), totalOf(world));
  }
});

test('of a rate a roll-up tells both what it saw and what it expected of the values that have a forecast', () => {
  const ctr = { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' } as const;
  const detector = evidence.create(evidenceConfig.parse({ down: '50%' }), { ...requests, measure: ctr });
  const random = createRandom(12);
  const states = new Map<string, unknown>();
  let shared: unknown;
  for (let minute = 0; minute < 4 * HOUR; minute++) {
    const pods = minute < 220 ? ['a', 'b'] : ['a', 'b', 'c'];
    const rows = pods.map((pod) => ({ labels: { pod } as Observation['labels'], amount: random.poisson(100), exposure: 5_000 }));
    const amount = rows.reduce((sum, row) => sum + row.amount, 0);
    const inputs = [{ labels: {}, amount, exposure: 5_000 * pods.length }, ...rows].map(({ labels, ...parts }): SeriesInput<unknown> => {
      const observation = { ...rowOf(labels, minute, parts.amount), volume: parts.exposure, parts };
      return { state: states.get(JSON.stringify(labels)), observation };
    });
    const result = detector.observeWindow(inputs, shared);
    shared = result.shared;
    for (const [i, { state }] of result.steps.entries()) states.set(JSON.stringify(inputs[i]!.observation.labels), state);
    if (minute < 200) continue;
    const { observed, expected } = result.steps[0]!.verdicts[0]!;
    assert.ok(observed > 1.5 && observed < 2.5 && expected > 1.8 && expected < 2.2, `minute ${minute}: ${observed} of ${expected} %`);
  }
});
