/** The share of one member, as learnt: a beta distribution over decayed counts, how much it moves by itself, and how much windows scatter. */
import type { Span } from '../sequential/span-scan.ts';
import { learnError, startVariance, varianceOf, type TrackedVariance } from '../sequential/tracked-variance.ts';
import { dispersionOf, learnBlock, type Dispersion } from './dispersion.ts';

/** One window: what the member and its whole group counted. */
export interface Counted {
  readonly startMs: number;
  readonly own: number;
  readonly all: number;
  /** Events behind the member's amount; noted only while it is new, and what it counts are amounts. */
  readonly events?: number;
}

export interface Share {
  /** Decayed sums of what the member and the group counted. */
  readonly own: number;
  readonly all: number;
  /** Windows not learnt yet, the newest first: what just happens must not excuse itself. */
  readonly recent: readonly Counted[];
  /** Windows since the two below were learnt last. */
  readonly pending: number;
  /** How much the share swings over ten windows, beside what they scatter; over fewer it swings no more. */
  readonly moves: TrackedVariance;
  /** How much single windows scatter; undefined before the first ten in which something came. */
  readonly scatter?: Dispersion;
}

/** Windows that evidence may reach back. */
export const LENGTHS = [1, 2, 3, 5, 8, 10] as const;
export const REACH = LENGTHS.at(-1)!;
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
  const next: { -readonly [Key in keyof Share]: Share[Key] } = { ...share, recent, pending };
  if (!learns) return next;
  if (pending >= REACH && recent.length === REACH) {
    next.pending = 0;
    const scatter = learnBlock(share.scatter, recent, adds);
    if (scatter) next.scatter = scatter;
    if (canJudge(next, adds)) next.moves = movesOf(share.moves, spansOf(next, adds), dispersionOf(scatter, adds));
  }
  if (oldest) {
    next.own = keep * share.own + oldest.own;
    next.all = keep * share.all + oldest.all;
  }
  return next;
}

function movesOf(moves: TrackedVariance, spans: readonly Span[], dispersion: number): TrackedVariance {
  const expected = spans.reduce((sum, span) => sum + span.expected, 0);
  const seen = spans.reduce((sum, span) => sum + span.seen, 0);
  if (expected <= 0) return moves;
  return learnError(moves, seen / expected, dispersion / expected + (spans[0]?.variance ?? 0));
}

/** Nobody knows how large an amount is that has never come: the first one would be beyond all bounds, whatever it is. */
export function canJudge({ scatter }: Share, adds: 'events' | 'amounts'): boolean {
  return adds === 'events' || scatter !== undefined;
}

/** With half a piece more than was counted: a share in which nothing has come yet is not one of nothing. */
export function shareOf(share: Share, adds: 'events' | 'amounts'): number {
  const piece = pieceOf(share, adds);
  return share.all > 0 ? (share.own + piece / 2) / (share.all + piece) : 0;
}

/** What comes at once: an event, or an amount of the usual size, so that shares are the same in every unit. */
function pieceOf({ scatter }: Share, adds: 'events' | 'amounts'): number {
  return adds === 'events' ? 1 : dispersionOf(scatter, adds);
}

export function spansOf(share: Share, adds: 'events' | 'amounts'): Span[] {
  const rate = shareOf(share, adds);
  const variance = dispersionOf(share.scatter, adds) / (share.own + pieceOf(share, adds) / 2);
  return share.recent.map(({ startMs, own, all }) => ({ startMs, seen: own, expected: all * rate, variance }));
}

export function factorOf({ moves }: Share): number {
  return varianceOf(moves);
}
