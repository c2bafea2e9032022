/** What AdSim's `score.mjs --json` prints, as far as it is used here, and sums over runs. */
export interface Count {
  readonly count: number;
  readonly of: number;
}

export interface Score {
  readonly regime: string;
  readonly days: number;
  readonly seed: number;
  readonly segments: number;
  readonly falseAlarms: {
    readonly count: number;
    readonly byType: Readonly<Record<string, { readonly count: number }>>;
    readonly inFirstDay: number;
    readonly setAside: number;
  };
  readonly precision: Count;
  readonly kinds: readonly {
    readonly kind: string;
    readonly recall: Count;
    readonly medianDelayMinutes: number | null;
    readonly informationBound: Count;
    readonly byTier: Readonly<Record<string, Count>>;
  }[];
  readonly cost: { readonly microsecondsPerObservation: number; readonly stateBytesPerSegment: number };
}

/** Runs that differ in their seeds alone. */
export interface Series {
  readonly regime: string;
  readonly segments: number;
  /** False alarms a day. */
  readonly budget: number;
  readonly scores: readonly Score[];
}

/** As `bench/out/adsim.json` has it. */
export interface AdsimResult {
  readonly name: 'adsim';
  readonly seeds: readonly number[];
  readonly series: readonly Series[];
}

export function sumOf(scores: readonly Score[], value: (score: Score) => number): number {
  return scores.reduce((total, score) => total + value(score), 0);
}

export function countOf(scores: readonly Score[], value: (score: Score) => Count | undefined): Count {
  return { count: sumOf(scores, (score) => value(score)?.count ?? 0), of: sumOf(scores, (score) => value(score)?.of ?? 0) };
}
