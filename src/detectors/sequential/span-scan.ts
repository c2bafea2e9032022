/**
 * Evidence over the last few spans, long and short: of each length the likelihood ratio of its sums, with one factor between
 * seen and expected that the whole length shares. So a lasting difference that was always there does not add up.
 */
import { countDrop, lognormalPoisson, moneyRise } from '../evidence/log-likelihood.ts';
import type { Direction } from '../detector.ts';

export interface Span {
  readonly startMs: number;
  readonly seen: number;
  readonly expected: number;
  /** Relative variance of `expected` from what it was counted from. */
  readonly variance: number;
}

export interface Scanned {
  /** Natural logarithm of the e-value. */
  readonly log: number;
  /** Spans in the length that speaks loudest, and their sums. */
  readonly length: number;
  readonly seen: number;
  readonly expected: number;
  /** Relative: of the factor, of `expected`, and of what scatters more than events that come one by one. */
  readonly variance: number;
}

export interface ScanPlan {
  readonly direction: Direction;
  /** Ratios to hold against 1, that of the smallest change first. */
  readonly thetas: readonly number[];
  /** Ascending. */
  readonly lengths: readonly number[];
  readonly adds: 'events' | 'amounts';
}

/** Natural logarithm. */
const SILENT = -30;
/** Relative variance: less is none, and more units than that would only cost digits. */
const LEAST_SCATTER = 1e-9;
const SPREAD = { down: [1, 0.7, 0.4], up: [1, 1.4, 2.2] } as const;

/** From the smallest change worth a bell on. */
export function thetasOf(direction: Direction, change: number): number[] {
  const least = direction === 'up' ? 1 + change : Math.max(1 - change, 0.01);
  return SPREAD[direction].map((factor) => least * factor);
}

/** Ratio of the smallest change worth a bell. */
export function smallestOf({ thetas }: ScanPlan): number {
  return thetas[0]!;
}

/**
 * `spans`: the newest first. Undefined where nothing can be said. `factor`: variance of the factor that a length shares.
 * `dispersion`: variance of what is seen for each unit expected, which averages out over a length; where nothing is told, that
 * of events that come one by one, and none of amounts.
 */
export function scanSpans(plan: ScanPlan, spans: readonly Span[], factor: number, dispersion?: number): Scanned | undefined {
  const ofCounting = plan.adds === 'events' ? 1 : 0;
  const usual = plan.adds === 'amounts' && dispersion ? usualOf(spans) : Infinity;
  let total = 0;
  let best: (Scanned & { log: number }) | undefined;
  for (const length of plan.lengths) {
    if (length > spans.length) break;
    const sums = sumOf(spans, length);
    if (sums.expected <= 0) continue;
    const scatter = (dispersion ?? ofCounting) * Math.max(1, sums.expected / (length * usual));
    const shared = factor + sums.variance;
    const variance = shared + (scatter - ofCounting) / sums.expected;
    const log = logRatio(plan, sums, shared, scatter);
    total += Math.exp(Math.min(log, 600)) / plan.lengths.length;
    if (!best || log > best.log) best = { ...sums, log, length, variance };
  }
  return best && { ...best, log: Math.log(total) };
}

/** Of one span, the largest not among them: one large amount makes more to be expected, and makes nothing surer. */
function usualOf(spans: readonly Span[]): number {
  let sum = 0;
  let most = 0;
  for (const { expected } of spans) {
    sum += expected;
    most = Math.max(most, expected);
  }
  return (sum - most) / Math.max(1, spans.length - 1);
}

function sumOf(spans: readonly Span[], length: number): { seen: number; expected: number; variance: number } {
  let seen = 0;
  let expected = 0;
  let squares = 0;
  for (let i = 0; i < length; i++) {
    const span = spans[i]!;
    seen += span.seen;
    expected += span.expected;
    squares += span.expected ** 2 * span.variance;
  }
  return { seen, expected, variance: expected > 0 ? squares / expected ** 2 : 0 };
}

/**
 * Of the mean likelihood over all thetas; on each side with the heavier tail. What scatters is counted in units of its
 * dispersion: clumps one by one. Only rises of amounts, among which single large ones are, have all their variance in one.
 */
function logRatio(
  { direction, thetas, adds }: ScanPlan,
  sums: Pick<Span, 'seen' | 'expected'>,
  shared: number,
  dispersion: number,
): number {
  const ratio = sums.seen / sums.expected;
  if (direction === 'down' ? ratio >= 1 : ratio <= 1) return SILENT;
  const variance = shared + dispersion / sums.expected;
  // Within two standard deviations there is nothing that could ring: most spans need no logarithm, and evidence is only less.
  if ((ratio - 1) ** 2 <= 4 * variance) return SILENT;
  const units = Math.max(dispersion, LEAST_SCATTER * sums.expected);
  const seen = sums.seen / units;
  const expected = sums.expected / units;
  let total = 0;
  const atOne = direction === 'up' && adds === 'events' ? lognormalPoisson(seen, expected, shared, 0) : 0;
  for (const theta of thetas) {
    const logTheta = Math.log(theta);
    let log: number;
    if (direction === 'down') log = countDrop(seen, expected, shared, logTheta, theta);
    else if (adds === 'amounts') log = moneyRise(ratio, 1 / variance, logTheta);
    else log = lognormalPoisson(seen, expected, shared, logTheta) - atOne;
    total += Math.exp(Math.min(log, 600)) / thetas.length;
  }
  return Math.log(total);
}
