/** Silence of all sources, told by the clock: the monitor alone, whose windows do not close then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { atOnce } from '../../core/slices.ts';
import { createAlerts } from '../../alerts/alerts.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { StateChange } from '../../log/log.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { WindowRecord, WindowRow } from '../../windows/row.ts';
import type { MonitorSpec } from './monitor-spec.ts';
import { createMonitor, type Monitor } from './monitor.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T09:00:00.000Z');
const WARM_UP = 40;

const spec: MonitorSpec = {
  pipeline: 'shop',
  dimensions: ['country'],
  rollups: [[]],
  windows: [{ name: '1m', sizeMs: MINUTE, slideMs: MINUTE }],
  measures: [{ kind: 'count', name: 'orders', source: 'events', where: [] }],
  detect: [
    { detector: 'absence', config: detectorCatalog.absence.config.parse({ for: '5m' }), measure: 'orders', window: '1m', over: 'all' },
  ],
  falseAlarmsPerDay: 1,
  repeatAfterMs: 10 * MINUTE,
  locale: 'en',
};

const monitorOf = (): Monitor => createMonitor(spec, { alerts: createAlerts(spec) });
const at = (minute: number): number => START + minute * MINUTE;
const iso = (minute: number): string => new Date(at(minute)).toISOString();

function row(minute: number, country: string | undefined, orders: number, final = true): WindowRow {
  const labels = country === undefined ? {} : { country };
  return rowAt(at(minute), { pipeline: 'shop', labels, measures: { orders }, state: { orders }, events: orders, final });
}

/** A window's rows, those of silent countries left out, and its `closed` record. */
function minuteOf(minute: number, counts: Readonly<Record<string, number>>): WindowRecord[] {
  const heard = Object.entries(counts).filter(([, orders]) => orders > 0);
  const total = heard.reduce((sum, [, orders]) => sum + orders, 0);
  return [
    ...heard.map(([country, orders]) => row(minute, country, orders)),
    ...(total > 0 ? [row(minute, undefined, total)] : []),
    closedAt(at(minute), { pipeline: 'shop' }),
  ];
}

const busy = { KR: 30, US: 50 };

function warmedUp(): { monitor: Monitor; records: WindowRecord[] } {
  const monitor = monitorOf();
  const records = Array.from({ length: WARM_UP }, (_, minute) => minuteOf(minute, busy)).flat();
  assert.deepEqual(observeAll(monitor, records), []);
  return { monitor, records };
}

function observeAll(monitor: Monitor, records: readonly WindowRecord[]): AlertEvent[] {
  return records.flatMap((record) => monitor.observe(record));
}

/** `09:44 * firing [clock]`; the end of the window. */
function told(events: readonly AlertEvent[]): string[] {
  return events.map(({ alert_time: time, labels, status, repeat, look, part_of: partOf }) => {
    const marks = `${repeat > 0 ? ` (${repeat})` : ''}${look?.open_from === undefined ? '' : ' [clock]'}${partOf === undefined ? '' : ' folded'}`;
    return `${time.slice(11, 16)} ${labels['country'] ?? '*'} ${status}${marks}`;
  });
}

/** Asks once for each minute, as a caller does that asks as soon as there is news. */
function wait(monitor: Monitor, fromMinute: number, toMinute: number, rows: readonly WindowRow[] = []): AlertEvent[] {
  const events: AlertEvent[] = [];
  for (let minute = fromMinute; minute <= toMinute; minute++) {
    if (monitor.hasSilence(at(minute)))
      events.push(
        ...atOnce(monitor.silence(at(minute), (isAsked) => rows.filter((one) => isAsked(one.window, Date.parse(one.window_end))))),
      );
    assert.equal(monitor.hasSilence(at(minute)), false);
  }
  return events;
}

test('when nothing comes any more the clock tells it, as one incident; what comes ends it, windows that close behind it do not', () => {
  const { monitor } = warmedUp();
  const rang = wait(monitor, WARM_UP, WARM_UP + 9);
  assert.deepEqual(told(rang), ['09:45 KR firing [clock] folded', '09:45 US firing [clock] folded', '09:45 * firing [clock]'].sort(byEnd));
  assert.match(rang.at(-1)!.explanation.text, /No events arrive from any source/);
  assert.equal(rang.at(-1)!.look?.open_from, iso(WARM_UP));
  const quiet = Array.from({ length: 12 }, (_, i) => minuteOf(WARM_UP + i, {})).flat();
  assert.deepEqual(observeAll(monitor, quiet), []);
  const after = observeAll(monitor, minuteOf(WARM_UP + 12, busy));
  assert.deepEqual(
    after.map(({ status, alert_id: id }) => [status, rang.some((one) => one.alert_id === id)]),
    [
      ['resolved', true],
      ['resolved', true],
      ['resolved', true],
    ],
  );
});

