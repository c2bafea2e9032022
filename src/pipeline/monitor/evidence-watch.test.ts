/** The default detector at work in the monitor: a market of 21 segments with a day's rhythm, one thing that breaks in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../core/slices.ts';
import { createAlerts } from '../../alerts/alerts.ts';
import { createRandom } from '../../core/random.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { WindowRecord, WindowRow } from '../../windows/row.ts';
import type { DetectEntry, MonitorSpec } from './monitor-spec.ts';
import { createMonitor, type Monitor } from './monitor.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T00:00:00.000Z');
const COUNTRIES = ['BR', 'DE', 'FR', 'GB', 'JP', 'KR', 'US'];
const FORMATS = ['banner', 'native', 'video'];
/** Minutes of calm before something breaks. */
const CALM = 240;

function entryOf(measure: string, settings: object): DetectEntry {
  return { detector: 'evidence', config: detectorCatalog.evidence.config.parse(settings), measure, window: '1m', over: 'all' };
}

const spec: MonitorSpec = {
  pipeline: 'ads',
  dimensions: ['country', 'format'],
  rollups: [['country'], ['format'], []],
  windows: [{ name: '1m', sizeMs: MINUTE, slideMs: MINUTE }],
  measures: [
    { kind: 'count', name: 'impressions', source: 'events', where: [] },
    { kind: 'count', name: 'clicks', source: 'events', where: [] },
    { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' },
  ],
  detect: [entryOf('ctr', { down: '50%', up: '100%' }), entryOf('impressions', { down: '70%', up: '200%' })],
  falseAlarmsPerDay: 1,
  repeatAfterMs: 10 * MINUTE,
  locale: 'en',
};

function monitorOf(): Monitor {
  return createMonitor(spec, { alerts: createAlerts(spec) });
}

interface Break {
  readonly hits: (country: string, format: string) => boolean;
  readonly impressions?: number;
  readonly ctr?: number;
}

/** Rows of a minute, roll-ups too; `share`: of the minute that is over. */
function rowsOf(minute: number, broken: Break | undefined, share = 1): WindowRow[] {
  const random = createRandom(11, minute);
  const sums = new Map<string, { labels: Record<string, string>; impressions: number; clicks: number }>();
  COUNTRIES.forEach((country, c) =>
    FORMATS.forEach((format, f) => {
      const isHit = broken?.hits(country, format) === true;
      const rhythm = 1 + 0.3 * Math.sin((2 * Math.PI * (minute + 60 * c)) / 1_440);
      const mean = (60 + 40 * c) * (1 + f) * rhythm * share * (isHit ? (broken.impressions ?? 1) : 1);
      const impressions = random.poisson(mean);
      const clicks = random.poisson(impressions * (0.02 + 0.005 * f) * (isHit ? (broken.ctr ?? 1) : 1));
      for (const labels of [{ country, format }, { country }, { format }, {}]) {
        const key = JSON.stringify(labels);
        const sum = sums.get(key) ?? { labels, impressions: 0, clicks: 0 };
        sum.impressions += impressions;
        sum.clicks += clicks;
        sums.set(key, sum);
      }
    }),
  );
  return [...sums.values()].map(({ labels, impressions, clicks }) =>
    rowAt(START + minute * MINUTE, {
      pipeline: 'ads',
      labels,
      measures: { impressions, clicks, ctr: impressions === 0 ? null : (100 * clicks) / impressions },
      events: impressions + clicks,
      final: share === 1,
    }),
  );
}

function minuteOf(minute: number, broken?: Break): WindowRecord[] {
  return [...rowsOf(minute, broken), closedAt(START + minute * MINUTE, { pipeline: 'ads' })];
}

function observeAll(monitor: Monitor, records: readonly WindowRecord[]): AlertEvent[] {
  return records.flatMap((record) => monitor.observe(record));
}

/** A monitor that has seen the calm, without a bell. */
function calmed(): Monitor {
  const monitor = monitorOf();
  const rang = observeAll(monitor, Array.from({ length: CALM }, (_, minute) => minuteOf(minute)).flat());
  assert.deepEqual(
    rang.map(({ message }) => message),
    [],
  );
  return monitor;
}

function told(events: readonly AlertEvent[]): string[] {
  return events
    .filter(({ part_of, status, repeat }) => part_of === undefined && status === 'firing' && repeat === 0)
    .map(({ series, direction }) => `${series} ${direction}`);
}

const inKorea: Break = { hits: (country) => country === 'KR', ctr: 0.3 };

test('a country whose CTR breaks is told once, with the members that did it; its end is told too', () => {
  const monitor = calmed();
  const events = observeAll(monitor, Array.from({ length: 20 }, (_, index) => minuteOf(CALM + index, inKorea)).flat());
  assert.deepEqual(told(events), ['ctr{country="KR"} down']);
  const [alert] = events.filter(({ part_of }) => part_of === undefined);
  assert.ok(alert?.explanation.evidence);
  const { evidence, contributors = [], ratio } = alert.explanation;
  assert.ok(evidence.log >= evidence.log_needed && ratio !== null && ratio < 0.6, alert.explanation.text);
  assert.ok(contributors.length >= 2 && contributors.every(({ labels }) => labels['country'] === 'KR'), alert.explanation.text);
  assert.ok(
    (alert.current_value ?? 0) > 0.3 && (alert.current_value ?? 9) < 1.4 && Math.abs(alert.expected_value - 2.5) < 0.6,
    alert.message,
  );
  const after = observeAll(monitor, Array.from({ length: 40 }, (_, index) => minuteOf(CALM + 20 + index)).flat());
  assert.deepEqual(
    after
      .filter(({ part_of }) => part_of === undefined)
      .map(({ series, status, repeat }) => [series, status, repeat > 0])
      .at(-1),
    ['ctr{country="KR"}', 'resolved', false],
  );
});

test('one segment that breaks is told by itself, and the roll-ups that feel it keep silent', () => {
  const video: Break = { hits: (country, format) => country === 'US' && format === 'video', ctr: 0.2 };
  const events = observeAll(calmed(), Array.from({ length: 20 }, (_, index) => minuteOf(CALM + index, video)).flat());
  assert.deepEqual(told(events), ['ctr{country="US",format="video"} down']);
});

test('a mix shift alone rings nothing: more of the segments with a low CTR, and every CTR as it was', () => {
  const shift: Break = { hits: (_country, format) => format === 'banner', impressions: 1.9 };
  const events = observeAll(calmed(), Array.from({ length: 30 }, (_, index) => minuteOf(CALM + index, shift)).flat());
  assert.deepEqual(told(events.filter(({ measure }) => measure === 'ctr')), []);
});

test('traffic that trebles rings at a look, while the minute is open', () => {
  const monitor = calmed();
  const flood: Break = { hits: (country, format) => country === 'JP' && format === 'native', impressions: 6 };
  const looks = [0.25, 0.5, 0.75].map((share) => atOnce(monitor.look(rowsOf(CALM, flood, share), () => 0)));
  assert.deepEqual(told(looks.flat()), ['impressions{country="JP",format="native"} up']);
  assert.deepEqual(told(observeAll(monitor, minuteOf(CALM, flood))), []);
});

test('calm looks ring nothing, and are as if nobody had looked', () => {
  const [plain, looking] = [calmed(), calmed()];
  const both = [plain, looking].map((monitor) =>
    Array.from({ length: 10 }, (_, index) => {
      const minute = CALM + index;
      if (monitor === looking)
        for (const share of [0.2, 0.6, 0.9]) assert.deepEqual(atOnce(monitor.look(rowsOf(minute, undefined, share), () => 0)), []);
      observeAll(monitor, minuteOf(minute));
      return monitor.takeStateChanges().map(([key, value]) => [key, value && Buffer.from(value).toString()]);
    }),
  );
  assert.deepEqual(both[1], both[0]);
});

test('restarts, repeats and other row orders change no alert, nor when it comes', () => {
  const log = Array.from({ length: CALM + 60 }, (_, minute) =>
    minuteOf(minute, minute >= CALM && minute < CALM + 15 ? inKorea : undefined),
  );
  const plain = observeAll(monitorOf(), log.flat());
  const entries = new Map<string, Uint8Array>();
  const random = createRandom(3);
  let monitor = monitorOf();
  const restarted = log.flatMap((records, minute) => {
    const [closed, ...rows] = records.toReversed();
    const events = observeAll(monitor, [...(random.unit() < 0.5 ? rows : rows.toReversed()), ...rows.slice(0, 5), closed!]);
    for (const [key, value] of monitor.takeStateChanges()) {
      if (value) entries.set(key, value);
      else entries.delete(key);
    }
    if (minute % 7 === 0) {
      monitor = monitorOf();
      monitor.restore(entries);
    }
    return events;
  });
  assert.ok(plain.length >= 2);
  assert.equal(JSON.stringify(restarted), JSON.stringify(plain));
});
