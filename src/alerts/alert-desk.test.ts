import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../core/slices.ts';
import type { Verdict } from '../detectors/detector.ts';
import { createAlertDesk, type AlertSeries, type SeriesAlerts } from './alert-desk.ts';
import { createAlerts } from './alerts.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T09:00:00.000Z');
const subject = {
  pipeline: 'ads',
  detector: 'mix',
  measure: { kind: 'count', name: 'clicks', source: 'events', where: [] },
  window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
  metricName: 'clicks',
  falseAlarmsPerDay: 1,
} as const;

/** What the rule says of `KR popup` and the like, a star for all; it is clear of those left out. */
type Minute = Readonly<Record<string, Partial<Verdict>>>;

function lifeOf(minutes: readonly Minute[]) {
  const desk = createAlertDesk<AlertSeries>(subject, undefined, createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' }));
  const known = new Map<string, AlertSeries>();
  const events = minutes.flatMap((said, minute) => {
    const at = { startMs: START + minute * MINUTE, endMs: START + (minute + 1) * MINUTE, volume: 100 };
    for (const key of Object.keys(said)) {
      const [country = '*', format = '*'] = key.split(' ');
      const labels = { ...(country === '*' ? {} : { country }), ...(format === '*' ? {} : { format }) };
      if (!known.has(key)) known.set(key, { key, labels, alerts: {} });
    }
    const judgements = [...known].map(([key, series]) => {
      const limit = { observed: 0, expected: 5, threshold: 5, baselineWindows: null };
      const status = said[key] ? 'firing' : 'clear';
      return { series, at, verdict: { direction: 'up', status, ...limit, ...said[key] } as const };
    });
    const told = atOnce(desk.conclude(judgements, at)).events;
    // As if killed after each window: what stands in the state is all that it goes on with.
    for (const series of known.values()) series.alerts = JSON.parse(JSON.stringify(series.alerts)) as SeriesAlerts;
    return told.map((event) => ({ minute, event }));
  });
  return { series: [...known.values()], events };
}

/** What is told of rules that ring minute by minute, each with what it saw: `* popup [whom it speaks for]`. */
function toldOf(minutes: readonly Readonly<Record<string, number>>[], rule: Partial<Verdict>): string[] {
  const { series, events } = lifeOf(minutes.map((seen) => each(seen, (observed) => ({ observed, ...rule }))));
  return series.flatMap(({ key, alerts }) => {
    const { id, partOf } = alerts.up!;
    const members = series.filter((one) => one.alerts.up!.partOf === id).map((one) => one.key);
    const isTold = events.some(({ event: { alert_id, part_of } }) => alert_id === id && part_of === undefined);
    return isTold && partOf === undefined ? [`${key} [${members.join()}]`] : [];
  });
}

/** Of users who come too often, each with its count, what rings: `12 KR banner/2 robot`, in minute 12, its second reminder. */
function rungBy(minutes: readonly Readonly<Record<string, Readonly<Record<string, number>>>>[]): string[] {
  const verdictOf = (counts: Readonly<Record<string, number>>): Partial<Verdict> => {
    const keys = Object.entries(counts).map(([key, count]) => ({ key, least: count, most: count }));
    return { keys, observed: Math.max(...Object.values(counts)) };
  };
  return lifeOf(minutes.map((counts) => each(counts, verdictOf))).events.flatMap(({ minute, event }) => {
    const { status, part_of, labels, repeat, explanation } = event;
    if (status !== 'firing' || part_of !== undefined) return [];
    const names = explanation.keys?.map(({ key }) => key).join();
    return [`${minute} ${labels.country ?? '*'} ${labels.format ?? '*'}/${repeat} ${names}`];
  });
}

function each<From, To>(of: Readonly<Record<string, From>>, to: (one: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(of).map(([key, one]) => [key, to(one)]));
}

const forMinutes = <One>(count: number, one: One): One[] => Array.from({ length: count }, () => one);

test('a value never seen before is one incident: of the one segment that has it, of all that got it', () => {
  const isNew: Partial<Verdict> = { isUnseen: true };
  assert.deepEqual(toldOf([{ '* popup': 23, 'KR popup': 23 }], isNew), ['KR popup [* popup]']);
  const everywhere = [{ '* popup': 27 }, { '* popup': 40, 'KR popup': 19 }, { '* popup': 41, 'KR popup': 9, 'US popup': 22 }];
  assert.deepEqual(toldOf(everywhere, isNew), ['* popup [KR popup,US popup]']);
});

test('where the keys of heavy hitters are not stored, who comes too often is told apart by its count', () => {
  const noKeys: Partial<Verdict> = { keys: [] };
  assert.deepEqual(toldOf([{ '*': 120, KR: 120, '* popup': 120, 'KR popup': 120 }], noKeys), ['KR popup [*,KR,* popup]']);
  assert.deepEqual(toldOf([{ '*': 240, KR: 120, US: 120 }], noKeys), ['* [KR,US]']);
  // It rings in the total a second later, and comes more often by then.
  assert.deepEqual(toldOf([{ KR: 120 }, { '*': 300, KR: 290 }], noKeys), ['KR [*]']);
});

test('a rule about the value of each series folds nothing', () => {
  assert.deepEqual(toldOf([{ '* popup': 23, 'KR popup': 23 }], {}), ['* popup []', 'KR popup []']);
});

test('who is left alone by its speaker and comes too often all the same rings when a reminder is due, and that is its first', () => {
  const here = { '*': { robot: 120 }, 'KR banner': { robot: 120 } };
  const elsewhere = { '*': { robot: 120 } };
  assert.deepEqual(rungBy([...forMinutes(3, here), ...forMinutes(21, elsewhere)]), [
    '0 KR banner/0 robot',
    '13 * */1 robot',
    '23 * */2 robot',
  ]);
});

test('a user whom the speaker did not tell is told at once, by who names all', () => {
  const seven = { '*': { seven: 120 }, 'KR banner': { seven: 120 } };
  const both = { '*': { eight: 180, seven: 120 }, 'KR banner': { seven: 120 } };
  assert.deepEqual(rungBy([...forMinutes(3, seven), ...forMinutes(11, both)]), [
    '0 KR banner/0 seven',
    '3 * */1 eight,seven',
    '13 * */2 eight,seven',
  ]);
  // From another segment: one that has all of it.
  const other = { '*': { eight: 180 }, 'US video': { eight: 180 } };
  assert.deepEqual(rungBy([seven, { ...both, ...other }, other]), ['0 KR banner/0 seven', '1 US video/0 eight']);
});

test('whom a reminder named is told: who names no other is folded; whose count is gone speaks for nobody', () => {
  const before = forMinutes(5, { 'KR banner': { seven: 120 } });
  const after = forMinutes(6, { 'KR banner': { eight: 120 } });
  const late = { 'KR banner': { eight: 120 }, '*': { eight: 120 } };
  const started = '0 KR banner/0 seven';
  assert.deepEqual(rungBy([...before, ...after, late]), [started, '10 KR banner/1 eight']);
  assert.deepEqual(rungBy([...before, { 'KR banner': { eight: 120 }, '*': { seven: 110 } }]), [started, '5 * */0 seven']);
});

test('a user who spreads from one segment to all is told of the total once, and who spoke goes on as its member', () => {
  const here = { '*': { robot: 1000 }, KR: { robot: 1000 }, 'KR banner': { robot: 1000 } };
  const parts = { 'KR banner': { robot: 250 }, 'KR video': { robot: 250 }, 'US banner': { robot: 250 }, 'US video': { robot: 250 } };
  const everywhere = { '*': { robot: 1000 }, KR: { robot: 500 }, US: { robot: 500 }, ...parts };
  assert.deepEqual(rungBy([here, here, everywhere, everywhere, here]), ['0 KR banner/0 robot', '2 * */1 robot']);
  // To and fro about what it takes to speak.
  const most = (least: number) => ({ '*': { robot: 200 }, 'KR banner': { robot: least } });
  assert.deepEqual(rungBy([190, 170, 185, 110, 195].map(most)), ['0 KR banner/0 robot']);
});

test('who speaks says of each member how grave it is', () => {
  const seen: Record<string, number> = { '*': 900, KR: 120, US: 780 };
  // Far beyond what is permitted, and hardly: `up` beyond five times the limit is high.
  const expected: Record<string, number> = { '*': 100, KR: 60, US: 100 };
  const { events } = lifeOf([
    Object.fromEntries(
      Object.entries(seen).map(([key, observed]) => [key, { observed, expected: expected[key]!, keys: [], isUnseen: true }]),
    ),
  ]);
  const own = new Map(events.map(({ event: { alert_id: id, severity } }) => [id, severity]));
  const members = events.flatMap(({ event }) => event.members ?? []);
  assert.deepEqual(new Set(members.map(({ severity }) => severity)), new Set(['high', 'medium']));
  for (const { alert_id: id, severity } of members) assert.equal(severity, own.get(id));
});

test('what has become graver in the window in which another one takes it over is said in the next', () => {
  const seen = (counts: Readonly<Record<string, number>>): Minute =>
    each(counts, (count) => ({ observed: count, keys: [{ key: 'robot', least: count, most: count }] }));
  const here = seen({ '*': 20, KR: 20, 'KR banner': 20 });
  const everywhere = seen({ '*': 1000, KR: 500, US: 500, 'KR banner': 250, 'KR video': 250, 'US banner': 250, 'US video': 250 });
  const { series, events } = lifeOf([...forMinutes(10, here), everywhere, everywhere, everywhere]);
  const { id } = series.find(({ key }) => key === 'KR banner')!.alerts.up!;
  const own = events.filter(({ event }) => event.alert_id === id);
  assert.deepEqual(
    own.map(({ minute, event: { severity, part_of } }) => [minute, severity, part_of !== undefined]),
    [
      [0, 'medium', false],
      [11, 'high', true],
    ],
  );
});
