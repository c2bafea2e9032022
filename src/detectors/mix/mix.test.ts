import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, type Random } from '../../core/random.ts';
import type { Labels } from '../../core/labels.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { Direction, Grounds, SeriesInput } from '../detector.ts';
import { mixConfig } from './config.ts';
import { mix } from './mix.ts';

const MINUTE = 60_000;
const HOUR = 60;
const DAY = 24 * HOUR;
const measure: MeasureSpec = { kind: 'count', name: 'clicks', source: 'events', where: [] };
const window = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };

interface Member {
  readonly labels: Labels;
  mean(minute: number): number;
  /** It has rows from the first window on, also before anything is counted in them. */
  readonly isThere?: true;
}

/** What comes in a window, and of which kind it is; default: events one by one. */
interface Nature {
  readonly adds: 'events' | 'amounts';
  /** Behind what a window counts, if it counts anything; default: as many as that. */
  readonly volume?: number;
  draw(random: Random, mean: number): number;
}

interface Rung {
  readonly minute: number;
  readonly who: string;
  readonly direction: Direction;
  readonly isUnseen: boolean;
  /** Undefined: it is still on. */
  lasted?: boolean;
  /** Its end is that of a value never seen before. */
  isKnown?: boolean;
}

const events: Nature = { adds: 'events', draw: (random, mean) => random.poisson(mean) };

function play(
  members: readonly Member[],
  minutes: number,
  settings: object,
  seed: number,
  falseAlarmsPerDay = 1,
  { adds, volume, draw }: Nature = events,
  windowMinutes = 1,
  told: Grounds[] = [],
): Rung[] {
  const random = createRandom(seed);
  const detector = mix.create(mixConfig.parse({ of: 'country', ...settings }), {
    measure,
    window: { name: `${windowMinutes}m`, sizeMs: windowMinutes * MINUTE, slideMs: windowMinutes * MINUTE },
    budget: { falseAlarmsPerDay, tests: 2 },
    adds,
  });
  const states: unknown[] = members.map(() => undefined);
  const known = members.map(({ isThere }) => isThere === true);
  const on = new Set<string>();
  const rung: Rung[] = [];
  for (let minute = 0; minute < minutes; minute += windowMinutes) {
    const seen: number[] = [];
    const inputs = members.flatMap(({ labels, mean }, index): SeriesInput<unknown>[] => {
      const amount = draw(random, mean(minute));
      if (amount === 0 && !known[index]) return [];
      known[index] = true;
      seen.push(index);
      const at = { startMs: minute * MINUTE, endMs: (minute + windowMinutes) * MINUTE };
      return [
        {
          state: states[index],
          observation: {
            ...at,
            labels,
            value: amount,
            volume: amount === 0 ? 0 : (volume ?? amount),
            absent: amount === 0,
            parts: { amount, exposure: 1 },
          },
        },
      ];
    });
    detector.observeWindow(inputs, undefined).steps.forEach(({ state, verdicts }, at) => {
      const index = seen[at]!;
      states[index] = state;
      for (const { direction, status, grounds, isUnseen = false, isLasting = false } of verdicts) {
        if (grounds) told.push(grounds);
        const key = `${index} ${direction}`;
        const who = Object.values(members[index]!.labels).join(' ');
        if (status === 'firing' && !on.has(key)) rung.push({ minute, who, direction, isUnseen });
        if (status === 'firing') on.add(key);
        else if (on.delete(key)) {
          const begun = rung.findLast((one) => one.who === who && one.direction === direction)!;
          begun.lasted = isLasting;
          if (isUnseen) begun.isKnown = true;
        }
      }
    });
  }
  return rung;
}

const tide = (minute: number): number => 1 + 0.8 * Math.sin((2 * Math.PI * minute) / DAY);
const means = { US: 60, KR: 25, DE: 10, BR: 5 };
const members = (factor: (who: string, minute: number) => number): Member[] =>
  Object.entries(means).map(([country, mean]) => ({
    labels: { country },
    mean: (minute) => mean * tide(minute) * factor(country, minute),
  }));

const steady: Member[] = Object.entries(means).map(([country, mean]) => ({ labels: { country }, mean: () => mean }));

