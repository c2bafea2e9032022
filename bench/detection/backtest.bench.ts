/**
 * A month of 21 segments (and their roll-ups) through a backtest: out of the embedded OLAP store, by the detectors of the ad-tech
 * pipeline. `--days 30` chooses how long a month is. Filling the store takes longer than what is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { historyFromStore } from '../../src/app/backtest/from-store.ts';
import { createJudges } from '../../src/app/backtest/judges.ts';
import { measuresNeeded, windowsNeeded } from '../../src/app/backtest/measures-needed.ts';
import type { RecordColumns } from '../../src/app/backtest/record-columns.ts';
import { definePipeline } from '../../src/config/load-pipeline.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createRandom } from '../../src/core/random.ts';
import { openEmbeddedStore } from '../../src/olap-store/chdb/open.ts';
import type { OlapStore } from '../../src/olap-store/olap-store.ts';
import { rowVersion } from '../../src/windows/row-version.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { report } from '../measure.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 1, 1);
const MINUTES_A_DAY = 1_440;
const BATCH_ROWS = 20_000;
/** Seconds for a month, on a machine that has nothing else to do. */
const BAR = 10;
const COUNTRIES = ['US', 'KR', 'JP', 'DE', 'BR', 'IN', 'GB'];
const FORMATS = ['banner', 'video', 'native'];
const COUNTED = ['impressions', 'clicks', 'revenue'] as const;

const config = definePipeline({
  pipeline: 'bench',
  source: { topic: 'ads' },
  event: { time: 'time' },
  dimensions: ['country', 'ad_format'],
  measures: {
    impressions: { count: { type: 'impression' } },
    clicks: { count: { type: 'click' } },
    revenue: { sum: 'revenue', unit: 'USD' },
    ctr: { ratio: ['clicks', 'impressions'], scale: 100, unit: '%' },
    ecpm: { ratio: ['revenue', 'impressions'], scale: 1_000, unit: 'USD' },
  },
  windows: ['1m'],
  rollups: [['country'], ['ad_format'], []],
  detect: { ctr: { down: '50%', up: '100%' }, impressions: { up: '200%' }, ecpm: { down: '50%' } },
});

const { values: options } = parseArgs({ options: { days: { type: 'string', default: '30' } } });
const days = Number(options.days);
const dir = mkdtempSync(join(tmpdir(), 'tocsin-bench-backtest-'));
try {
  const store = await openEmbeddedStore(dir, { clock: systemClock });
  await fill(store);
  await measure(store);
  await store.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
}

async function measure(store: OlapStore): Promise<void> {
  const { monitor } = config;
  const measures = measuresNeeded([monitor]);
  const wanted = { pipeline: 'bench', windows: windowsNeeded([monitor]), measures, sketched: [], from: undefined, to: undefined };
  const judges = createJudges(monitor, measures, { from: -Infinity, to: Infinity }, Math.max(1, availableParallelism() - 1));
  let rows = 0;
  const [wall, cpu] = [systemClock.elapsed(), process.cpuUsage()];
  const judged = (columns: RecordColumns): Promise<void> | void => {
    rows += columns.count;
    return judges.observe(columns);
  };
  await historyFromStore(wanted, store, judged, () => {});
  const { alerts } = await judges.judged();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (systemClock.elapsed() - wall) / 1_000;
  await judges.stop();
  const row = {
    name: `${days} days`,
    rows,
    alerts: alerts.length,
    seconds: round(seconds),
    processor_seconds: round((user + system) / 1e6),
  };
  report('backtest', {
    rows: [row],
    ratios: { seconds_a_month: (seconds * 30) / days },
    isLessBetter: true,
    bar: { ratio: 'seconds_a_month', most: BAR },
  });
}

async function fill(store: OlapStore): Promise<void> {
  const random = createRandom(1);
  const series = [
    ...COUNTRIES.flatMap((country) => FORMATS.map((ad_format) => ({ country, ad_format }))),
    ...COUNTRIES.map((country) => ({ country })),
    ...FORMATS.map((ad_format) => ({ ad_format })),
    {},
  ] as Record<string, string>[];
  const members = series.map((labels) =>
    series.flatMap((one, index) => (index < 21 && Object.entries(labels).every(([name, value]) => one[name] === value) ? [index] : [])),
  );
  let batch: WindowRow[] = [];
  let putting: Promise<void> = Promise.resolve();
  for (let minute = 0; minute < days * MINUTES_A_DAY; minute++) {
    const daily = 1 + 0.5 * Math.sin((2 * Math.PI * minute) / MINUTES_A_DAY);
    const full = series.slice(0, 21).map(() => {
      const impressions = random.poisson(300 * daily);
      return { impressions, clicks: random.poisson(impressions * 0.02), revenue: impressions * 0.002 * (1 + 0.1 * random.normal()) };
    });
    series.forEach((labels, index) => {
      const state = Object.fromEntries(COUNTED.map((name) => [name, members[index]!.reduce((sum, one) => sum + full[one]![name], 0)]));
      batch.push(rowOf(minute, labels, state as Record<(typeof COUNTED)[number], number>));
    });
    if (batch.length < BATCH_ROWS) continue;
    await putting;
    putting = store.putWindows(batch);
    batch = [];
  }
  await putting;
  await store.putWindows(batch);
}

function rowOf(minute: number, labels: Record<string, string>, state: Record<(typeof COUNTED)[number], number>): WindowRow {
  const { impressions, clicks, revenue } = state;
  const ratios = {
    ctr: impressions === 0 ? null : (100 * clicks) / impressions,
    ecpm: impressions === 0 ? null : (1_000 * revenue) / impressions,
  };
  const time = (count: number): string => new Date(START + count * MINUTE).toISOString();
  return {
    kind: 'row',
    pipeline: 'bench',
    window: '1m',
    window_start: time(minute),
    window_end: time(minute + 1),
    labels,
    measures: { ...state, ...ratios },
    state,
    events: impressions + clicks,
    replayed: 0,
    final: true,
    corrections: 0,
    version: rowVersion(1, 'final', minute),
    origin: '',
    partitions: ['ads/0'],
    idle: [],
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
