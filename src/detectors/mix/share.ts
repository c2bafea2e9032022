/** The share of one member, as learnt: a beta distribution over decayed counts, and how much it moves by itself. */
import type { Span } from '../sequential/span-scan.ts';
import { learnError, startVariance, varianceOf, type TrackedVariance } from '../sequential/tracked-variance.ts';

/** One window: what the member and its whole group counted. */
export interface Counted {
  readonly startMs: number;
  readonly own: number;
  readonly all: number;
}

export interface Share {
  /** Decayed sums of what the member and the group counted. */
  readonly own: number;
  readonly all: number;
  /** Windows not learnt yet, the newest first: what just happens must not excuse itself. */
  readonly recent: readonly Counted[];
  /** Windows since the variance was learnt last. */
  readonly pending: number;
  readonly moves: TrackedVariance;
}

/** Windows that evidence may reach back. */
export const LENGTHS = [1, 2, 3, 5, 8, 10] as const;
const REACH = 10;
/** Shares move by a fifth, until they have shown by how much they do. */
const PRIOR_VARIANCE = 0.04;

export function newShare(): Share {
  return { own: 0, all: 0, recent: [], pending: 0, moves: startVariance(PRIOR_VARIANCE) };
}

/** With the window in it. `keep`: what a window leaves of what was learnt, in (0, 1). `learns`: nothing is on. */
export function withWindow(share: Share, counted: Counted, keep: number, learns: boolean, adds: 'events' | 'amounts'): Share {
  const recent = [counted, ...share.recent];
  const oldest = recent.length > REACH ? recent.pop() : undefined;
  const pending = share.pending + 1;
  const next = { ...share, recent, pending };
  if (!learns) return next;
  if (pending >= REACH && recent.length === REACH) {
    next.pending = 0;
    next.moves = movesOf(share.moves, spansOf(next, adds), adds);
  }
  if (oldest) {
    next.own = keep * share.own + oldest.own;
    next.all = keep * share.all + oldest.all;
  }
  return next;
}

function movesOf(moves: TrackedVariance, spans: readonly Span[], adds: 'events' | 'amounts'): TrackedVariance {
  const expected = spans.reduce((sum, span) => sum + span.expected, 0);
  const seen = spans.reduce((sum, span) => sum + span.seen, 0);
  if (expected <= 0) return moves;
  return learnError(moves, seen / expected, (adds === 'events' ? 1 / expected : 0) + (spans[0]?.variance ?? 0));
}

export function shareOf({ own, all }: Share): number {
  return all > 0 ? (own + 0.5) / (all + 1) : 0;
}

export function spansOf(share: Share, adds: 'events' | 'amounts'): Span[] {
  const rate = shareOf(share);
  const variance = adds === 'events' ? 1 / (share.own + 0.5) : 0;
  return share.recent.map(({ startMs, own, all }) => ({ startMs, seen: own, expected: all * rate, variance }));
}

export function factorOf({ moves }: Share): number {
  return varianceOf(moves);
}
