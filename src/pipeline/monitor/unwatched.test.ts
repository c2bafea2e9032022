/** Detect entries that are taken out or changed while their alerts fire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { first } from '../../../test/support/first-detector.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';
import { createAlerts } from '../../alerts/alerts.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { WindowRecord } from '../../windows/row.ts';
import type { DetectEntry, MonitorSpec } from './monitor-spec.ts';
import { createMonitor, type Monitor } from './monitor.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T09:00:00.000Z');
const at = (minute: number): number => START + minute * MINUTE;

function specOf(detect: readonly DetectEntry[], changes: Partial<MonitorSpec> = {}): MonitorSpec {
  return {
    pipeline: 'shop',
    dimensions: ['format', 'country'],
    rollups: [['country'], []],
    windows: [
      { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
      { name: '5m', sizeMs: 5 * MINUTE, slideMs: 5 * MINUTE },
    ],
    measures: [{ kind: 'sum', name: 'revenue', source: 'events', where: [], field: 'price', unit: 'USD', currency: 'USD' }],
    detect,
    falseAlarmsPerDay: 1,
    repeatAfterMs: 10 * MINUTE,
    locale: 'en',
    ...changes,
  };
}

function threshold(settings: object, over: DetectEntry['over'] = 'full'): DetectEntry {
  const config = detectorCatalog.threshold.config.parse(settings);
  const naming = { down: { alertType: 'till_empty' }, up: { alertType: 'till_full' } };
  return { detector: 'threshold', config, measure: 'revenue', window: '1m', over, metricName: 'takings', naming };
}

const byFirst = (over: DetectEntry['over']): DetectEntry => {
  return { detector: 'first' as 'threshold', config: {}, measure: 'revenue', window: '1m', over };
};

type State = Map<string, Uint8Array>;

/** A start with a pipeline file, on what the life before has committed. */
function startOn(state: State, spec: MonitorSpec): Monitor {
  const monitor = createMonitor(spec, { alerts: createAlerts(spec), catalog: { ...detectorCatalog, first } });
  monitor.restore(state);
  return monitor;
}

function commit(monitor: Monitor, state: State): void {
  for (const [key, value] of monitor.takeStateChanges()) {
    if (value === null) state.delete(key);
    else state.set(key, value);
  }
}

/** `KR/a`; a star is summed over. */
function row(minute: number, segment: string, revenue: number): WindowRecord {
  const [country = '*', format = '*'] = segment.split('/');
  const labels = { ...(country === '*' ? {} : { country }), ...(format === '*' ? {} : { format }) };
  return rowAt(at(minute), { pipeline: 'shop', labels, measures: { revenue }, state: { revenue }, events: 10 });
}

const closed = (minute: number): WindowRecord => closedAt(at(minute), { pipeline: 'shop' });

function observeAll(monitor: Monitor, records: readonly WindowRecord[]): AlertEvent[] {
  return records.flatMap((record) => monitor.observe(record));
}

/** A life of which an alert fires, and its record. */
function firing(spec: MonitorSpec, revenue: number): { state: State; rang: AlertEvent } {
  const state: State = new Map();
  const monitor = startOn(state, spec);
  const [rang] = observeAll(monitor, [row(0, 'KR/a', revenue), closed(0)]);
  commit(monitor, state);
  assert.equal(rang?.status, 'firing');
  return { state, rang };
}

const both = specOf([threshold({ above: 100, below: 10 })]);

test('an alert whose entry is taken out ends with the first window that closes, called as it was, and says why', () => {
  const { state, rang } = firing(both, 5);
  const monitor = startOn(state, specOf([]));
  commit(monitor, state);
  const ends = observeAll(monitor, [row(1, 'KR/a', 5), closed(1)]);
  assert.deepEqual(
    ends.map(({ alert_id, alert_type, metric_name, status, series, unit, current_value }) => {
      return { alert_id, alert_type, metric_name, status, series, unit, current_value };
    }),
    [
      {
        alert_id: rang.alert_id,
        alert_type: 'till_empty',
        metric_name: 'takings',
        status: 'resolved',
        series: rang.series,
        unit: 'USD',
        current_value: null,
      },
    ],
  );
  const [end] = ends;
  assert.equal(end?.message, '☑️ takings alert ended: a KR: no longer watched');
  assert.match(end?.explanation.text ?? '', /The pipeline file no longer watches takings of a KR in this way/);
  assert.equal(end?.explanation.unwatched, true);
  commit(monitor, state);
  assert.deepEqual([...state.keys()], []);
  assert.deepEqual(observeAll(monitor, [row(2, 'KR/a', 5), closed(2)]), []);
});

test('a crash before that window loses no end', () => {
  const { state, rang } = firing(both, 5);
  const killed = startOn(state, specOf([]));
  observeAll(killed, [row(1, 'KR/a', 5)]);
  commit(killed, state);
  const monitor = startOn(state, specOf([]));
  assert.deepEqual(
    observeAll(monitor, [closed(1)]).map(({ alert_id, status }) => [alert_id, status]),
    [[rang.alert_id, 'resolved']],
  );
});

