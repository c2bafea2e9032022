/** What is usual at each hour of the day or week: how often a window is empty, how long silence lasts, how much comes. */

/** Rings by hour; all decay by visit, so that habits may change. */
export interface Hours {
  /** Windows seen, and those of them that were empty. */
  readonly windows: readonly number[];
  readonly empty: readonly number[];
  /** The longest usual silence that began in it, ms. */
  readonly longest: readonly number[];
  /** Visits since one about as long as that began in it; absent: written when they were not counted yet. */
  readonly sinceLongest?: readonly number[];
  /** The longest one that rang, ms: if it comes again it is usual. */
  readonly rang: readonly number[];
  /** What the windows added up to. */
  readonly amount: readonly number[];
}

/** Of what was known an hour keeps this much from one visit to the next. */
const KEEP = 0.8;
/** And of the lengths of silences. */
const KEEP_SILENCE = 0.95;
/** What is usual is not forgotten before it has stayed away for so long: a shop that is closed on Sundays is open on six days between. */
const HELD_WEEKS = 2;
const WEEK_HOURS = 168;
/** A silence has to last twice as long as the longest one that is usual, or this much longer, ms. */
const LONGER_THAN_USUAL_MS = 2 * 3_600_000;
/** What rang is a habit when it comes again, and lasts no more than so many times as long. */
const ALIKE = 2;
/** Nats that one empty window may be worth: however busy the series was, hours of it are not independent. */
const SURPRISE_MAX = 3;

/** What so many visits of `windows` each leave when the next one begins: from as many on an hour is known for good. */
export function keptOf(visits: number, windows: number): number {
  let kept = 0;
  for (let visit = 0; visit < visits; visit++) kept = KEEP * (kept + windows);
  return kept;
}

export function newHours(count: number): Hours {
  const zeros = Array.from({ length: count }, () => 0);
  return { windows: zeros, empty: zeros, longest: zeros, sinceLongest: zeros, rang: zeros, amount: zeros };
}

/** How surprising an empty window is at this hour, in nats; 0 where the hour is known from fewer than `least` windows. */
export function surpriseOf({ windows, empty }: Hours, hour: number, least: number): number {
  const seen = windows[hour]!;
  return seen < least ? 0 : Math.min(SURPRISE_MAX, Math.log((seen + 1) / (empty[hour]! + 1)));
}

/** Of the windows at this hour, the share in which something comes. */
export function usualShare({ windows, empty }: Hours, hour: number): number {
  return windows[hour]! > 0 ? 1 - empty[hour]! / windows[hour]! : 0;
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
  const sinceLongest = seen.isVisit ? changed(sinceLongestOf(hours), hour, 1, 1) : sinceLongestOf(hours);
  const isHeld = sinceLongest[hour]! * hours.windows.length <= HELD_WEEKS * WEEK_HOURS;
  return {
    windows: changed(hours.windows, hour, kept, count),
    empty: seen.isEmpty || seen.isVisit ? changed(hours.empty, hour, kept, seen.isEmpty ? count : 0) : hours.empty,
    longest: seen.isVisit && !isHeld ? changed(hours.longest, hour, KEEP_SILENCE, 0) : hours.longest,
    sinceLongest,
    rang: seen.isVisit ? changed(hours.rang, hour, KEEP_SILENCE, 0) : hours.rang,
    amount: seen.amount > 0 || seen.isVisit ? changed(hours.amount, hour, kept, seen.amount) : hours.amount,
  };
}

function changed(ring: readonly number[], at: number, kept: number, by: number): number[] {
  const copy = ring.slice();
  copy[at] = Number((kept * copy[at]! + by).toPrecision(5));
  return copy;
}

function sinceLongestOf({ sinceLongest, longest }: Hours): readonly number[] {
  return sinceLongest ?? longest.map(() => 0);
}

/** With a silence in it that has ended; `hour`: in which it began. What rang is no habit before it has come twice. */
export function withSilence(hours: Hours, hour: number, silenceMs: number, rang: boolean): Hours {
  const before = mostBeside(hours.rang, hour);
  const usual = !rang || silenceMs <= ALIKE * before ? silenceMs : before;
  const raise = (ring: readonly number[], to: number): number[] => ring.with(hour, Math.max(ring[hour]!, to));
  const since = sinceLongestOf(hours);
  return {
    ...hours,
    longest: raise(hours.longest, usual),
    sinceLongest: longerThan(usual) >= hours.longest[hour]! ? since.with(hour, 0) : since,
    rang: rang ? raise(hours.rang, silenceMs) : hours.rang,
  };
}

/** The longest usual silence that begins in this hour or beside it, ms. */
export function usualSilence({ longest }: Hours, hour: number): number {
  return mostBeside(longest, hour);
}

/** From how long on a silence is longer than this usual one, ms. */
export function longerThan(usualMs: number): number {
  return usualMs + Math.min(usualMs, LONGER_THAN_USUAL_MS);
}

/** Of an hour and those beside it: habits are not punctual. */
function mostBeside(ring: readonly number[], hour: number): number {
  const count = ring.length;
  return Math.max(ring[hour]!, ring[(hour + 1) % count]!, ring[(hour + count - 1) % count]!);
}
