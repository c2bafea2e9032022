import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { DetectorContext, Observation, SeriesInput, Verdict } from '../detector.ts';
import { evidenceConfig } from './config.ts';
import { evidence } from './evidence.ts';

const MINUTE = 60_000;
const DAY = 1_440;
const START = Date.UTC(2026, 2, 2);
const COUNTRIES = ['US', 'KR', 'JP'];
const FORMATS = Array.from({ length: 12 }, (_, index) => `format${index}`);

const context: DetectorContext = {
  measure: { kind: 'count', name: 'impressions', source: 'events', where: [] },
  window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
  adds: 'events',
  budget: { falseAlarmsPerDay: 1, tests: 2 },
  groupings: [['country', 'format'], ['country'], []],
};

interface World {
  /** Factor of a series' rate in a minute. */
  factor(minute: number, country: string, format: string): number;
  /** No row of anybody in this minute. */
  isSilent?(minute: number): boolean;
  readonly minutes: number;
  readonly rate: number;
  readonly windowMs?: number;
  /** Windows begin so much after multiples of their size. */
  readonly offsetMs?: number;
}

interface Ring {
  readonly minute: number;
  readonly series: string;
  readonly verdict: Verdict;
  /** The first verdict that no longer fires. */
  end?: Verdict;
}

/** Rings of a world of 36 segments and their roll-ups, each when it begins. */
function ringsOf(world: World, settings: object = { down: '50%', up: '100%' }, rewrite = false): Ring[] {
  const windowMs = world.windowMs ?? MINUTE;
  const detector = evidence.create(evidenceConfig.parse(settings), {
    ...context,
    window: { name: 'w', sizeMs: windowMs, slideMs: windowMs },
  });
  const random = createRandom(5);
  const series = [
    {},
    ...COUNTRIES.map((country) => ({ country })),
    ...COUNTRIES.flatMap((country) => FORMATS.map((format) => ({ country, format }))),
  ];
  const states: unknown[] = series.map(() => undefined);
  const firing = new Set<string>();
  const rings: Ring[] = [];
  let shared: unknown;
  const step = windowMs / MINUTE;
  for (let minute = 0; minute < world.minutes; minute += step) {
    const values = COUNTRIES.flatMap((country) =>
      FORMATS.map((format) => (world.isSilent?.(minute) ? 0 : random.poisson(world.rate * step * world.factor(minute, country, format)))),
    );
    const sum = (from: number, to: number): number => values.slice(from, to).reduce((total, value) => total + value, 0);
    const rows = [sum(0, values.length), ...COUNTRIES.map((_, at) => sum(at * FORMATS.length, (at + 1) * FORMATS.length)), ...values];
    const inputs = rows.map((value, index): SeriesInput<unknown> => ({
      state: states[index],
      observation: rowOf(series[index] ?? {}, minute + (world.offsetMs ?? 0) / MINUTE, value, windowMs),
    }));
    const result = detector.observeWindow(inputs, shared);
    shared = rewrite ? JSON.parse(JSON.stringify(result.shared ?? null)) : result.shared;
    result.steps.forEach(({ state, verdicts }, index) => {
      states[index] =
        rewrite && state !== undefined ? detector.stateForm?.decode(detector.stateForm.encode(state), detector.stateVersion) : state;
      for (const verdict of verdicts) {
        const name = `${Object.values(series[index] ?? {}).join('/')} ${verdict.direction}`;
        const on = rings.findLast((ring) => ring.series === name);
        if (verdict.status !== 'firing' && firing.delete(name)) on!.end = verdict;
        if (verdict.status === 'firing' && !firing.has(name)) {
          firing.add(name);
          rings.push({ minute, series: name, verdict });
        }
      }
    });
  }
  return rings;
}

function rowOf(labels: Observation['labels'], minute: number, value: number, windowMs: number): Observation {
  const startMs = START + minute * MINUTE;
  const parts = { amount: value, exposure: 1 };
  return { startMs, endMs: startMs + windowMs, labels, value, volume: value, absent: value === 0, parts };
}

function rhythm(minute: number): number {
  return 1 + 0.5 * Math.sin((2 * Math.PI * minute) / DAY);
}