test('what all do together rings nothing', () => {
  const all = members((_, minute) => (minute >= 900 && minute < 1_000 ? 0.2 : minute >= 1_200 ? 4 : 1));
  assert.deepEqual(play(all, 2 * DAY, { down: '30%', up: '50%' }, 1), []);
});

test('a share that doubles is told, of that member alone, and once', () => {
  const all = members((who, minute) => (who === 'DE' && minute >= 1_500 && minute < 1_560 ? 3 : 1));
  const rung = play(all, 2 * DAY, { down: '50%', up: '50%' }, 2);
  assert.deepEqual(
    rung.map(({ who, direction, lasted }) => [who, direction, lasted]),
    [['DE', 'up', false]],
  );
  assert.ok(rung[0]!.minute >= 1_500 && rung[0]!.minute < 1_510, `${rung[0]!.minute}`);
});

test('a share that has changed for good is told once, and its end is no all-clear', () => {
  const all = members((who, minute) => (who === 'DE' && minute >= 1_500 ? 3 : 1));
  const rung = play(all, 2 * DAY, { up: '100%' }, 2);
  assert.deepEqual(
    rung.map(({ who, direction, lasted }) => [who, direction, lasted]),
    [['DE', 'up', true]],
  );
});

test('shares that swing by themselves within a day keep to the budget', () => {
  let alarms = 0;
  for (let seed = 1; seed <= 4; seed++) {
    const all = members((who, minute) => 1 + (who === 'KR' ? 0.3 : 0.1) * Math.sin((2 * Math.PI * (minute + 77 * seed)) / DAY));
    alarms += play(all, 7 * DAY, { down: '30%', up: '50%' }, seed).length;
  }
  assert.ok(alarms <= 28, `${alarms} alarms in 28 days`);
});

test('with shares that stay the budget is kept', () => {
  let alarms = 0;
  for (let seed = 11; seed <= 14; seed++)
    alarms += play(
      members(() => 1),
      5 * DAY,
      { down: '10%', up: '10%' },
      seed,
      20,
    ).length;
  assert.ok(alarms <= 400, `${alarms} alarms in 20 days`);
});

/** Payments, `mean` in a window, whose logarithms have this standard deviation. */
const money = (sd: number): Nature => ({
  adds: 'amounts',
  draw: (random, mean) =>
    Array.from({ length: random.poisson(mean) }, () => Math.exp(sd * random.normal())).reduce((sum, one) => sum + one, 0),
});
const clumps = (size: number): Nature => ({ adds: 'events', draw: (random, mean) => size * random.poisson(mean / size) });

for (const [title, nature] of [
  ['money', money(0.5)],
  ['rougher money', money(1)],
  ['the roughest money', money(1.6)],
  ['events in clumps of 5', clumps(5)],
  ['events in clumps of 20', clumps(20)],
] as const) {
  test(`what averages out over ten windows rings in none of the shorter spans: ${title}`, () => {
    let alarms = 0;
    for (let seed = 21; seed <= 24; seed++) alarms += play(steady, 2 * DAY, { down: '50%', up: '100%' }, seed, 1, nature).length;
    assert.ok(alarms <= 8, `${alarms} alarms in 8 days`);
  });
}

test('a share of money, or of events in clumps, that breaks is found within a quarter of an hour', () => {
  for (const [nature, factor] of [
    [money(1), 0.3],
    [money(1), 3],
    [clumps(5), 0.3],
    [clumps(5), 3],
  ] as const) {
    const breaks = steady.map((member) =>
      member.labels['country'] === 'KR' ? { ...member, mean: (at: number) => (at < DAY ? 25 : 25 * factor) } : member,
    );
    const rung = play(breaks, DAY + 100, { down: '50%', up: '100%' }, 7, 1, nature);
    // What one gains or loses others lose or gain, and may ring as well.
    const first = rung.find(({ who }) => who === 'KR');
    assert.ok(rung.every(({ minute }) => minute >= DAY));
    assert.equal(first?.direction, factor > 1 ? 'up' : 'down');
    assert.ok(first.minute < DAY + 15, `after ${first.minute - DAY} minutes`);
  }
});

/** XX was there for 70 minutes before its first sale, and then has one an hour or so. */
const seldom = (salesADay: number): Member => ({
  labels: { country: 'XX' },
  mean: (minute) => (minute < 70 ? 0 : salesADay / DAY),
  isThere: true,
});

