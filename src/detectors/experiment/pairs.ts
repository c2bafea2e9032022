/**
 * What a variant and the control counted side by side. A success may come long after its attempt, in a window in which its variant has no
 * attempts: left out, the smaller variant would lose more of them. So what comes waits until both have attempts, and then counts together.
 */
import type { Tally } from './comparison.ts';

export interface Pair {
  readonly own: Tally;
  readonly control: Tally;
}

export interface Paired extends Pair {
  /** Windows by which both had attempts. */
  readonly windows: number;
  /** At most one of the two has attempts. `since`: start of the first window, epoch ms. */
  readonly waiting?: Pair & { readonly since: number };
}

/** One waits for the other no longer than this, or for two windows: a variant that was switched off collects no night of the control. */
const PATIENCE_MS = 3_600_000;

export const NO_TALLY: Tally = { successes: 0, attempts: 0 };
export const NO_PAIR: Paired = { own: NO_TALLY, control: NO_TALLY, windows: 0 };

/** The same object where nothing came. Windows come in their order; `windows` goes up where there is something new to compare. */
export function withWindow(before: Paired, now: Pair, { startMs, endMs }: { readonly startMs: number; readonly endMs: number }): Paired {
  if (isEmpty(now.own) && isEmpty(now.control)) return before;
  const patienceMs = Math.max(PATIENCE_MS, 2 * (endMs - startMs));
  const { waiting, ...paired } = before.waiting && endMs - before.waiting.since > patienceMs ? withoutWaiting(before) : before;
  const { since, ...held } = waiting ?? { since: startMs, own: NO_TALLY, control: NO_TALLY };
  const next = addPair(held, now);
  if (next.own.attempts > 0 && next.control.attempts > 0) return { ...addPair(paired, next), windows: paired.windows + 1 };
  return { ...paired, waiting: { ...next, since } };
}

/** One waited in vain for the other. Successes of the one that had no attempts stay: they are of attempts that were counted before. */
function withoutWaiting({ waiting = { ...NO_PAIR, since: 0 }, ...paired }: Paired): Paired {
  const kept = (tally: Tally): Tally => (tally.attempts > 0 ? NO_TALLY : tally);
  return { ...paired, ...addPair(paired, { own: kept(waiting.own), control: kept(waiting.control) }) };
}

function addPair(a: Pair, b: Pair): Pair {
  return { own: addTally(a.own, b.own), control: addTally(a.control, b.control) };
}

export function addTally(a: Tally, b: Tally): Tally {
  return { successes: a.successes + b.successes, attempts: a.attempts + b.attempts };
}

function isEmpty({ successes, attempts }: Tally): boolean {
  return successes === 0 && attempts === 0;
}
