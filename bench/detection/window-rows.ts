/** AdSim's minutes as the rows of windows of another size: longer ones add them up, shorter ones are even parts of them. */
import { createRandom, type Random } from '../../src/core/random.ts';

const MINUTE = 60_000;
const ADSIM = new URL('../../../shared/adsim/', import.meta.url);

export interface Values {
  impressions: number;
  clicks: number;
  revenue: number;
}

export interface Injection {
  readonly type: string;
  readonly metric: 'ctr' | 'traffic' | 'revenue';
  readonly factor: number;
  readonly minutes: number;
  /** Minutes; of one that is placed. */
  readonly start: number;
  readonly end: number;
}

/** The first episode of the type in this time, in minutes, is neither right nor wrong. */
export interface Excuse {
  readonly type: string;
  readonly from: number;
  readonly until: number;
}

/** As `model.mjs` has it. */
export interface Segment {
  readonly profile: { readonly impressionsPerMinute: number; readonly ctr: number };
  readonly injections: readonly Injection[];
  excuses(): readonly Excuse[];
  /** Fills in the next minute; false: the minute is missing. */
  next(row: Values): boolean;
}

export interface Regime {
  readonly name: string;
  readonly days: number;
  readonly injections: readonly Injection[];
}

export async function loadRegime(name: string): Promise<Regime> {
  const { loadRegime: load } = (await import(new URL('regimes.mjs', ADSIM).href)) as { loadRegime(path: string): Regime };
  return load(name);
}

export async function loadSegments(regime: Regime, seed: number, count: number, injected: boolean): Promise<Segment[]> {
  const { Segment } = (await import(new URL('model.mjs', ADSIM).href)) as { Segment: new (of: object) => Segment };
  return Array.from({ length: count }, (_, index) => new Segment({ regime, seed, index, injected }));
}

/** Gives the values of a segment's next window; undefined: it has no row. */
export function windowReader(segment: Segment, windowMs: number, ...seeds: readonly number[]): () => Values | undefined {
  const minute: Values = { impressions: 0, clicks: 0, revenue: 0 };
  if (windowMs >= MINUTE) {
    return () => {
      const sum: Values = { impressions: 0, clicks: 0, revenue: 0 };
      let isSeen = false;
      for (let left = windowMs / MINUTE; left > 0; left--) {
        if (!segment.next(minute)) continue;
        isSeen = true;
        sum.impressions += minute.impressions;
        sum.clicks += minute.clicks;
        sum.revenue += minute.revenue;
      }
      return isSeen ? sum : undefined;
    };
  }
  const random = createRandom(...seeds);
  const parts = MINUTE / windowMs;
  let rows: (Values | undefined)[] = [];
  return () => {
    if (rows.length === 0) {
      rows = segment.next(minute) ? partsOf(minute, parts, random) : Array.from({ length: parts }, () => undefined);
    }
    return rows.shift();
  };
}

/** Events fall into any part alike; each impression brings as much revenue as the minute's on average. */
function partsOf({ impressions, clicks, revenue }: Values, parts: number, random: Random): Values[] {
  const rows = Array.from({ length: parts }, (): Values => ({ impressions: 0, clicks: 0, revenue: 0 }));
  for (let left = impressions; left > 0; left--) rows[random.below(parts)]!.impressions++;
  for (let left = clicks; left > 0; left--) rows[random.below(parts)]!.clicks++;
  if (impressions > 0) for (const row of rows) row.revenue = (revenue * row.impressions) / impressions;
  return rows;
}