test('the first sale of a value, and single ones after it, are no rise of its share', () => {
  for (const sd of [0.5, 1, 1.6]) {
    let alarms = 0;
    for (let seed = 31; seed <= 34; seed++) {
      const all = [...steady, seldom(24), { ...seldom(6), labels: { country: 'YY' } }];
      alarms += play(all, 3 * DAY, { down: '50%', up: '100%' }, seed, 1, money(sd)).length;
    }
    assert.ok(alarms <= 12, `standard deviation ${sd}: ${alarms} alarms in 12 days`);
  }
});

test('a break is found beside values that hardly ever sell anything', () => {
  const breaks = steady.map((member) =>
    member.labels['country'] === 'KR' ? { ...member, mean: (at: number) => (at < DAY ? 25 : 8) } : member,
  );
  const [first] = play([...breaks, seldom(24)], DAY + 60, { down: '50%', up: '100%' }, 7, 1, money(1));
  assert.deepEqual([first?.who, first?.direction], ['KR', 'down']);
  assert.ok(first!.minute >= DAY && first!.minute < DAY + 20, `after ${first!.minute - DAY} minutes`);
});

test('shares of money are the same in every unit, and as sure', () => {
  const breaks = steady.map((member) =>
    member.labels['country'] === 'KR' ? { ...member, mean: (at: number) => (at < DAY ? 25 : 75) } : member,
  );
  const rungIn = (unit: number, told: Grounds[] = []): Rung[] => {
    const { draw, ...nature } = money(0.5);
    const inUnit: Nature = { ...nature, draw: (random, mean) => draw(random, mean) / unit };
    return play([...breaks, seldom(24)], DAY + 3 * HOUR, { down: '50%', up: '100%' }, 9, 1, inUnit, 1, told);
  };
  const sureIn = (unit: number): string[] => {
    const told: Grounds[] = [];
    rungIn(unit, told);
    return told.map(({ ratioRange, expectedRange }) =>
      [...ratioRange, ...expectedRange.map((amount) => amount * unit)].map((value) => value.toPrecision(3)).join(' '),
    );
  };
  assert.ok(rungIn(1).some(({ who, direction }) => who === 'KR' && direction === 'up'));
  for (const unit of [1e5, 1e-5]) {
    assert.deepEqual(rungIn(unit), rungIn(1), `${unit}`);
    assert.deepEqual(sureIn(unit), sureIn(1), `${unit}`);
  }
});

test('of a sum, too, a new value is told when twenty events stand behind it, whatever they are worth', () => {
  const rungOf = (amount: number, volume: number, minutes: number): Rung[] => {
    const isOn = (minute: number): boolean => minute >= 500 && minute < 500 + minutes;
    const all = [...steady, { labels: { country: 'XX' }, mean: (minute: number) => (isOn(minute) ? amount : 0) }];
    return play(all, 600, { unseen: '2%' }, 3, 1, { adds: 'amounts', volume, draw: (_, mean) => mean });
  };
  assert.deepEqual(rungOf(3_000, 1, 1), [], 'one payment');
  const [first] = rungOf(3, 6, 5);
  assert.deepEqual(first, { minute: 503, who: 'XX', direction: 'up', isUnseen: true, lasted: false, isKnown: true });
  assert.deepEqual(rungOf(1, 6, 5), [], 'less than 2 %');
});

test('a value that was never there is told as such, once it is large enough', () => {
  const all = [...members(() => 1), { labels: { country: 'XX' }, mean: (minute: number) => (minute < 500 ? 0 : minute < 600 ? 0.2 : 30) }];
  const rung = play(all, DAY, { unseen: '5%' }, 3);
  assert.equal(rung.length, 0, 'by minute 600 it is one of them, small as it was');
  const sudden = [...members(() => 1), { labels: { country: 'XX' }, mean: (minute: number) => (minute < 500 ? 0 : 30) }];
  const [first, ...others] = play(sudden, DAY, { unseen: '5%' }, 3);
  assert.deepEqual(first, { minute: 500, who: 'XX', direction: 'up', isUnseen: true, lasted: true, isKnown: true });
  assert.deepEqual(others, []);
  const gone = [...members(() => 1), { labels: { country: 'XX' }, mean: (minute: number) => (minute >= 500 && minute < 520 ? 30 : 0) }];
  assert.deepEqual(play(gone, DAY, { unseen: '5%' }, 3), [{ ...first, lasted: false }]);
});