test('a daily rhythm alone rings nothing; one segment that goes silent rings within minutes, and tells why', () => {
  const breaks = 2 * DAY + 300;
  const rings = ringsOf({
    minutes: breaks + 40,
    rate: 20,
    factor: (minute, country, format) => (minute >= breaks && country === 'KR' && format === 'format3' ? 0 : rhythm(minute)),
  });
  assert.deepEqual(
    rings.map((ring) => ring.series),
    ['KR/format3 down'],
  );
  const [{ minute, verdict }] = rings as [Ring];
  assert.ok(minute - breaks < 10, `${minute - breaks} minutes`);
  const { grounds } = verdict;
  assert.ok(grounds && grounds.logEvidence > grounds.logThreshold && grounds.oneIn > 1e5);
  assert.equal(grounds.observed, 0);
  assert.ok(grounds.expected > 15 && grounds.expected < 45 && grounds.expectedRange[0] < grounds.expected);
  assert.ok(Math.abs(grounds.sinceMs - (START + breaks * MINUTE)) <= 2 * MINUTE);
  // Nothing came where some 80 were expected: what is left may be a few percent, and is not known to be nothing.
  assert.ok(grounds.ratioRange[0] === 0 && grounds.ratioRange[1] > 0.01 && grounds.ratioRange[1] < 0.5, `${grounds.ratioRange[1]}`);
});

test('a country that jumps is told by its roll-up, and not by each of its members', () => {
  const breaks = 2 * DAY + 300;
  const rings = ringsOf({
    minutes: breaks + 200,
    rate: 30,
    factor: (minute, country) => rhythm(minute) * (minute >= breaks && country === 'JP' ? 2.5 : 1),
  });
  const names = rings.map((ring) => ring.series);
  assert.ok(names.includes('JP up'), names.join(', '));
  assert.deepEqual(
    names.filter((name) => name.includes('/')),
    [],
  );
  assert.equal(names.filter((name) => name === 'JP up').length, 1, 'a step is told once');
  const told = rings.find((ring) => ring.series === 'JP up');
  assert.ok(told && told.minute - breaks <= 3);
  assert.ok((told.verdict.grounds?.contributors.length ?? 0) > 0);
});

test('an alarm ends because all is as it was, or because it lasts, and says which', () => {
  const from = 2 * DAY;
  const play = (minutes: number): (readonly [string, true | undefined])[] =>
    ringsOf({
      minutes: from + 200,
      rate: 20,
      factor: (minute, country, format) =>
        minute >= from && minute < from + minutes && country === 'KR' && format === 'format3' ? 0.2 : 1,
    }).map(({ series, end }) => {
      assert.equal(end?.status, 'clear');
      return [series, end.isLasting] as const;
    });
  assert.deepEqual(play(30), [['KR/format3 down', undefined]]);
  assert.deepEqual(play(200), [['KR/format3 down', true]]);
});

