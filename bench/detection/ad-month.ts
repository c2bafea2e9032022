/** A month of ad traffic as the windows of 21 segments and their 11 roll-ups, in an OLAP store. */
import { createRandom } from '../../src/core/random.ts';
import type { OlapStore } from '../../src/olap-store/olap-store.ts';
import { rowVersion } from '../../src/windows/row-version.ts';
import type { WindowRow } from '../../src/windows/row.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 1, 1);
const MINUTES_A_DAY = 1_440;
const BATCH_ROWS = 20_000;
const COUNTRIES = ['US', 'KR', 'JP', 'DE', 'BR', 'IN', 'GB'];
const FORMATS = ['banner', 'video', 'native'];
const COUNTED = ['impressions', 'clicks', 'revenue'] as const;

/** The pipeline file that has counted it. */
export const adPipeline = {
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
};

export async function fillWithAds(store: Pick<OlapStore, 'putWindows'>, days: number): Promise<void> {
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
