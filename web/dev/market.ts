/** Made-up windows, each a pure function of the seed and its start: any stretch of them can be asked for again. */
import type { PipelineInfo, WindowPoint } from '../../src/server/api.ts';
import { createRandom } from '../../src/core/random.ts';

const COUNTRIES = ['BR', 'DE', 'FR', 'GB', 'JP', 'KR', 'US'];
const FORMATS = ['banner', 'native', 'rewarded_video'];
const SIZES: Readonly<Record<string, number>> = { '10s': 10_000, '1m': 60_000 };
const AGE_MS = 20 * 60_000;
/** From each full five minutes on: this segment's CTR is a quarter for so long. */
export const BREAK = { everyMs: 300_000, forMs: 90_000, country: 'US', ad_format: 'banner' };

interface Counts {
  events: number;
  impressions: number;
  clicks: number;
  conversions: number;
  revenue: number;
}

export interface Market {
  readonly info: PipelineInfo;
  latest(window: string): WindowPoint[];
  history(window: string, from: string, label: (name: string) => string | null): WindowPoint[];
  /** What a second changes: the open windows and those that have just become final. */
  recent(): WindowPoint[];
}

export function createMarket({ seed, now }: { readonly seed: number; readonly now: () => number }): Market {
  const begin = now() - AGE_MS;

  const counts = (country: number, format: number, start: number, size: number, share: number): Counts => {
    const random = createRandom(seed, country, format, start);
    const broken = COUNTRIES[country] === BREAK.country && FORMATS[format] === BREAK.ad_format && start % BREAK.everyMs < BREAK.forMs;
    const impressions = random.poisson(
      (size / 1_000) * (14 + country * 9) * (1 + 0.6 * format) * share * (1 + 0.1 * Math.sin(start / 200_000)),
    );
    const ctr = (0.012 + 0.006 * format + 0.001 * country) * (broken ? 0.25 : 1);
    const clicks = random.poisson(impressions * ctr);
    const conversions = random.poisson(clicks * 0.1);
    return {
      events: impressions + clicks + conversions,
      impressions,
      clicks,
      conversions,
      revenue: impressions * (0.0018 + 0.0009 * format) * (1 + 0.04 * random.normal()),
    };
  };
  const add = (into: Counts | undefined, each: Counts): Counts => ({
    events: (into?.events ?? 0) + each.events,
    impressions: (into?.impressions ?? 0) + each.impressions,
    clicks: (into?.clicks ?? 0) + each.clicks,
    conversions: (into?.conversions ?? 0) + each.conversions,
    revenue: (into?.revenue ?? 0) + each.revenue,
  });
  const windowAt = (window: string, start: number): WindowPoint[] => {
    const size = SIZES[window] ?? 10_000;
    const final = now() > start + size + 3_000;
    const share = Math.min(1, Math.max(0, (now() - start) / size));
    const rows = new Map<string, { labels: Record<string, string>; counts: Counts }>();
    const put = (labels: Record<string, string>, each: Counts): void => {
      const key = JSON.stringify(labels);
      rows.set(key, { labels, counts: add(rows.get(key)?.counts, each) });
    };
    COUNTRIES.forEach((country, c) => {
      FORMATS.forEach((ad_format, f) => {
        // A longer window is the sum of shorter ones: its break looks the same.
        for (let at = start; at < start + size; at += 10_000) {
          const each = counts(c, f, at, 10_000, size === 10_000 ? share : 1);
          if (at > now()) break;
          for (const labels of [{ country, ad_format }, { country }, { ad_format }, {}]) put(labels, each);
        }
      });
    });
    return [...rows.values()].map(({ labels, counts: each }) => ({
      window,
      window_start: new Date(start).toISOString(),
      window_end: new Date(start + size).toISOString(),
      labels,
      measures: {
        impressions: each.impressions,
        clicks: each.clicks,
        conversions: each.conversions,
        revenue: each.revenue,
        ctr: each.impressions > 0 ? (each.clicks / each.impressions) * 100 : null,
        ecpm: each.impressions > 0 ? (each.revenue / each.impressions) * 1_000 : null,
      },
      final,
      events: each.events,
      corrections: final && (start / size) % 7 === 0 ? 3 : 0,
      version: String(final ? 10 ** 15 : Math.round(now() - start) + 1),
    }));
  };
  const starts = (window: string, from: number): number[] => {
    const size = SIZES[window] ?? 10_000;
    const found: number[] = [];
    for (let at = Math.ceil(Math.max(begin, from) / size) * size; at <= now(); at += size) found.push(at);
    return found;
  };

  return {
    info: {
      name: 'demo',
      locale: 'en',
      dimensions: ['country', 'ad_format'],
      rollups: [['country'], ['ad_format'], []],
      measures: [
        { name: 'impressions', unit: null, kind: 'count' },
        { name: 'clicks', unit: null, kind: 'count' },
        { name: 'conversions', unit: null, kind: 'count' },
        { name: 'revenue', unit: 'USD', kind: 'sum' },
        { name: 'ctr', unit: '%', kind: 'ratio', denominator: 'impressions' },
        { name: 'ecpm', unit: 'USD', kind: 'ratio', denominator: 'impressions' },
      ],
      windows: Object.entries(SIZES).map(([name, size]) => ({ name, size_ms: size, slide_ms: size })),
      watched: ['ctr', 'impressions', 'ecpm'].map((measure) => ({ measure, window: '10s', detector: 'ema-threshold' })),
      topics: { windows: 'demo.windows', alerts: 'demo.alerts', dead_letters: 'demo.dlq', replay: 'demo.replay' },
      sources: [{ name: 'events', topic: 'demo-events', partitions: 2, out_of_orderness_ms: 3_000 }],
      serve: [{ path: '/metrics/{country}/{ad_format}', window: '1m' }],
    },
    latest: (window) => windowAt(window, starts(window, now() - (SIZES[window] ?? 0)).at(-1) ?? now()),
    history: (window, from, label) =>
      starts(window, Date.parse(from) || 0)
        .flatMap((start) => windowAt(window, start))
        .filter(({ labels }) => ['country', 'ad_format'].every((name) => label(name) === null || labels[name] === label(name))),
    recent: () =>
      Object.keys(SIZES).flatMap((window) => starts(window, now() - (SIZES[window] ?? 0) * 2).flatMap((start) => windowAt(window, start))),
  };
}
