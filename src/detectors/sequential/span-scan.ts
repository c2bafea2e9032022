/**
 * Evidence over the last few spans, long and short: of each length the likelihood ratio of its sums, with one factor between
 * seen and expected that the whole length shares. So a lasting difference that was always there does not add up.
 */
import { countDrop, lognormalPoisson, moneyDrop, moneyRise } from '../evidence/log-likelihood.ts';
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
  /** Relative: of the factor and of `expected`. */
  readonly variance: number;
}

export interface ScanPlan {
  readonly direction: Direction;
  /** Ratios to hold against 1. */
  readonly thetas: readonly number[];
  /** Ascending. */
  readonly lengths: readonly number[];
  readonly adds: 'events' | 'amounts';
}

/** Natural logarithm. */
const SILENT = -30;
const SPREAD = { down: [1, 0.7, 0.4], up: [1, 1.4, 2.2] } as const;

/** From the smallest change worth a bell on. */
export function thetasOf(direction: Direction, change: number): number[] {
  const least = direction === 'up' ? 1 + change : Math.max(1 - change, 0.01);
  return SPREAD[direction].map((factor) => least * factor);
}

/** `spans`: the newest first. Undefined where nothing can be said. `factor`: variance of the factor that a length shares. */
export function scanSpans(plan: ScanPlan, spans: readonly Span[], factor: number): Scanned | undefined {
  let total = 0;
  let best: (Scanned & { log: number }) | undefined;
  for (const length of plan.lengths) {
    if (length > spans.length) break;
    const sums = sumOf(spans, length);
    if (sums.expected <= 0) continue;
    const variance = factor + sums.variance;
    const log = logRatio(plan, sums.seen, sums.expected, variance);
    total += Math.exp(Math.min(log, 600)) / plan.lengths.length;
    if (!best || log > best.log) best = { ...sums, log, length, variance };
  }
  return best && { ...best, log: Math.log(total) };
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

/** Of the mean likelihood over all thetas; on each side with the heavier tail. */
function logRatio({ direction, thetas, adds }: ScanPlan, seen: number, expected: number, variance: number): number {
  const ratio = seen / expected;
  if (direction === 'down' ? ratio >= 1 : ratio <= 1) return SILENT;
  // Within two standard deviations there is nothing that could ring: most spans need no logarithm, and evidence is only less.
  const noise = adds === 'events' ? expected : 0;
  if ((seen - expected) ** 2 <= 4 * (noise + variance * expected ** 2)) return SILENT;
  let total = 0;
  const atOne = direction === 'up' && adds === 'events' ? lognormalPoisson(seen, expected, variance, 0) : 0;
  for (const theta of thetas) {
    const logTheta = Math.log(theta);
    let log: number;
    if (adds === 'amounts')
      log = direction === 'down' ? moneyDrop(ratio, 1 / variance, logTheta, theta) : moneyRise(ratio, 1 / variance, logTheta);
    else if (direction === 'down') log = countDrop(seen, expected, variance, logTheta, theta);
    else log = lognormalPoisson(seen, expected, variance, logTheta) - atOne;
    total += Math.exp(Math.min(log, 600)) / thetas.length;
  }
  return Math.log(total);
}
