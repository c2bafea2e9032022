/** An alarm that is on, from detectors that scan spans: what rang, and what has been seen since. */
import type { Grounds } from '../detector.ts';
import { amountRatioRange, gammaRange, oneIn, ratioRange } from './ranges.ts';
import { halfWay, isRecovered, recover } from './recovery.ts';
import { smallestOf, type Scanned, type ScanPlan, type Span } from './span-scan.ts';

export interface Episode {
  readonly log: number;
  readonly needed: number;
  /** Start of the span that rang, epoch ms. */
  readonly since: number;
  /** How many spans it is of, those between that nobody told of not among them; absent: written when they were not counted yet. */
  readonly spans?: number;
  readonly seen: number;
  readonly expected: number;
  readonly variance: number;
  /** Of amounts, what comes at once; absent: of events, and where it was not kept yet. */
  readonly piece?: number;
  readonly half: number;
  readonly back: number;
}

/** `piece`: what weighs as much as one event that comes by itself. */
export function beginEpisode(plan: ScanPlan, scanned: Scanned, needed: number, since: number, piece: number): Episode {
  const { log, length: spans, seen, expected, variance } = scanned;
  const ofAmounts = plan.adds === 'amounts' ? { piece } : {};
  return { log, needed, since, spans, seen, expected, variance, ...ofAmounts, half: halfWay(seen / expected, smallestOf(plan)), back: 0 };
}

/** Undefined: it is over. `dispersion`: what weighs as much as one event that comes by itself. */
export function goOn(on: Episode, { seen, expected }: Pick<Span, 'seen' | 'expected'>, dispersion = 1): Episode | undefined {
  const back = recover(on.back, on.half, seen / dispersion, expected / dispersion);
  if (isRecovered(back)) return undefined;
  const longer = on.spans === undefined ? on : { ...on, spans: on.spans + 1 };
  return { ...longer, back, seen: on.seen + seen, expected: on.expected + expected };
}

/** From its sums to one of its spans. */
export function perSpan({ spans, since }: Episode, spanMs: number, untilMs: number): number {
  return 1 / (spans ?? (untilMs - since) / spanMs);
}

/** `scale`: from sums over the span to the measure's own unit. `firstMs`: from when on the baseline has learnt, epoch ms. */
export function groundsOf(on: Episode, scale: number, firstMs: number, untilMs: number): Grounds {
  const { seen, expected, variance, piece } = on;
  // Events scatter by being counted too; of amounts all of it is in the variance.
  const [low, high] = gammaRange(expected, (piece === undefined ? expected : 0) + variance * expected ** 2);
  return {
    logEvidence: on.log,
    logThreshold: on.needed,
    oneIn: oneIn(on.log),
    sinceMs: on.since,
    untilMs,
    observed: seen * scale,
    expected: expected * scale,
    expectedRange: [low * scale, high * scale],
    ratio: seen / expected,
    ratioRange: piece === undefined ? ratioRange(seen, expected, variance) : amountRatioRange(seen, expected, variance, piece),
    baselineAgeMs: untilMs - firstMs,
    contributors: [],
  };
}
