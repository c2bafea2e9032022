import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createAlerts } from '../../alerts/alerts.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { DetectorName } from '../../detectors/catalog.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { WindowRecord } from '../../windows/row.ts';
import type { DetectEntry, MonitorSpec } from './monitor-spec.ts';
import { defaultDetectWindow } from './monitor-spec.ts';
import { createMonitor } from './monitor.ts';
import type { Monitor } from './monitor.ts';
import { rowAt } from '../../../test/support/window-row.ts';

const MINUTE = 60_000;
const START = Date.parse('2025-12-18T02:00:00.000Z');
const windows = [
  { name: '5m', sizeMs: 5 * MINUTE, slideMs: 5 * MINUTE },
  { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
];

function entry(detector: DetectorName, settings: object, rest: Partial<DetectEntry> = {}): DetectEntry {
  return { detector, config: detectorCatalog[detector].config.parse(settings), measure: 'ctr', window: '1m', over: 'full', ...rest };
}

function specOf(detect: readonly DetectEntry[]): MonitorSpec {
  const source = 'events';
  return {
    pipeline: 'adtech',
    dimensions: ['country', 'ad_format'],
    windows,
    measures: [
      { kind: 'count', name: 'impressions', source, where: [] },
      { kind: 'count', name: 'clicks', source, where: [] },
      { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' },
    ],
    rollups: [['country'], []],
    detect,
    falseAlarmsPerDay: 1,
    repeatAfterMs: 10 * MINUTE,
    locale: 'ko',
  };
}

function monitorOf(spec: MonitorSpec): Monitor {
  return createMonitor(spec, { alerts: createAlerts({ repeatAfterMs: spec.repeatAfterMs, locale: spec.locale }) });
}

const iso = (minute: number): string => new Date(START + minute * MINUTE).toISOString();

interface RowChanges {
  readonly labels?: Record<string, string>;
  readonly final?: boolean;
  readonly origin?: string;
  readonly window?: string;
  readonly corrections?: number;
}

function row(minute: number, impressions: number, clicks: number, changes: RowChanges = {}): WindowRecord {
  const ctr = impressions === 0 ? null : (100 * clicks) / impressions;
  return rowAt(START + minute * MINUTE, {
    pipeline: 'adtech',
    labels: { country: 'US', ad_format: 'banner' },
    measures: { impressions, clicks, ctr },
    state: { impressions, clicks },
    events: impressions + clicks,
    partitions: ['ad-events/0'],
    ...changes,
  });
}

function closed(minute: number, window = '1m'): WindowRecord {
  return { kind: 'closed', pipeline: 'adtech', window, window_start: iso(minute), window_end: iso(minute + 1), idle: [] };
}

function observeAll(monitor: Monitor, records: readonly WindowRecord[]): AlertEvent[] {
  return records.flatMap((record) => monitor.observe(record));
}

function told(events: readonly AlertEvent[]): string[] {
  return events.map((event) => `${event.window_start.slice(11, 16)} ${event.series} ${event.alert_type} ${event.status}`);
}

const drop = entry('ema-threshold', { down: '50%' }, { metricName: 'CTR' });

test('a drop rings with the record that is known for it', () => {
  const records = [row(0, 1000, 50), closed(0), row(1, 1000, 50), closed(1), row(2, 1000, 20), closed(2), row(3, 1000, 50), closed(3)];
  const [firing, resolved, ...others] = observeAll(monitorOf(specOf([drop])), records);
  assert.deepEqual(others, []);
  assert.equal(firing?.message, '🚨 CTR 급락! US banner: 5.00% → 2.00% (-60.0%)');
  const { alert_type, severity, country, ad_format, current_value, deviation_percent, alert_time } = firing;
  assert.deepEqual(
    { alert_type, severity, country, ad_format, current_value, deviation_percent, alert_time },
    {
      alert_type: 'ctr_drop',
      severity: 'medium',
      country: 'US',
      ad_format: 'banner',
      current_value: 2,
      deviation_percent: -60,
      alert_time: iso(3),
    },
  );
  assert.deepEqual([resolved?.status, resolved?.alert_id, resolved?.alert_time], ['resolved', firing.alert_id, iso(4)]);
});

test('only the first final main row of a window that is not closed counts', () => {
  const clean = [row(0, 1000, 50), closed(0), row(1, 1000, 20), closed(1), row(2, 1000, 1), closed(2)];
  const noise = [
    row(0, 1000, 1, { final: false }),
    row(0, 1000, 1, { origin: 'replay' }),
    row(0, 1000, 50),
    row(0, 1000, 1, { corrections: 1 }),
    closed(0),
    row(0, 1, 0, { corrections: 1 }),
    closed(0),
    row(1, 1000, 20),
    row(1, 1000, 20),
    closed(1),
    row(0, 9, 0),
    closed(0),
    row(1, 9, 9, { labels: { country: 'KR', ad_format: 'video' } }),
    { ...row(2, 1000, 50), pipeline: 'other' },
    row(2, 1000, 50, { window: '5m' }),
    closed(2, '5m'),
    row(2, 1000, 1),
    closed(2),
  ];
  const expected = observeAll(monitorOf(specOf([drop])), clean);
  assert.deepEqual(
    expected.map(({ severity, repeat }) => [severity, repeat]),
    [
      ['medium', 0],
      ['high', 1],
    ],
  );
  assert.deepEqual(observeAll(monitorOf(specOf([drop])), noise), expected);
});

test('full series and roll-ups are watched as the entry says', () => {
  const series = [{ country: 'US', ad_format: 'banner' }, { country: 'US' }, {}];
  const records = [0, 1].flatMap((minute) => [
    ...series.map((labels) => row(minute, 1000, minute === 0 ? 50 : 1, { labels })),
    closed(minute),
  ]);
  const over = (what: DetectEntry['over']): string[] =>
    observeAll(monitorOf(specOf([{ ...drop, over: what }])), records).map((event) => event.series);
  const [full, country, all] = ['ctr{country="US",ad_format="banner"}', 'ctr{country="US"}', 'ctr{}'];
  assert.deepEqual(over('full'), [full]);
  assert.deepEqual(over('rollups'), [country, all]);
  assert.deepEqual(over('all'), [full, country, all]);
});

test('a known series that is absent counts as zero where the detector looks for it, and is forgotten after a day', () => {
  const spec = specOf([entry('threshold', { below: 10, for: 2 }, { measure: 'impressions' })]);
  const quiet = Array.from({ length: 4 }, (_, index) => closed(index + 1));
  assert.deepEqual(told(observeAll(monitorOf(spec), [row(0, 100, 1), closed(0), ...quiet])), [
    '02:02 impressions{country="US",ad_format="banner"} impressions_drop firing',
  ]);
  const day = [row(0, 100, 1), closed(0), closed(1), closed(2), closed(24 * 60), closed(24 * 60 + 1), closed(24 * 60 + 2)];
  assert.deepEqual(
    observeAll(monitorOf(spec), day).map((event) => [event.status, event.current_value, event.alert_time]),
    [
      ['firing', 0, iso(3)],
      ['firing', 0, iso(24 * 60 + 1)],
      ['resolved', null, iso(24 * 60 + 2)],
    ],
  );
});

test('when a series was last seen is its own, also where the state is bytes and after a restart', () => {
  const spec = specOf([entry('seasonal', { down: '50%', forget_after: '1h' })]);
  const [first, second] = ['JP', 'KR'].map((country) => ({ country, ad_format: 'banner' }));
  const { entries, save } = store();
  const before = monitorOf(spec);
  observeAll(before, [row(0, 1000, 50, { labels: first! }), row(0, 1000, 50, { labels: second! }), closed(0)]);
  observeAll(before, [row(30, 1000, 50, { labels: second! }), closed(30)]);
  save(before);
  const after = monitorOf(spec);
  after.restore(entries);
  const known = (minute: number): string[] => {
    observeAll(after, [closed(minute)]);
    save(after);
    return ['JP', 'KR'].filter((country) => [...entries.keys()].some((key) => key.includes('/series/') && key.includes(country)));
  };
  assert.deepEqual([known(60), known(61), known(90), known(91)], [['JP', 'KR'], ['KR'], ['KR'], []]);
});

test('an alert of a series that vanished ends after an hour', () => {
  const records = [row(0, 1000, 50), closed(0), row(1, 1000, 1), closed(1), closed(61), closed(62), closed(63)];
  assert.deepEqual(
    observeAll(monitorOf(specOf([drop])), records).map((event) => [event.status, event.current_value, event.window_start]),
    [
      ['firing', 0.1, iso(1)],
      ['resolved', null, iso(62)],
    ],
  );
});

test('a series with too little volume for an hour is not said to be firing for ever', () => {
  const spec = specOf([entry('ema-threshold', { down: '50%', min_volume: 100 })]);
  const low = Array.from({ length: 62 }, (_, index) => [row(index + 2, 5, 0), closed(index + 2)]).flat();
  const events = observeAll(monitorOf(spec), [row(0, 1000, 50), closed(0), row(1, 1000, 1), closed(1), ...low]);
  assert.deepEqual(
    events.map((event) => [event.status, event.window_start]),
    [
      ['firing', iso(1)],
      ['resolved', iso(62)],
    ],
  );
});

/** Keeps state as the log would. */
function store(): { entries: Map<string, Uint8Array>; save(monitor: Monitor): void } {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    save(monitor) {
      for (const [key, value] of monitor.takeStateChanges()) {
        if (value) entries.set(key, value);
        else entries.delete(key);
      }
    },
  };
}

const busySpec = specOf([
  entry('ema-threshold', { down: '50%', up: '100%' }, { over: 'all' }),
  entry('threshold', { below: 40, for: 2 }, { measure: 'impressions' }),
  entry('threshold', { above: '20%', clear_below: '10%' }, { over: 'rollups' }),
]);

const minuteArbitrary = fc.record({
  gap: fc.oneof({ weight: 12, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 90 })),
  rows: fc.array(
    fc.record({
      labels: fc.constantFrom({ country: 'US', ad_format: 'banner' }, { country: 'KR', ad_format: 'video' }, { country: 'US' }, {}),
      impressions: fc.constantFrom(0, 30, 50, 100, 400),
      clicks: fc.constantFrom(0, 1, 5, 20, 30),
    }),
    { maxLength: 6 },
  ),
});