test('put back before that window the entry goes on with its alert', () => {
  const { state, rang } = firing(both, 5);
  commit(startOn(state, specOf([])), state);
  const events = observeAll(startOn(state, both), [row(1, 'KR/a', 50), closed(1)]);
  assert.deepEqual(
    events.map(({ alert_id, status, current_value }) => [alert_id, status, current_value]),
    [[rang.alert_id, 'resolved', 50]],
  );
});

test('another detector, measure and window size in its place: the alert ends all the same', () => {
  const { state, rang } = firing(both, 5);
  const measures = [{ kind: 'count', name: 'orders', source: 'events', where: [] }] as const;
  const windows = [{ name: '5m', sizeMs: 5 * MINUTE, slideMs: 5 * MINUTE }];
  const monitor = startOn(state, specOf([{ ...threshold({ above: 1 }), measure: 'orders', window: '5m' }], { measures, windows }));
  const [end, ...others] = observeAll(monitor, [
    closedAt(at(0), { pipeline: 'shop', window: '5m', window_end: new Date(at(5)).toISOString() }),
  ]);
  assert.deepEqual([others, end?.alert_id, end?.unit, end?.alert_type], [[], rang.alert_id, 'USD', 'till_empty']);
});

test('a direction that is taken out ends its alert at once; the other one is watched as before', () => {
  const { state, rang } = firing(both, 5);
  const monitor = startOn(state, specOf([threshold({ above: 100 })]));
  const events = observeAll(monitor, [row(1, 'KR/a', 500), closed(1)]);
  assert.deepEqual(
    events.map(({ alert_id, status, alert_type, explanation }) => [alert_id === rang.alert_id, status, alert_type, explanation.unwatched]),
    [
      [true, 'resolved', 'till_empty', true],
      [false, 'firing', 'till_full', undefined],
    ],
  );
  commit(monitor, state);
  assert.deepEqual(observeAll(startOn(state, specOf([threshold({ above: 100 })])), [row(2, 'KR/a', 500), closed(2)]), []);
});

test('when roll-ups are left out, the segments that one of them spoke for are asked who speaks now', () => {
  const state: State = new Map();
  const rows = (minute: number, revenue: number): WindowRecord[] => [
    row(minute, 'KR/a', revenue),
    row(minute, 'KR/b', revenue),
    row(minute, 'KR/*', 2 * revenue),
    closed(minute),
  ];
  const before = startOn(state, specOf([byFirst('all')]));
  const rang = observeAll(before, [...rows(0, 100), ...rows(1, 10)]);
  commit(before, state);
  const speaker = rang.find(({ members }) => members !== undefined)!;
  assert.equal(speaker.series, 'revenue{country="KR"}');

  const monitor = startOn(state, specOf([byFirst('full')]));
  const later = Array.from({ length: 13 }, (_, index) => rows(2 + index, 10)).flat();
  const told = observeAll(monitor, later).map(({ window_end, labels, status, part_of }) => [
    window_end.slice(11, 16),
    `${labels['country']}/${labels['format'] ?? '*'}`,
    status,
    part_of,
  ]);
  assert.deepEqual(told, [
    ['09:03', 'KR/*', 'resolved', undefined],
    ['09:13', 'KR/a', 'firing', undefined],
    ['09:13', 'KR/b', 'firing', undefined],
  ]);
});

test('segments of dimensions that the file has given up are forgotten: their alerts end under their own ids, and none rings for its silence', () => {
  const absence = {
    detector: 'absence',
    config: detectorCatalog.absence.config.parse({ for: '3m' }),
    measure: 'revenue',
    window: '1m',
  } as const;
  const detect = [{ ...absence, over: 'all' }, threshold({ above: 100 })] as const;
  const state: State = new Map();
  const before = startOn(state, specOf(detect));
  const rang = Array.from({ length: 120 }, (_, minute) => {
    const revenue = minute === 119 ? 500 : 50;
    const segments = ['KR/a', 'KR/b', 'KR/*', '*/*'];
    return observeAll(before, [...segments.map((segment) => row(minute, segment, revenue)), closed(minute)]);
  }).flat();
  assert.deepEqual(observeAll(before, [row(120, 'KR/a', 500)]), []);
  commit(before, state);
  assert.equal(rang.length, 2);

  const changes = { dimensions: ['device', 'country'], rollups: [['device'], []] };
  const monitor = startOn(state, specOf(detect, changes));
  const later = Array.from({ length: 120 }, (_, index) => [row(120 + index, '*/*', 50), closed(120 + index)]).flat();
  assert.deepEqual(
    observeAll(monitor, later).map(({ alert_id, window_end, explanation }) => [alert_id, window_end, explanation.unwatched]),
    rang.map(({ alert_id }) => [alert_id, new Date(at(121)).toISOString(), true]),
  );
  commit(monitor, state);
  assert.deepEqual(
    [...state.keys()].filter((key) => key.includes('KR')),
    [],
  );
});
