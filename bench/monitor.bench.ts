/**
 * What the monitor costs for each series and window: rows taken in, judged when their window closes, and the state that changed
 * handed out, as in a commit; and for each series looked at while its window is open. Held against parsing the row's text, which whoever reads
 * windows has to do.
 */
import { atOnce } from '../src/core/slices.ts';
import { createAlerts } from '../src/alerts/alerts.ts';
import { createRandom } from '../src/core/random.ts';
import { detectorCatalog, type DetectorName } from '../src/detectors/catalog.ts';
import type { DetectorKind } from '../src/detectors/detector.ts';
import type { MonitorSpec } from '../src/pipeline/monitor/monitor-spec.ts';
import { createMonitor } from '../src/pipeline/monitor/monitor.ts';
import type { WindowRecord, WindowRow } from '../src/windows/row.ts';
import { cpuSeconds, report } from './measure.ts';

const SERIES = 1_000;
const MINUTES = 120;
const WARM_UP_MINUTES = 20;
/** Looks at each of the last windows: in one of five something is learnt on the way. */
const LOOKS = 8;
const LOOKED_AT_MINUTES = 5;
/** Measured at a time, and the parsing of the same rows behind it. */
const STRETCH_MINUTES = 20;
const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 2, 9);
/** Microseconds for each series and window with the evidence detector, its own work included. */
const BAR = 12;

const names = ['threshold', 'ema-threshold', 'evidence'].filter((name) => Object.hasOwn(detectorCatalog, name)) as DetectorName[];
/** Such that nothing rings: what an alert costs is another matter. */
const settings: Readonly<Record<string, object>> = {
  threshold: { above: 1_000 },
  'ema-threshold': { up: '100000%' },
  evidence: { down: '50%', up: '100%' },
};

function specOf(detector: DetectorName): MonitorSpec {
  const kind: DetectorKind = detectorCatalog[detector];
  return {
    pipeline: 'bench',
    dimensions: ['segment'],
    rollups: [],
    windows: [{ name: '1m', sizeMs: MINUTE, slideMs: MINUTE }],
    measures: [
      { kind: 'count', name: 'impressions', source: 'events', where: [] },
      { kind: 'count', name: 'clicks', source: 'events', where: [] },
      { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' },
    ],
    detect: [
      {
        detector,
        config: kind.config.parse(settings[detector]),
        measure: 'ctr',
        window: '1m',
        over: 'full',
      },
    ],
    falseAlarmsPerDay: 1,
    repeatAfterMs: 10 * MINUTE,
    locale: 'en',
  };
}

const minutes = Array.from({ length: MINUTES }, (_, minute) => recordsOf(minute));

/** By detector, and by stretch: how many times as long as parsing the rows. */
const toParsing: Record<string, number[]> = {};

function parsingSeconds(from: number, to: number): number {
  const texts = minutes.slice(from, to).flatMap((records) => records.map((record) => JSON.stringify(record)));
  return cpuSeconds(() => texts.forEach((text) => JSON.parse(text)));
}

const rows = names.map((detector) => {
  const spec = specOf(detector);
  const monitor = createMonitor(spec, { alerts: createAlerts(spec) });
  let taking = 0;
  let bytes = 0;
  const run = (from: number, to: number): number =>
    cpuSeconds(() => {
      for (const records of minutes.slice(from, to)) {
        for (const record of records) monitor.observe(record);
        taking += cpuSeconds(() => {
          bytes = 0;
          for (const [, value] of monitor.takeStateChanges()) bytes += value?.length ?? 0;
        });
      }
    });
  run(0, WARM_UP_MINUTES);
  taking = 0;
  const stretches = [];
  for (let from = WARM_UP_MINUTES; from < MINUTES; from += STRETCH_MINUTES) {
    const to = from + STRETCH_MINUTES;
    stretches.push({ judging: run(from, to), parsing: parsingSeconds(from, to) });
  }
  const seconds = stretches.reduce((sum, { judging }) => sum + judging, 0);
  toParsing[detector] = stretches.map(({ judging, parsing }) => judging / parsing);
  const each = 1e6 / (SERIES * (MINUTES - WARM_UP_MINUTES));
  let looking = 0;
  for (let minute = MINUTES; minute < MINUTES + LOOKED_AT_MINUTES; minute++) {
    const open = rowsOf(minute, false);
    looking += cpuSeconds(() => {
      for (let look = 0; look < LOOKS; look++) atOnce(monitor.look(open, () => 0));
    });
    for (const record of recordsOf(minute)) monitor.observe(record);
  }
  return {
    name: detector,
    us_per_series: round(seconds * each),
    us_of_it_state: round(taking * each),
    us_per_look: round((looking * 1e6) / (SERIES * LOOKS * LOOKED_AT_MINUTES)),
    bytes_of_state: Math.round(bytes / SERIES),
  };
});

function placeOf(minute: number) {
  return { pipeline: 'bench', window: '1m', window_start: iso(minute), window_end: iso(minute + 1) };
}

function recordsOf(minute: number): WindowRecord[] {
  return [...rowsOf(minute, true), { kind: 'closed', ...placeOf(minute), idle: [] }];
}

function rowsOf(minute: number, final: boolean): WindowRow[] {
  const random = createRandom(minute);
  return Array.from({ length: SERIES }, (_, segment) => {
    const impressions = random.poisson(40);
    const clicks = random.poisson(impressions * 0.02);
    const measures = { impressions, clicks, ctr: impressions === 0 ? null : (100 * clicks) / impressions };
    const counts = { state: {}, events: impressions + clicks, replayed: 0, corrections: 0 };
    const labels = { segment: `s${segment}` };
    return { kind: 'row', ...placeOf(minute), ...counts, measures, labels, final, version: '1', origin: '', partitions: [], idle: [] };
  });
}

function iso(minute: number): string {
  return new Date(START + minute * MINUTE).toISOString();
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

report('monitor', {
  rows,
  ratios: {
    ...Object.fromEntries(Object.entries(toParsing).map(([detector, times]) => [`${detector} to parsing the row`, times])),
    us_per_series: rows.at(-1)!.us_per_series,
  },
  isLessBetter: true,
  bar: { ratio: 'us_per_series', most: BAR },
});
