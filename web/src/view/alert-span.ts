/** The windows that the chart of an alert shows. */
import type { Episode } from '../data/alert-book.ts';

/** Windows that start in [from, to), ISO 8601. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

const BEFORE_WINDOWS = 60;
const AFTER_WINDOWS = 60;

/** About its beginning, with its end where that comes soon; undefined: the newest `windowsBack` windows show it. */
export function spanAbout(
  { since, resolved_time: resolved }: Pick<Episode, 'since' | 'resolved_time'>,
  { slideMs, windowsBack, nowMs }: { readonly slideMs: number; readonly windowsBack: number; readonly nowMs: number },
): Span | undefined {
  const begun = Date.parse(since);
  // With some windows of before, to compare with.
  if (begun > nowMs - windowsBack * 0.9 * slideMs) return undefined;
  const isSoonOver = resolved !== null && Date.parse(resolved) < begun + 2 * AFTER_WINDOWS * slideMs;
  const until = (isSoonOver ? Math.max(begun, Date.parse(resolved)) : begun) + AFTER_WINDOWS * slideMs;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return { from: iso(begun - BEFORE_WINDOWS * slideMs), to: iso(until) };
}
