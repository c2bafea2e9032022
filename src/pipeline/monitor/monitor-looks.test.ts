/** Looks, roll-ups that speak for their members, and state that a detector changes in place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { first } from '../../../test/support/first-detector.ts';
import { createAlerts } from '../../alerts/alerts.ts';
import { atOnce } from '../../core/slices.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { WindowRecord, WindowRow } from '../../windows/row.ts';
import type { MonitorSpec } from './monitor-spec.ts';
import { createMonitor, type Monitor } from './monitor.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T09:00:00.000Z');

const spec: MonitorSpec = {
  pipeline: 'shop',
  dimensions: ['country', 'format'],
  rollups: [['country'], []],
  windows: [{ name: '1m', sizeMs: MINUTE, slideMs: MINUTE }],
  measures: [{ kind: 'count', name: 'orders', source: 'events', where: [] }],
  detect: [{ detector: 'first' as 'threshold', config: {}, measure: 'orders', window: '1m', over: 'all' }],
  falseAlarmsPerDay: 1,
  repeatAfterMs: 10 * MINUTE,
  locale: 'en',
};

function monitorOf(): Monitor {
  return createMonitor(spec, { alerts: createAlerts(spec), catalog: { first } });
}

const at = (minute: number): number => START + minute * MINUTE;

/** `KR/a`; a star is summed over. */
function row(minute: number, segment: string, orders: number, final = true): WindowRow {
  const [country = '*', format = '*'] = segment.split('/');
  const labels = { ...(country === '*' ? {} : { country }), ...(format === '*' ? {} : { format }) };
  return rowAt(at(minute), { pipeline: 'shop', labels, measures: { orders }, state: { orders }, events: orders, final });
}

/** Rows of a minute from the counts of its full segments, and its `closed` record. */
function minuteOf(minute: number, counts: Readonly<Record<string, number>>): WindowRecord[] {
  const rows = Object.entries(withRollups(counts)).map(([segment, orders]) => row(minute, segment, orders));
  return [...rows, closedAt(at(minute), { pipeline: 'shop' })];
}

function withRollups(counts: Readonly<Record<string, number>>): Record<string, number> {
  const all: Record<string, number> = { ...counts };
  for (const [segment, orders] of Object.entries(counts)) {
    for (const sum of [`${segment.split('/')[0]}/*`, '*/*']) all[sum] = (all[sum] ?? 0) + orders;
  }
  return all;
}

function observeAll(monitor: Monitor, records: readonly WindowRecord[]): AlertEvent[] {
  return records.flatMap((record) => monitor.observe(record));
}

/** `09:03 KR/a up firing <KR/*`, `[look]`, `includes KR/a`. */
function told(events: readonly AlertEvent[]): string[] {
  const names = new Map(events.map((event) => [event.alert_id, nameOf(event)]));
  return events.map((event) => {
    const company = event.part_of === undefined ? '' : ` <${names.get(event.part_of)}`;
    const members = event.members ? ` includes ${event.members.map((one) => `${nameOf(one)}${one.told ? ' (told)' : ''}`).join(', ')}` : '';
    return `${event.window_start.slice(11, 16)} ${nameOf(event)} ${event.direction} ${event.status}${event.look ? ' [look]' : ''}${company}${members}`;
  });
}

function nameOf({ labels }: Pick<AlertEvent, 'labels'>): string {
  return `${labels['country'] ?? '*'}/${labels['format'] ?? '*'}`;
}

const calm = { 'KR/a': 100, 'KR/b': 100, 'US/a': 1000, 'US/b': 1000 };
const quickly = (): number => 0;

test('a country that breaks is one incident; its members stand in its record and ring no bell of their own', () => {
  const monitor = monitorOf();
  const events = observeAll(monitor, [
    ...minuteOf(0, calm),
    ...minuteOf(1, { ...calm, 'KR/a': 10, 'KR/b': 20 }),
    ...minuteOf(2, { ...calm, 'KR/a': 10, 'KR/b': 20 }),
    ...minuteOf(3, calm),
  ]);
  assert.deepEqual(told(events), [
    '09:01 KR/a down firing <KR/*',
    '09:01 KR/b down firing <KR/*',
    '09:01 KR/* down firing includes KR/a, KR/b',
    '09:03 KR/a down resolved <KR/*',
    '09:03 KR/b down resolved <KR/*',
    '09:03 KR/* down resolved',
  ]);
  assert.match(events[2]?.explanation.text ?? '', /Alerts it includes: KR a \(2026-03-02 09:01 UTC\), KR b/);
});

test('a member that rang first is taken in by its country; left alone, it is silent until a reminder is due', () => {
  const monitor = monitorOf();
  const late = Array.from({ length: 12 }, (_, index) => minuteOf(4 + index, { ...calm, 'KR/a': 55 })).flat();
  const events = observeAll(monitor, [
    ...minuteOf(0, calm),
    ...minuteOf(1, { ...calm, 'KR/a': 55 }),
    ...minuteOf(2, { ...calm, 'KR/a': 55, 'KR/b': 52 }),
    ...minuteOf(3, { ...calm, 'KR/a': 55 }),
    ...late,
  ]);
  assert.deepEqual(told(events), [
    '09:01 KR/a down firing',
    '09:02 KR/b down firing <KR/*',
    '09:02 KR/* down firing includes KR/a (told), KR/b',
    '09:03 KR/b down resolved <KR/*',
    '09:03 KR/* down resolved',
    '09:13 KR/a down firing',
  ]);
});

