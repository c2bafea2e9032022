/** A detector whose settings were edited: its state goes on where it still means the same, else it begins anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlerts } from '../../alerts/alerts.ts';
import type { AlertState } from '../../alerts/state-machine.ts';
import { atOnce } from '../../core/slices.ts';
import { detectorCatalog, type DetectorName } from '../../detectors/catalog.ts';
import type { Detector, DetectorKind, Verdict } from '../../detectors/detector.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import { createMonitor, type Monitor } from './monitor.ts';
import { createStateBook, markOf, type SeriesRecord } from './monitor-state.ts';
import { createWatchedSeries, type WatchedSeries } from './watched-series.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';

const MINUTE = 60_000;
const window = { name: '5m', sizeMs: 5 * MINUTE, slideMs: 5 * MINUTE };
const clicks: MeasureSpec = { kind: 'count', name: 'clicks', source: 'events', where: [] };
const ctr: MeasureSpec = { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'views', scale: 100 };
const ENTRY = ['any', 'clicks', '5m'];

type Edit = readonly [before: object, after: object];

interface Case {
  readonly measure?: MeasureSpec;
  readonly anew: readonly Edit[];
  readonly goesOn: readonly Edit[];
}

const cases: { readonly [name in DetectorName]?: Case } = {
  change: {
    anew: [
      [{ down: '50%' }, { down: '50%', against: '7d' }],
      [{ down: '50%' }, { down: '50%', span: '1h' }],
    ],
    goesOn: [
      [{ down: '50%' }, { down: '40%', up: '50%' }],
      [{ down: '50%' }, { down: '50%', span: '15m' }],
    ],
  },
  absence: { anew: [[{}, { habits: 'week' }]], goesOn: [[{}, { for: '20m', forget_after: '1d' }]] },
  mix: {
    anew: [
      [
        { of: 'country', down: '50%' },
        { of: 'device', down: '50%' },
      ],
    ],
    goesOn: [
      [
        { of: 'country', down: '50%' },
        { of: 'country', down: '40%', unseen: '5%', half_life: '2d' },
      ],
    ],
  },
  'expected-rate': {
    measure: ctr,
    anew: [
      [{ rate: '1%' }, { rate: '2%' }],
      [{ rate: '1%' }, { rate_in: 'designed' }],
      [{ rate_in: 'former' }, { rate_in: 'designed' }],
    ],
    goesOn: [
      [
        { rate: '1%', down: '50%' },
        { rate: '1.0%', down: '40%' },
      ],
    ],
  },
  experiment: {
    measure: ctr,
    anew: [
      [
        { of: 'banner', control: 'old' },
        { of: 'banner', control: 'new' },
      ],
      [
        { of: 'banner', control: 'old' },
        { of: 'page', control: 'old' },
      ],
    ],
    goesOn: [
      [
        { of: 'banner', control: 'old' },
        { of: 'banner', control: 'old', error: '1%', variants: 3 },
      ],
    ],
  },
  // Each direction knows its own limit, and forgets what was said of another one by itself.
  threshold: {
    anew: [],
    goesOn: [
      [
        { above: 100, for: '1h' },
        { above: 100, for: '2h', clear_below: 80, min_volume: 5 },
      ],
      [
        { above: 100, for: '1h' },
        { above: 50, below: 10, for: '1h' },
      ],
    ],
  },
  'ema-threshold': { anew: [], goesOn: [[{ down: '50%' }, { down: '40%', min_volume: 9 }]] },
};

function detectorOf(name: DetectorName, settings: object, measure: MeasureSpec): Detector {
  const kind: DetectorKind = detectorCatalog[name];
  return kind.create(kind.config.parse(settings), { measure, window });
}

const ringing: AlertState = {
  status: 'firing',
  since: 0,
  rang: MINUTE,
  repeats: 0,
  judged: MINUTE,
  expected: 2,
  threshold: 1,
  baselineWindows: 9,
  severity: 'low',
};

/** What a detector under other settings finds of a series that was written before. */
function reread(before: Detector, after: Detector): WatchedSeries {
  const states = createStateBook('p');
  const written = createWatchedSeries(ENTRY, ['country'], before, markOf(before, 'same'), states);
  const series = written.add('[["country","KR"]]', { country: 'KR' }, MINUTE);
  series.state = { learnt: 1 };
  series.alerts = { down: ringing };
  written.touch(series);
  const [[key, bytes]] = atOnce(written.takeStateChanges()) as [[string, Uint8Array]];
  const { value } = states.read([key, bytes])!;
  return createWatchedSeries(ENTRY, ['country'], after, markOf(after, 'same'), states).restore(series.key, value as SeriesRecord);
}