test('that an alarm ended because it lasts is said once, with the first verdict after it', () => {
  const detector = evidence.create(evidenceConfig.parse({ up: '100%' }), {
    measure: { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' },
    window: context.window,
    budget: { falseAlarmsPerDay: 1, tests: 1 },
  });
  /** From the first minute that rings: what is said, by minute; nothing comes in the minutes `empty`. */
  const play = (...empty: number[]): [minute: number, said: string][] => {
    const random = createRandom(7);
    let [state, shared, has]: [unknown, unknown, boolean] = [undefined, undefined, false];
    const said: [number, string][] = [];
    for (let minute = 0; minute < DAY + 240; minute++) {
      const impressions = random.poisson(2_000);
      const clicks = random.poisson(impressions * (minute < DAY ? 0.02 : 0.06));
      const parts = empty.includes(minute) ? { amount: 0, exposure: 0 } : { amount: clicks, exposure: impressions };
      const value = parts.exposure > 0 ? (parts.amount / parts.exposure) * 100 : null;
      const at = { startMs: START + minute * MINUTE, endMs: START + (minute + 1) * MINUTE };
      const observation = { ...at, labels: {}, value, volume: parts.exposure, absent: parts.exposure === 0, parts };
      const others: SeriesInput<unknown> = { state: undefined, observation: { ...observation, labels: { a: 'other' }, absent: false } };
      const result = detector.observeWindow([{ state, observation }, others], shared);
      shared = result.shared;
      state = result.steps[0]!.state;
      const [verdict] = result.steps[0]!.verdicts;
      has ||= verdict?.status === 'firing';
      if (has) said.push([minute, verdict === undefined ? '-' : `${verdict.status}${verdict.isLasting ? ' lasting' : ''}`]);
    }
    return said;
  };
  const plain = play();
  const end = plain.findIndex(([, said]) => said !== 'firing');
  assert.deepEqual(
    plain.slice(end, end + 2).map(([, said]) => said),
    ['clear lasting', 'clear'],
  );
  const minute = plain[end]![0];
  assert.deepEqual(
    play(minute, minute + 1)
      .slice(end - 1, end + 4)
      .map(([, said]) => said),
    ['firing', '-', '-', 'clear lasting', 'clear'],
  );
});

test('a source that is silent for an hour is not a drop of each of its series', () => {
  const from = DAY + 300;
  const rings = ringsOf({
    minutes: from + 200,
    rate: 20,
    factor: rhythm,
    isSilent: (minute) => minute >= from && minute < from + 60,
  });
  assert.deepEqual(rings, []);
});

test('what is written and read back after every window changes nothing', () => {
  const breaks = DAY + 100;
  const world: World = {
    minutes: breaks + 30,
    rate: 10,
    factor: (minute, country, format) => rhythm(minute) * (minute >= breaks && country === 'US' && format === 'format1' ? 4 : 1),
  };
  const plain = ringsOf(world);
  assert.ok(plain.some(({ series }) => series === 'US/format1 up'));
  assert.deepEqual(ringsOf(world, undefined, true), plain);
});

test('windows of five minutes and of an hour find a segment that triples', () => {
  for (const [windowMs, within] of [
    [5 * MINUTE, 15],
    [60 * MINUTE, 120],
  ] as const) {
    const breaks = 4 * DAY;
    const rings = ringsOf({
      windowMs,
      minutes: breaks + 240,
      rate: 10,
      factor: (minute, country, format) => rhythm(minute) * (minute >= breaks && country === 'US' && format === 'format1' ? 3 : 1),
    });
    const names = rings.map(({ series, minute }) => `${series} ${minute - breaks}`);
    assert.ok(
      rings.some(({ series, minute }) => series === 'US/format1 up' && minute >= breaks && minute - breaks < within),
      `${windowMs}: ${names.join(', ')}`,
    );
    assert.ok(rings.filter(({ minute }) => minute < breaks).length <= 2, names.join(', '));
  }
});

test('windows that begin at an offset ring as others do, and the span that is told begins with one of them', () => {
  const world: World = {
    windowMs: 60 * MINUTE,
    minutes: 4 * DAY + 240,
    rate: 10,
    factor: (minute, country, format) => rhythm(minute) * (minute >= 4 * DAY && country === 'US' && format === 'format1' ? 3 : 1),
  };
  const since = (offsetMs: number) =>
    ringsOf({ ...world, offsetMs }).map(({ minute, series, verdict }) => [minute, series, verdict.grounds!.sinceMs - offsetMs]);
  assert.ok(since(0).some(([, series]) => series === 'US/format1 up'));
  for (const [, , ms] of since(0)) assert.equal((ms as number) % (60 * MINUTE), 0);
  assert.deepEqual(since(30 * MINUTE), since(0));
});

test('a look rings for a rise before the window is over, changes nothing, and leaves drops to the final row', () => {
  const detector = evidence.create(evidenceConfig.parse({ down: '50%', up: '100%' }), { ...context, groupings: [['country']] });
  const random = createRandom(9);
  let state: unknown;
  let shared: unknown;
  const labels = { country: 'US' };
  for (let minute = 0; minute < DAY; minute++) {
    const { steps, shared: next } = detector.observeWindow(
      [{ state, observation: rowOf(labels, minute, random.poisson(50), MINUTE) }],
      shared,
    );
    shared = next;
    state = steps[0]?.state;
  }
  const before = Buffer.from(detector.stateForm!.encode(state));
  const look = (value: number) =>
    detector.look?.([{ state, observation: rowOf(labels, DAY, value, MINUTE) }], shared, { rung: 0, series: 1 })[0] ?? [];
  assert.deepEqual(
    look(400).map(({ direction, status }) => `${direction} ${status}`),
    ['up firing'],
  );
  assert.deepEqual(look(0), []);
  assert.deepEqual(look(60), []);
  assert.deepEqual(Buffer.from(detector.stateForm!.encode(state)), before);
});

test('measures that are no counts, and windows that share events, are refused', () => {
  const config = evidenceConfig.parse({ up: '100%' });
  const bad: DetectorContext = { ...context, measure: { kind: 'max', name: 'slowest', source: 'events', where: [], field: 'ms' } };
  assert.throws(() => evidence.create(config, bad), /slowest.*kind max/);
  assert.throws(() => evidence.create(config, { ...context, window: { name: '5m/1m', sizeMs: 5 * MINUTE, slideMs: MINUTE } }), /hopping/);
  assert.equal(evidenceConfig.safeParse({}).success, false);
});