test('a look rings before the window is final, and the final row confirms it without a second bell', () => {
  const monitor = monitorOf();
  observeAll(monitor, minuteOf(0, calm));
  const looks = atOnce(monitor.look([row(1, 'KR/a', 170, false), row(1, 'US/a', 400, false)], quickly));
  assert.deepEqual(told(looks), ['09:01 KR/a up firing [look]']);
  assert.match(looks[0]?.explanation.text ?? '', /still open/);
  assert.equal(looks[0]?.look?.amount, 170);
  assert.deepEqual(atOnce(monitor.look([row(1, 'KR/a', 180, false)], quickly)), []);
  const after = observeAll(monitor, [...minuteOf(1, { ...calm, 'KR/a': 300 }), ...minuteOf(2, calm)]);
  assert.deepEqual(
    told(after).filter((line) => line.slice(6).startsWith('KR/a')),
    ['09:02 KR/a up resolved'],
  );
});

test('what rang at a look and is graver in the final row is told so at once; the next reminder comes when it would have come', () => {
  const monitor = monitorOf();
  observeAll(monitor, minuteOf(0, calm));
  const [look] = atOnce(monitor.look([row(1, 'KR/a', 170, false)], quickly));
  const later = Array.from({ length: 10 }, (_, index) => minuteOf(2 + index, { ...calm, 'KR/a': 700 })).flat();
  const events = observeAll(monitor, [...minuteOf(1, { ...calm, 'KR/a': 700 }), ...later]);
  assert.equal(look?.severity, 'medium');
  assert.deepEqual(
    events
      .filter(({ alert_id }) => alert_id === look.alert_id)
      .map(({ alert_time, severity, repeat, current_value }) => [alert_time.slice(11, 16), severity, repeat, current_value]),
    [
      ['09:02', 'high', 1, 700],
      ['09:12', 'high', 2, 700],
    ],
  );
});

test('a folded alert that becomes graver is written at once, as part of the one that speaks for it', () => {
  const monitor = monitorOf();
  const events = observeAll(monitor, [
    ...minuteOf(0, calm),
    ...minuteOf(1, { ...calm, 'KR/a': 40, 'KR/b': 40 }),
    ...minuteOf(2, { ...calm, 'KR/a': 5, 'KR/b': 70 }),
  ]);
  assert.deepEqual(
    told(events).filter((_, index) => events[index]?.severity === 'high'),
    ['09:02 KR/a down firing <KR/*'],
  );
});

test('what rang at a look is not looked at again until its window is over, and is counted', () => {
  const seen: (readonly [looked: number, rung: number, series: number])[] = [];
  const watched: typeof first = {
    ...first,
    create(config, context) {
      const detector = first.create(config, context);
      return {
        ...detector,
        look(inputs, shared, before) {
          seen.push([inputs.length, before.rung, before.series]);
          return detector.look!(inputs, shared, before);
        },
      };
    },
  };
  const monitor = createMonitor(spec, { alerts: createAlerts(spec), catalog: { first: watched } });
  observeAll(monitor, minuteOf(0, calm));
  const rows = (minute: number): WindowRow[] => [row(minute, 'KR/a', 170, false), row(minute, 'US/a', 400, false)];
  atOnce(monitor.look(rows(1), quickly));
  atOnce(monitor.look(rows(1), quickly));
  observeAll(monitor, minuteOf(1, calm));
  atOnce(monitor.look(rows(2), quickly));
  assert.deepEqual(seen, [
    [2, 0, 7],
    [1, 1, 7],
    [2, 0, 7],
  ]);
});

test('what the final row does not bear out ends with it', () => {
  const monitor = monitorOf();
  observeAll(monitor, minuteOf(0, calm));
  assert.equal(atOnce(monitor.look([row(1, 'KR/a', 170, false)], quickly)).length, 1);
  assert.deepEqual(told(observeAll(monitor, minuteOf(1, calm))), ['09:01 KR/a up resolved']);
});

