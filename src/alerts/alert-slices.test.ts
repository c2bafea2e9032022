import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ITEMS_AT_ONCE } from '../core/slices.ts';
import type { Verdict } from '../detectors/detector.ts';
import { createAlertDesk, type AlertSeries, type Judgement } from './alert-desk.ts';
import { createAlerts } from './alerts.ts';
import type { AlertJudge } from './alert-step.ts';
import type { FiringAlert } from './explains.ts';
import { COMPARED_AT_ONCE, speakersOf } from './folding.ts';

const MINUTE = 60_000;
const SERIES = 2_000;
const MEASURE = { kind: 'count', name: 'n', source: 'events', where: [] } as const;
const WINDOW = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };
const subject = { pipeline: 'p', detector: 'threshold', measure: MEASURE, window: WINDOW, metricName: 'n', falseAlarmsPerDay: 1 };

test('however many series ring or end at once, a slice judges or tells a bounded number of them', () => {
  let done = 0;
  const alerts = createAlerts({ repeatAfterMs: 60 * MINUTE, locale: 'en' });
  const counted: AlertJudge = {
    ...alerts,
    judge(...of) {
      done++;
      const step = alerts.judge(...of);
      return { ...step, write: (company) => (done++, step.write(company)) };
    },
  };
  const desk = createAlertDesk<AlertSeries>(subject, undefined, counted);
  const all = Array.from({ length: SERIES }, (_, i): AlertSeries => ({ key: `s${i}`, labels: { segment: `s${i}` }, alerts: {} }));
  const conclude = (minute: number, status: Verdict['status']): { events: number; most: number } => {
    const at = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE, volume: 9 };
    const verdict: Verdict = { direction: 'up', status, observed: 9, expected: 5, threshold: 5, baselineWindows: null };
    const work = desk.conclude(
      all.map((series): Judgement<AlertSeries> => ({ series, at, verdict })),
      at,
    );
    for (let most = 0; ;) {
      done = 0;
      const step = work.next();
      most = Math.max(most, done);
      if (step.done) return { events: step.value.events.length, most };
    }
  };
  for (const status of ['firing', 'clear'] as const) {
    const { events, most } = conclude(status === 'firing' ? 0 : 1, status);
    assert.equal(events, SERIES);
    assert.ok(most > 0 && most <= ITEMS_AT_ONCE, `${most} in one slice`);
  }
});

test('of those that fire already a slice looks at a bounded number', () => {
  let looks = 0;
  const desk = createAlertDesk<AlertSeries>(subject, undefined, createAlerts({ repeatAfterMs: 60 * MINUTE, locale: 'en' }));
  const all = Array.from({ length: SERIES / 4 }, (_, i): AlertSeries => {
    let held: AlertSeries['alerts'] = {};
    return {
      key: `s${i}`,
      labels: { segment: `s${i}` },
      get alerts() {
        looks++;
        return held;
      },
      set alerts(state) {
        held = state;
      },
    };
  });
  /** The most looks at alerts in one slice, while these fire in this minute. */
  const most = (firing: readonly AlertSeries[], minute: number): number => {
    const at = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE, volume: 9 };
    const verdict: Verdict = { direction: 'up', status: 'firing', observed: 9, expected: 5, threshold: 5, baselineWindows: null };
    const work = desk.conclude(
      firing.map((series): Judgement<AlertSeries> => ({ series, at, verdict })),
      at,
    );
    for (let found = 0; ;) {
      looks = 0;
      const { done } = work.next();
      found = Math.max(found, looks);
      if (done) return found;
    }
  };
  most(all.slice(1), 0);
  const found = most(all.slice(0, 1), 1);
  assert.ok(found > 0 && found <= 4 * ITEMS_AT_ONCE, `${found} looks at alerts in one slice`);
});

test('a roll-up is held against its members in slices, whichever rang first', () => {
  let looks = 0;
  /** Tells of each look at what it holds: two alerts are held against each other by their effects. */
  const watched = (alert: FiringAlert): FiringAlert =>
    new Proxy(alert, {
      get(target, name) {
        if (name === 'effect') looks++;
        return Reflect.get(target, name);
      },
    });
  const alertOf = (segment: number, isNew: boolean): FiringAlert => ({
    id: `s${segment}`,
    labels: { segment: `s${segment}` },
    effect: { amount: 10, ratio: 0.5, contributors: [] },
    isNew,
    partOf: undefined,
  });
  for (const isNew of [true, false]) {
    const members = Array.from({ length: SERIES }, (_, i) => watched(alertOf(i, isNew)));
    const total: FiringAlert = {
      ...alertOf(0, true),
      id: 'total',
      labels: {},
      effect: { amount: SERIES * 10, ratio: 0.5, contributors: [] },
    };
    const work = speakersOf([...members, total]);
    let speakers: ReadonlyMap<string, string | undefined> | undefined;
    let most = 0;
    while (!speakers) {
      looks = 0;
      const step = work.next();
      if (step.done) speakers = step.value;
      most = Math.max(most, looks);
    }
    assert.ok(members.every(({ id }) => speakers.get(id) === 'total'));
    // Those that are new are sorted first, a thousand in one go.
    if (!isNew) assert.ok(most > 0 && most <= COMPARED_AT_ONCE, `${most} looks at effects in one slice`);
  }
});