test('a new value is told in windows of an hour and longer, and without a warm-up', () => {
  for (const [windowMinutes, settings] of [
    [HOUR, {}],
    [4 * HOUR, {}],
    [1, { warm_up: '0s' }],
    [HOUR, { warm_up: '0s' }],
  ] as const) {
    const since = 40 * windowMinutes;
    const all = [...steady, { labels: { country: 'XX' }, mean: (minute: number) => (minute < since ? 0 : 30) }];
    const [first, ...others] = play(all, 100 * windowMinutes, { unseen: '5%', ...settings }, 3, 1, events, windowMinutes);
    assert.deepEqual(first, { minute: since, who: 'XX', direction: 'up', isUnseen: true, lasted: true, isKnown: true });
    assert.deepEqual(others, []);
  }
});

test('a share that has changed for a few windows is no usual one, however long they are', () => {
  const size = 4 * HOUR;
  const factor = (minute: number): number => (minute >= 60 * size && minute < 63 * size ? 6 : 1);
  const all = steady.map((member) => (member.labels['country'] === 'DE' ? { ...member, mean: (at: number) => 10 * factor(at) } : member));
  assert.deepEqual(
    play(all, 100 * size, { up: '100%' }, 2, 1, events, size).map(({ who, direction, lasted }) => [who, direction, lasted]),
    [['DE', 'up', false]],
  );
});

test('an alarm that lasts over windows in which nothing came at all is told of one of those in which something did', () => {
  const detector = mix.create(mixConfig.parse({ of: 'country', up: '100%' }), { measure, window });
  const random = createRandom(5);
  const states: unknown[] = [undefined, undefined];
  const told: Grounds[] = [];
  for (let minute = 0; minute < DAY + HOUR + 5; minute++) {
    if (minute >= DAY + 10 && minute < DAY + HOUR) continue;
    const at = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
    const inputs = [random.poisson(80), random.poisson(minute < DAY ? 20 : 200)].map((value, index) => ({
      state: states[index],
      observation: {
        ...at,
        labels: { country: ['US', 'KR'][index]! },
        value,
        volume: value,
        absent: false,
        parts: { amount: value, exposure: 1 },
      },
    }));
    detector.observeWindow(inputs, undefined).steps.forEach(({ state, verdicts }, index) => {
      states[index] = state;
      for (const { grounds } of verdicts) if (grounds) told.push(grounds);
    });
  }
  assert.ok(told.length >= 10, `${told.length}`);
  for (const { observed, expected } of told) {
    assert.ok(observed > 120 && observed < 280, `${observed} came`);
    assert.ok(expected > 40 && expected < 80, `${expected} would have come`);
  }
});

test('each rest of the labels is a total of its own', () => {
  const own = (ad_format: string, country: string, mean: (minute: number) => number): Member => ({ labels: { country, ad_format }, mean });
  const all = ['banner', 'video'].flatMap((format) => [
    own(format, 'US', () => 40),
    own(format, 'KR', (minute) => (format === 'video' && minute >= 1_500 && minute < 1_540 ? 0 : 40)),
  ]);
  const rung = play(all, DAY + 200, { down: '50%' }, 4);
  assert.deepEqual(
    rung.map(({ who }) => who),
    ['KR video'],
  );
});

test('settings that do not suit are refused with what would', () => {
  const make =
    (settings: object, over: object = {}) =>
    () =>
      mix.create(mixConfig.parse({ of: 'country', up: '50%', ...settings }), { measure, window, ...over });
  assert.throws(
    make({}, { measure: { kind: 'ratio', name: 'ctr', numerator: 'a', denominator: 'b', scale: 1 } }),
    /mix for a measure of kind ratio.*a count or a sum/,
  );
  assert.throws(make({ of: 'planet' }, { groupings: [['country']] }), /of: planet, which is no dimension/);
  assert.equal(mixConfig.safeParse({ of: 'country' }).success, false);
});
