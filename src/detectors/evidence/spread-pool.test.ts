/** Sums of money, of series whose amounts are far apart: what one is held to is none of the others' currency. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import { evidenceConfig } from './config.ts';
import { evidence } from './evidence.ts';
import { createField } from './field.ts';
import type { FieldMemory } from './field.ts';
import { At } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';
import { createEvidenceRows } from './rows.ts';

const DAY = 1_440;
const SERIES = 20;
const BREAK = 1_600;
const SEEDS = [1, 2, 3];

interface World {
  readonly seed: number;
  /** Events a minute, on average. */
  readonly events: number;
  /** What one payment of a series is on average, and the part of its events that pays; the same in all by default. */
  readonly payment?: (series: number) => number;
  readonly paying?: (series: number) => number;
  /** Of the last series, in the first minute that it is heard of. */
  readonly absurd?: { readonly amount: number; readonly minute: number };
}

interface Rung {
  readonly series: number;
  readonly minute: number;
  readonly direction: string;
}

/** What rings in payments of exponential size. The first series falls to 30 % at BREAK. */
function ring({ seed, events, payment = () => 1, paying = () => 1, absurd }: World, falls = true, minutes = BREAK + 240): Rung[] {
  const share = { windowMs: 60_000, series: SERIES, falseAlarmsPerDay: 1, tests: 2, down: 0.5, up: 1 };
  const rows = createEvidenceRows({ ...share, adds: 'amounts', hasExposure: false });
  const randoms = Array.from({ length: SERIES }, (_, series) => createRandom(series + 1, seed));
  const on: (string | undefined)[] = [];
  const rung: Rung[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const rhythm = 1 + 0.3 * Math.sin((2 * Math.PI * minute) / DAY);
    randoms.forEach((random, series) => {
      const isAbsurd = absurd !== undefined && series === SERIES - 1;
      if (isAbsurd && minute < absurd.minute) return;
      const left = falls && series === 0 && minute >= BREAK ? 0.3 : 1;
      const payments = random.poisson(events * rhythm * left);
      let sum = isAbsurd && minute === absurd.minute ? absurd.amount : 0;
      for (let i = 0; i < payments; i++) sum -= payment(series) * Math.log(1 - random.unit());
      const direction = rows.observe(series, minute, sum, 1, Math.round(payments / paying(series)));
      if (direction !== undefined && direction !== on[series]) rung.push({ series, minute, direction });
      on[series] = direction;
    });
  }
  return rung;
}

/** Minutes until the break was found. */
function delay(rung: readonly Rung[]): number {
  const found = rung.find(({ series, minute, direction }) => series === 0 && minute >= BREAK && direction === 'down');
  return found ? found.minute - BREAK : Infinity;
}

for (const times of [30, 1_000]) {
  test(`a break of small amounts is found as soon among amounts ${times} times as large as among equal ones`, () => {
    for (const events of [3, 30]) {
      for (const seed of SEEDS) {
        const alike = delay(ring({ seed, events }));
        const small = delay(ring({ seed, events, payment: (series) => (series === 0 ? 1 : times) }));
        assert.ok(alike <= 60 && Math.abs(small - alike) <= 2, `${events} a minute, seed ${seed}: ${small} instead of ${alike} minutes`);
      }
    }
  });
}

test('of amounts of all sizes, those of one series in another unit change no alert', () => {
  for (const seed of SEEDS) {
    const payment = (series: number): number => 10 ** (series % 4);
    const inCents = (series: number): number => (series === 7 ? 1_000 : 1) * payment(series);
    const rung = ring({ seed, events: 30, payment });
    assert.ok(delay(rung) <= 10, JSON.stringify(rung));
    assert.deepEqual(ring({ seed, events: 30, payment: inCents }), rung);
  }
});

// The last is more than a 32-bit number can hold.
for (const amount of [1e15, 1e60]) {
  test(`a new series with an absurd amount in it, ${amount}, makes nobody deaf`, () => {
    for (const seed of SEEDS) {
      const absurd = { amount, minute: 1_000 };
      assert.ok(delay(ring({ seed, events: 30, absurd })) <= 10, `seed ${seed}`);
    }
  });
}

