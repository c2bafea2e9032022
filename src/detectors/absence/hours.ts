/** What is usual at each hour of the day or week: how often a window is empty, how long silence lasts, how much comes. */

/** Rings by hour; all decay by visit, so that habits may change. */
export interface Hours {
  /** Windows seen, and those of them that were empty. */
  readonly windows: readonly number[];
  readonly empty: readonly number[];
  /** The longest usual silence that began in it, ms. */
  readonly longest: readonly number[];
  /** The longest one that rang, ms: if it comes again it is usual. */
  readonly rang: readonly number[];
  /** What the windows added up to. */
  readonly amount: readonly number[];
}

/** Of what was known an hour keeps this much from one visit to the next. */
const KEEP = 0.8;
/** And of the lengths of silences: habits are not forgotten over a weekend. */
const KEEP_SILENCE = 0.95;
/** Nats that one empty window may be worth: however busy the series was, hours of it are not independent. */
const SURPRISE_MAX = 3;

export function newHours(count: number): Hours {
  const zeros = Array.from({ length: count }, () => 0);
  return { windows: zeros, empty: zeros, longest: zeros, rang: zeros, amount: zeros };
}

/** How surprising an empty window is at this hour, in nats; 0 where the hour is known from fewer than `least` windows. */
export function surpriseOf({ windows, empty }: Hours, hour: number, least: number): number {
  const seen = windows[hour]!;
  return seen < least ? 0 : Math.min(SURPRISE_MAX, Math.log((seen + 1) / (empty[hour]! + 1)));
}

/** What a window at this hour has in the mean. */
export function usualAmount({ windows, amount }: Hours, hour: number): number {
  return windows[hour]! > 0 ? amount[hour]! / windows[hour]! : 0;
}

/** With a window in it, or with `count` of them that are alike. `isVisit`: the first of its hour. */
export function withWindow(
  hours: Hours,
  hour: number,
  seen: { readonly amount: number; readonly isVisit: boolean; readonly isEmpty: boolean; readonly count?: number },
): Hours {
  const kept = seen.isVisit ? KEEP : 1;
  const { count = 1 } = seen;
  return {
    windows: changed(hours.windows, hour, kept, count),
    empty: seen.isEmpty || seen.isVisit ? changed(hours.empty, hour, kept, seen.isEmpty ? count : 0) : hours.empty,
    longest: seen.isVisit ? changed(hours.longest, hour, KEEP_SILENCE, 0) : hours.longest,
    rang: seen.isVisit ? changed(hours.rang, hour, KEEP_SILENCE, 0) : hours.rang,
    amount: seen.amount > 0 || seen.isVisit ? changed(hours.amount, hour, kept, seen.amount) : hours.amount,
  };
}

function changed(ring: readonly number[], at: number, kept: number, by: number): number[] {
  const copy = ring.slice();
  copy[at] = Number((kept * copy[at]! + by).toPrecision(5));
  return copy;
}

/** With a silence in it that has ended; `hour`: in which it began. What rang is no habit before it has come twice. */
export function withSilence(hours: Hours, hour: number, silenceMs: number, rang: boolean): Hours {
  const usual = rang ? Math.min(silenceMs, hours.rang[hour]!) : silenceMs;
  const raise = (ring: readonly number[], to: number): number[] => ring.map((value, at) => (at === hour ? Math.max(value, to) : value));
  return { ...hours, longest: raise(hours.longest, usual), rang: rang ? raise(hours.rang, silenceMs) : hours.rang };
}

/** The longest usual silence that begins in this hour or beside it, ms: habits are not punctual. */
export function usualSilence({ longest }: Hours, hour: number): number {
  const count = longest.length;
  return Math.max(longest[hour]!, longest[(hour + 1) % count]!, longest[(hour + count - 1) % count]!);
}