test('read again, in other pieces, with restarts, repeats and other row orders: the same alerts, byte for byte', () => {
  let alerts = 0;
  fc.assert(
    fc.property(fc.array(minuteArbitrary, { minLength: 5, maxLength: 40 }), fc.infiniteStream(fc.nat(5)), (minutes, dice) => {
      const roll = (): number => dice.next().value ?? 0;
      let minute = 0;
      const plan = minutes.map(({ gap, rows }) => {
        minute += gap;
        const one = new Map(
          rows.map(({ labels, impressions, clicks }) => [JSON.stringify(labels), row(minute, impressions, clicks, { labels })]),
        );
        return { rows: [...one.values()], closed: closed(minute) };
      });
      const plain = observeAll(
        monitorOf(busySpec),
        plan.flatMap((one) => [...one.rows, one.closed]),
      );
      alerts += plain.length;

      const { entries, save } = store();
      let monitor = monitorOf(busySpec);
      const shuffled: AlertEvent[] = [];
      for (const one of plan) {
        const records = [...(roll() > 2 ? one.rows.toReversed() : one.rows), one.closed];
        for (const record of records) {
          shuffled.push(...monitor.observe(record));
          if (roll() === 0) shuffled.push(...monitor.observe(record));
          if (roll() > 1) continue;
          save(monitor);
          if (roll() > 2) continue;
          monitor = monitorOf(busySpec);
          monitor.restore(entries);
        }
      }
      assert.equal(JSON.stringify(shuffled), JSON.stringify(plain));
    }),
    { numRuns: 150 },
  );
  assert.ok(alerts > 500, `only ${alerts} alerts were compared`);
});