for (const [name, { measure = clicks, anew, goesOn }] of Object.entries(cases) as [DetectorName, Case][]) {
  test(`${name}: settings that say what its state means begin it anew, others do not; alerts go on`, () => {
    for (const [edits, state] of [
      [anew, undefined],
      [goesOn, { learnt: 1 }],
    ] as const) {
      for (const [before, after] of edits) {
        const found = reread(detectorOf(name, before, measure), detectorOf(name, after, measure));
        assert.deepEqual(found.state, state, `${JSON.stringify(before)} to ${JSON.stringify(after)}`);
        assert.deepEqual(found.alerts, { down: ringing });
      }
    }
  });
}

test('state that was written without its settings is taken', () => {
  const { stateSettings, ...older } = detectorOf('absence', {}, clicks);
  assert.equal(stateSettings, 'day');
  assert.deepEqual(reread(older, detectorOf('absence', { habits: 'week' }, clicks)).state, { learnt: 1 });
});

test('state that was written with settings is taken by a detector that names none any more', () => {
  const plain = detectorOf('threshold', { above: 5 }, clicks);
  assert.equal(plain.stateSettings, undefined);
  assert.deepEqual(reread({ ...plain, stateSettings: 'up 100' }, plain).state, { learnt: 1 });
});

function changeMonitor(settings: object): Monitor {
  const config = detectorCatalog.change.config.parse({ up: '50%', ...settings });
  return createMonitor(
    {
      pipeline: 'p',
      dimensions: ['country'],
      windows: [window],
      measures: [clicks],
      rollups: [],
      detect: [{ detector: 'change', config, measure: 'clicks', window: '5m', over: 'full' }],
      falseAlarmsPerDay: 1,
      repeatAfterMs: 10 * MINUTE,
      locale: 'en',
    },
    { alerts: createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' }) },
  );
}

test('quarters of an hour are not read as hours when the span is edited: flat traffic rings nothing', () => {
  const start = Date.parse('2026-03-02T00:00:00.000Z');
  const play = (monitor: Monitor, from: number, until: number): string[] => {
    const told: string[] = [];
    for (let at = from; at < until; at++) {
      const startMs = start + at * window.sizeMs;
      const place = { window: '5m', window_end: new Date(startMs + window.sizeMs).toISOString() };
      const counted = { clicks: 70 + (at % 3) };
      monitor.observe(rowAt(startMs, { ...place, labels: { country: 'KR' }, measures: counted, state: counted, events: counted.clicks }));
      const events = monitor.observe(closedAt(startMs, place));
      told.push(...events.map(({ explanation }) => explanation.text));
    }
    return told;
  };
  const day = 288;
  for (const edit of [{ span: '1h' }, { against: '7d' }]) {
    const [before, after] = [changeMonitor({}), changeMonitor(edit)];
    assert.deepEqual(play(before, 0, 8 * day), []);
    after.restore(before.takeStateChanges().map(([key, value]): [string, Uint8Array] => [key, value!]));
    assert.deepEqual(play(after, 8 * day, 9 * day), []);
  }
});

test('a direction or a rule that is taken out of the settings of mix leaves nothing behind that hinders it', () => {
  const [before, after] = [
    { of: 'country', down: '50%', up: '100%', unseen: '5%', warm_up: '10m' },
    { of: 'country', up: '100%', warm_up: '10m' },
  ].map((settings) => detectorOf('mix', settings, clicks)) as [Detector, Detector];
  const states = new Map<string, unknown>();
  const play = (detector: Detector, from: number, until: number, amounts: Readonly<Record<string, number>>): Verdict[] => {
    const told: Verdict[] = [];
    for (let at = from; at < until; at++) {
      const time = { startMs: at * window.sizeMs, endMs: (at + 1) * window.sizeMs };
      const inputs = Object.entries(amounts).map(([country, amount]) => {
        const rest = { value: amount, volume: amount, absent: false, parts: { amount, exposure: 1 } };
        return { state: states.get(country), observation: { ...time, labels: { country }, ...rest } };
      });
      detector.observeWindow(inputs, undefined).steps.forEach(({ state, verdicts }, index) => {
        states.set(inputs[index]!.observation.labels.country, state);
        told.push(...verdicts);
      });
    }
    return told;
  };
  play(before, 0, 50, { KR: 500, US: 500 });
  const fallen = play(before, 50, 60, { KR: 100, US: 500 });
  assert.ok(fallen.some(({ direction, status }) => direction === 'down' && status === 'firing'));
  const newcomer = play(before, 60, 61, { KR: 100, US: 500, JP: 400 });
  assert.ok(newcomer.some(({ isUnseen }) => isUnseen));
  const told = play(after, 61, 160, { KR: 100, US: 500, JP: 400 });
  assert.ok(told.length > 0 && told.every(({ expected, threshold }) => Number.isFinite(expected) && Number.isFinite(threshold)));
  const ofKorea = play(after, 160, 161, { KR: 100, US: 500, JP: 400 })[0]!;
  assert.ok(ofKorea.expected < 250, `${ofKorea.expected}: what its share has been since is learnt`);
});