test('where payments are alike, and of some series one event in a hundred pays, they are held to each other as amounts', () => {
  const paying = (series: number): number => [1, 0.1, 0.01][series % 3]!;
  let alarms = 0;
  for (const seed of SEEDS) {
    const rung = ring({ seed, events: 30, paying });
    assert.ok(delay(rung) <= 10, `seed ${seed}: ${JSON.stringify(rung)}`);
    alarms += rung.filter(({ series, minute }) => series !== 0 || minute < BREAK).length;
  }
  // Of 4 expected at most, so many or more would come once in 1,000.
  assert.ok(alarms < 12, `${alarms} false alarms in ${(SEEDS.length * (BREAK + 240)) / DAY} days at a budget of 1 a day`);
});

test('in amounts of all sizes, series small and large, the budget is kept', () => {
  const payment = (series: number): number => 10 ** (series % 5);
  const days = 2;
  const alarms = SEEDS.map((seed) => ring({ seed, events: 3, payment }, false, days * DAY).length).reduce((sum, each) => sum + each, 0);
  // Of 6 expected at most, so many or more would come once in 1,000.
  assert.ok(alarms < 15, `${alarms} false alarms in ${days * SEEDS.length} days at a budget of 1 a day`);
});

test('a pool that was stored before spreads were kept by event is read, and goes on with both', () => {
  const settings = { windowMs: 60_000, habits: false, falseAlarmsPerDay: 1, tests: 1, drop: 0.5, rise: undefined };
  const model = createModel({ ...settings, hasExposure: false, profile: profileOf('amounts', false) });
  const { pool, ...rest } = createField(model).memory();
  const { sizes: _, ...older } = pool;
  const stored = JSON.parse(JSON.stringify({ ...rest, pool: { ...older, spreadSum: 5e6, spreadWeight: 100 } })) as FieldMemory;
  const field = createField(model, stored);
  const random = createRandom(3, 4);
  const states = [1, 1_000].map((payment) => ({ payment, state: field.bear(0) }));
  for (let slot = 0; slot < 600; slot++) {
    field.begin(slot, states.length);
    for (const { payment, state } of states) {
      const events = random.poisson(30);
      field.enter(state, slot, payment * random.poisson(events), 1, events);
    }
  }
  const spreads = states.map(({ payment, state }) => state.numbers[At.spread]! / payment);
  // Payments of 0, 1, 2 and so on, 1 on average: E(size^2)/E(size) is 2.
  assert.ok(
    spreads.every((spread) => spread > 1 && spread < 4),
    JSON.stringify(spreads),
  );
  const { sizes } = field.memory().pool;
  assert.ok(sizes!.sum / sizes!.weight > 1 && sizes!.sum / sizes!.weight < 4, JSON.stringify(sizes));
});

test('the events of a row are those that its amount came in', () => {
  const detector = evidence.create(evidenceConfig.parse({ down: '50%' }), {
    measure: { kind: 'sum', name: 'revenue', source: 'events', where: [], field: 'revenue' },
    window: { name: '1m', sizeMs: 60_000, slideMs: 60_000 },
    adds: 'amounts',
  });
  const random = createRandom(5, 1);
  let state: unknown;
  let shared: unknown;
  for (let minute = 0; minute < 300; minute++) {
    const volume = random.poisson(30);
    const amount = 10 * random.poisson(volume);
    const window = { startMs: minute * 60_000, endMs: (minute + 1) * 60_000, labels: {}, absent: false };
    const observation = { ...window, value: amount, volume, parts: { amount, exposure: 1 } };
    const result = detector.observeWindow([{ state, observation }], shared);
    state = result.steps[0]!.state;
    shared = result.shared;
  }
  const { pool } = (shared as { segments: FieldMemory }).segments;
  const [spread, byEvent] = [pool.spreadSum / pool.spreadWeight, pool.sizes!.sum / pool.sizes!.weight];
  // What an event brings is 10.
  assert.ok(Math.abs(spread / byEvent - 10) < 0.5, `${spread} and ${byEvent}`);
});