test('only what changed is handed out, under the prefix of the pipeline, and rows only while their window is open', () => {
  const monitor = monitorOf(specOf([drop]));
  observeAll(monitor, [row(0, 1000, 50), closed(0), row(1, 1000, 50)]);
  const keys = (): string[] =>
    monitor
      .takeStateChanges()
      .map(([key, value]) => `${value ? 'put' : 'delete'} ${key.split('/').slice(0, 3).join('/')}`)
      .sort();
  assert.deepEqual(keys(), ['put monitor/adtech/closed', 'put monitor/adtech/open', 'put monitor/adtech/series']);
  assert.deepEqual(keys(), []);
  observeAll(monitor, [closed(1), row(2, 1000, 50), closed(2)]);
  assert.deepEqual(keys(), ['delete monitor/adtech/open', 'put monitor/adtech/closed', 'put monitor/adtech/series']);
});

test('state of a detector that is gone is deleted', () => {
  const { entries, save } = store();
  const before = monitorOf(busySpec);
  observeAll(before, [row(0, 1000, 50), closed(0), row(1, 1000, 50)]);
  save(before);
  assert.ok(entries.size > 3);
  const after = monitorOf(specOf([]));
  after.restore(entries);
  save(after);
  assert.equal(entries.size, 0);
});

test('names that are not there are refused; of one kind one may watch the segments and another the roll-ups', () => {
  const refused = (detect: readonly DetectEntry[], message: RegExp): void =>
    assert.throws(() => monitorOf(specOf(detect)), { code: 'config_invalid', message });
  refused([{ ...drop, measure: 'cpc' }], /found measure "cpc"; expected one of impressions, clicks, ctr/);
  refused([{ ...drop, window: '2m' }], /found window "2m"/);
  assert.ok(monitorOf(specOf([drop, { ...drop, over: 'rollups' }])));
});

test('detectors look at the 1m windows, or at the first where there are none', () => {
  assert.equal(defaultDetectWindow(windows), '1m');
  assert.equal(defaultDetectWindow(windows.slice(0, 1)), '5m');
  const hopping = { name: '5m/1m', sizeMs: 5 * MINUTE, slideMs: MINUTE };
  const tenSeconds = { name: '10s', sizeMs: 10_000, slideMs: 10_000 };
  assert.equal(defaultDetectWindow([hopping, windows[0]!, tenSeconds]), '5m/1m');
  assert.equal(defaultDetectWindow([hopping, windows[0]!, tenSeconds], true), '10s');
  assert.equal(defaultDetectWindow([hopping], true), '5m/1m');
});