test('what the clock tells is what the windows would have told', () => {
  const { monitor } = warmedUp();
  const byClock = wait(monitor, WARM_UP, WARM_UP + 9);
  const { monitor: other } = warmedUp();
  const byWindows = observeAll(other, Array.from({ length: 9 }, (_, i) => minuteOf(WARM_UP + i, {})).flat());
  const facts = (events: readonly AlertEvent[]): unknown[] =>
    events.map(({ alert_id: id, since, severity, expected_value: expected }) => [id, since, severity, expected]);
  assert.deepEqual(facts(byClock), facts(byWindows));
  const over = observeAll(monitor, minuteOf(WARM_UP + 9, busy));
  assert.ok(byClock.length > 0 && over.length > 0);
  // Since when nothing came, from its beginning to its end: not since the window that rang.
  for (const { since } of [...byClock, ...over]) assert.equal(since, iso(WARM_UP));
});

test('an open window with events in it is not silent', () => {
  const { monitor } = warmedUp();
  const begun = [row(WARM_UP, 'KR', 3, false), row(WARM_UP, undefined, 3, false)];
  const rang = told(wait(monitor, WARM_UP, WARM_UP + 9, begun));
  assert.ok(rang.includes('09:45 US firing [clock]') || rang.includes('09:45 US firing [clock] folded'), rang.join(', '));
  assert.ok(
    rang.some((line) => line.startsWith('09:46 * firing')),
    rang.join(', '),
  );
  assert.ok(!rang.some((line) => line.startsWith('09:45 KR')), rang.join(', '));
});

test('it is told again each cooldown while it lasts, and once only after a restart', () => {
  const { monitor } = warmedUp();
  const rang = wait(monitor, WARM_UP, WARM_UP + 6);
  const again = monitorOf();
  again.restore(entriesOf([monitor.takeStateChanges()]));
  assert.deepEqual(told(wait(again, WARM_UP, WARM_UP + 26)), ['09:55 * firing (1) [clock]', '10:05 * firing (2) [clock]']);
  assert.equal(rang.length, 3);
});

test('nothing is asked before a window has closed, and of a series without habits nothing is told', () => {
  const monitor = monitorOf();
  assert.equal(monitor.hasSilence(at(100)), false);
  observeAll(monitor, minuteOf(0, busy));
  assert.deepEqual(wait(monitor, 1, 300), []);
});

test('a window that is here in part only is not asked about, the next one is', () => {
  const monitor = monitorOf();
  monitor.restore(entriesOf([warmedUp().monitor.takeStateChanges()]), at(WARM_UP) + 1);
  const unasked = (): readonly WindowRow[] => assert.fail('asked for rows');
  assert.equal(monitor.hasSilence(at(WARM_UP + 1)), false);
  assert.deepEqual(atOnce(monitor.silence(at(WARM_UP + 1), unasked)), []);
  assert.equal(monitor.hasSilence(at(WARM_UP + 2)), true);
});

test('a source that is silent every night is not told of by night, and is by day', () => {
  const monitor = monitorOf();
  const day = 24 * 60;
  for (let night = 0; night < 4; night++) {
    // Awake for 16 hours; of the night the next windows are told only, when the morning comes.
    for (let minute = 0; minute < 16 * 60; minute++) observeAll(monitor, minuteOf(night * day + minute, busy));
    const byNight = wait(monitor, night * day + 16 * 60, night * day + day);
    if (night >= 3) assert.deepEqual(told(byNight), []);
    observeAll(monitor, Array.from({ length: 60 }, (_, i) => minuteOf(night * day + 16 * 60 + i, {})).flat());
  }
  for (let minute = 0; minute < 6 * 60; minute++) observeAll(monitor, minuteOf(4 * day + minute, busy));
  assert.equal(wait(monitor, 4 * day + 6 * 60, 4 * day + 6 * 60 + 30).filter(({ status }) => status === 'firing').length > 0, true);
});