test('a ratio of two sources waits for the final row: its numerator may be read before its denominator', () => {
  const counted = (name: string, source: string) => ({ kind: 'count', name, source, where: [] }) as const;
  const ratio = (name: string, numerator: string, denominator: string) =>
    ({ kind: 'ratio', name, numerator, denominator, scale: 100 }) as const;
  const [entry] = spec.detect;
  const ofSources: MonitorSpec = {
    ...spec,
    measures: [
      counted('orders', 'shop'),
      counted('baskets', 'shop'),
      counted('visits', 'web'),
      ratio('purchase_rate', 'orders', 'visits'),
      ratio('order_rate', 'orders', 'baskets'),
    ],
    detect: ['purchase_rate', 'order_rate', 'orders'].map((measure) => ({ ...entry!, measure })),
  };
  const monitor = createMonitor(ofSources, { alerts: createAlerts(ofSources), catalog: { first } });
  const rowOf = (minute: number, orders: number, visits: number, final: boolean): WindowRow => {
    const values = { orders, baskets: 200, visits };
    const measures = { ...values, purchase_rate: (100 * orders) / visits, order_rate: orders / 2 };
    const labels = { country: 'KR', format: 'a' };
    return rowAt(at(minute), { pipeline: 'shop', labels, measures, state: values, events: visits, final });
  };
  const rang = (events: readonly AlertEvent[]): string[] => events.map(({ measure, status }) => `${measure} ${status}`);
  observeAll(monitor, [rowOf(0, 100, 1_000, true), closedAt(at(0), { pipeline: 'shop' })]);
  assert.deepEqual(rang(atOnce(monitor.look([rowOf(1, 170, 50, false)], quickly))), ['order_rate firing', 'orders firing']);
  assert.deepEqual(rang(observeAll(monitor, [rowOf(1, 200, 1_000, true), closedAt(at(1), { pipeline: 'shop' })])), [
    'purchase_rate firing',
  ]);
});

test('a look that rings nothing changes no state, and one at another window than the next is no look', () => {
  const monitor = monitorOf();
  assert.deepEqual(atOnce(monitor.look([row(0, 'KR/a', 900, false)], quickly)), []);
  observeAll(monitor, minuteOf(0, calm));
  monitor.takeStateChanges();
  const rows = [row(1, 'KR/a', 150, false), row(2, 'KR/a', 900, false), row(0, 'KR/a', 900, false), row(1, 'ZZ/a', 900, false)];
  assert.deepEqual(atOnce(monitor.look(rows, quickly)), []);
  assert.deepEqual(atOnce(monitor.look([{ ...row(1, 'KR/a', 900), origin: 'replay', final: false }], quickly)), []);
  assert.deepEqual(monitor.takeStateChanges(), []);
});

test('looks keep to their time: roll-ups first, the others in turn, and what is skipped is counted', () => {
  const monitor = monitorOf();
  const many = Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`S${index}/a`, 10]));
  observeAll(monitor, minuteOf(0, many));
  let now = 0;
  // Each look takes 50 ms.
  const slowly = (): number => (now += 50);
  const rows = Object.keys(withRollups(many)).map((segment) => row(1, segment, 10, false));
  for (let tick = 0; tick < 5; tick++) atOnce(monitor.look(rows, slowly));
  const { looked, skipped } = monitor.lookCounts();
  assert.equal(looked + skipped, 5 * rows.length);
  assert.ok(skipped > rows.length, `skipped ${skipped} of ${5 * rows.length}`);
  assert.deepEqual(told(atOnce(monitor.look([...rows.filter(({ labels }) => labels['country']), row(1, '*/*', 400_000, false)], slowly))), [
    '09:01 */* up firing [look]',
  ]);
});

const step = fc.record({
  counts: fc.record({ 'KR/a': count(100), 'KR/b': count(100), 'US/a': count(1000) }),
  looks: fc.array(fc.record({ 'KR/a': count(100), 'KR/*': count(200), '*/*': count(1200) }), { maxLength: 3 }),
});

function count(usual: number): fc.Arbitrary<number> {
  return fc.constantFrom(usual, usual, Math.round(usual * 0.4), usual * 2, usual * 3);
}

test('the log of windows and the looks that rang give the same alerts again, after restarts too', () => {
  let looked = 0;
  let folded = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 20 }), fc.infiniteStream(fc.boolean()), (steps, coin) => {
      const log = [...minuteOf(0, calm), ...steps.flatMap(({ counts }, index) => minuteOf(index + 1, counts))];
      const live: AlertEvent[] = [];
      const entries = new Map<string, Uint8Array>();
      let monitor = monitorOf();
      const restart = (): void => {
        for (const [key, value] of monitor.takeStateChanges())
          if (value) entries.set(key, value);
          else entries.delete(key);
        if (!coin.next().value) return;
        monitor = monitorOf();
        monitor.restore(entries);
      };
      live.push(...observeAll(monitor, minuteOf(0, calm)));
      steps.forEach(({ counts, looks }, index) => {
        for (const seen of looks) {
          live.push(
            ...atOnce(
              monitor.look(
                Object.entries(seen).map(([segment, orders]) => row(index + 1, segment, orders, false)),
                quickly,
              ),
            ),
          );
          restart();
        }
        live.push(...observeAll(monitor, minuteOf(index + 1, counts)));
        restart();
      });
      const again = monitorOf();
      again.recall(live);
      assert.equal(JSON.stringify(observeAll(again, log)), JSON.stringify(live));
      looked += live.filter(({ look }) => look).length;
      folded += live.filter((event) => event.part_of !== undefined).length;
    }),
    { numRuns: 150 },
  );
  assert.ok(looked > 100 && folded > 100, `${looked} looks rang, ${folded} alerts were folded`);
});