test('windows and the looks that rang give the same alerts again, whatever the clock asked and when the process died', () => {
  let rang = 0;
  const bursts = fc.array(fc.record({ kr: fc.nat(2), us: fc.nat(2), lasts: fc.integer({ min: 1, max: 8 }) }), { maxLength: 6 });
  fc.assert(
    fc.property(bursts, fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 30, maxLength: 30 }), fc.nat(29), (drawn, waits, death) => {
      let { monitor, records } = warmedUp();
      const noted: StateChange[][] = [];
      const live: AlertEvent[] = [];
      const minutes = drawn.flatMap(({ kr, us, lasts }) => Array.from({ length: lasts }, () => ({ KR: kr * 20, US: us * 20 })));
      minutes.forEach((counts, i) => {
        const minute = WARM_UP + i;
        live.push(...wait(monitor, minute, minute + (waits[i] ?? 0)));
        noted.push(monitor.takeStateChanges());
        if (i === death) {
          monitor = monitorOf();
          monitor.restore(entriesOf(noted));
        }
        const next = minuteOf(minute, counts);
        records = [...records, ...next];
        live.push(...observeAll(monitor, next));
      });
      rang += live.filter(({ look }) => look).length;
      const again = monitorOf();
      again.recall(live);
      assert.deepEqual(JSON.parse(JSON.stringify(observeAll(again, records))), JSON.parse(JSON.stringify(live)));
    }),
    { numRuns: 60 },
  );
  assert.ok(rang > 20, `${rang} looks that rang are too few to tell anything`);
});

test('a look that rang and whose state was not noted is taken in at once', () => {
  const { monitor } = warmedUp();
  const noted = entriesOf([monitor.takeStateChanges()]);
  const rang = wait(monitor, WARM_UP, WARM_UP + 6);
  const again = monitorOf();
  again.restore(noted);
  assert.deepEqual(JSON.stringify(again.recall(rang)), JSON.stringify(rang));
  assert.deepEqual(wait(again, WARM_UP, WARM_UP + 9), []);
  assert.deepEqual(again.recall(rang), []);
});

/** As the next start finds it, where a new revision has whole windows from that minute on. */
function renewed(monitor: Monitor, minute: number): Monitor {
  const again = monitorOf();
  again.restore(entriesOf([monitor.takeStateChanges()]), at(minute));
  return again;
}

test('windows that a new revision left out are not silent: nobody listened', () => {
  const { monitor } = warmedUp();
  // So long has nobody listened; and of a series that has nothing in the first window that is told again, nothing is known yet.
  const again = renewed(monitor, WARM_UP + 8);
  assert.deepEqual(told(observeAll(again, minuteOf(WARM_UP + 8, { KR: 30 }))), []);
  const rang = observeAll(again, Array.from({ length: 12 }, (_, i) => minuteOf(WARM_UP + 9 + i, { KR: 30 })).flat());
  assert.deepEqual(
    rang.map(({ labels, since }) => [labels['country'], since]),
    [['US', iso(WARM_UP + 8)]],
  );
});

test('the clock does not take windows for silent either that a new revision left out', () => {
  const { monitor } = warmedUp();
  const again = renewed(monitor, WARM_UP + 8);
  assert.equal(again.hasSilence(at(WARM_UP + 8)), false);
  const rang = wait(again, WARM_UP + 8, WARM_UP + 18);
  assert.ok(rang.length > 0);
  for (const { since } of rang) assert.equal(since, iso(WARM_UP + 8));
});

test('what comes late in a window that was left out brings none of them back', () => {
  const { monitor } = warmedUp();
  const completeFrom = WARM_UP + 8;
  const again = renewed(monitor, completeFrom);
  const late = [row(WARM_UP + 2, 'KR', 1, false), row(WARM_UP + 2, undefined, 1, false)];
  const rang: AlertEvent[] = [];
  for (let minute = completeFrom; minute <= WARM_UP + 18; minute++) {
    const rows = (isAsked: (window: string, endMs: number) => boolean) =>
      late.filter((one) => isAsked(one.window, Date.parse(one.window_end)));
    if (again.hasSilence(at(minute))) rang.push(...atOnce(again.silence(at(minute), rows)));
  }
  assert.ok(rang.length > 0);
  for (const { since } of rang) assert.equal(since, iso(completeFrom));
});

test('a silence that rang before windows were left out goes on until something comes', () => {
  const { monitor } = warmedUp();
  const rang = observeAll(monitor, Array.from({ length: 9 }, (_, i) => minuteOf(WARM_UP + i, { KR: 30 })).flat());
  assert.deepEqual(told(rang), ['09:45 US firing']);
  const again = renewed(monitor, WARM_UP + 10);
  assert.deepEqual(told(observeAll(again, minuteOf(WARM_UP + 10, { KR: 30 }))), []);
  assert.deepEqual(told(observeAll(again, minuteOf(WARM_UP + 11, busy))), ['09:52 US resolved']);
});

function entriesOf(noted: readonly (readonly StateChange[])[]): [string, Uint8Array][] {
  const all = new Map<string, Uint8Array | null>(noted.flat());
  return [...all].flatMap(([key, value]): [string, Uint8Array][] => (value === null ? [] : [[key, value]]));
}

/** The order in which they stand in the topic: by the series' key. */
function byEnd(a: string, b: string): number {
  return Number(b.includes('folded')) - Number(a.includes('folded')) || (a < b ? -1 : 1);
}
