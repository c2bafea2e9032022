/**
 * How time is cut up for one window size. A *slot* is the step of the state: one window, or as many as make a minute where
 * windows are shorter. *Blocks* of slots are what is learnt from and remembered of older time. Windows of evidence ("spans")
 * end now and are at most an hour long, or twelve slots where slots are long.
 */
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** Whole days, so that no slot or block that somebody looks back to has a negative number. */
const SLOT_BASE = DAY_MINUTES * 1_000;
/** Where slots are short. */
export const SPAN_MINUTES_MAX = 60;
const SLOTS_MIN = 12;
/** Slots that are remembered one by one; what is older is remembered by blocks. */
const RECENT_MAX = 30;
const BLOCK_MINUTES = 5;
const LEARN_DELAY_MINUTES = 20;
/** Habits come later than any span reaches back. */
const HABIT_DELAY = 4 / 3;
/** Spans up to the oldest slot that is remembered one by one; longer ones end at blocks. */
const SPAN_LENGTHS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 26, 30];
/** Time over which a tracked error fades, days, for the shortest to the longest horizon, then for clumps. */
const TRACK_DAYS = [1, 2, 3, 4, 1];
/** The same of how rough amounts are. */
const SPREAD_MINUTES = 3_000;
/** Errors of so much time count as one when a series' own error is weighed against the pool's: neighbours are alike. */
const CORRELATED_MINUTES = 120;
/** Of fewer errors, or slots, a variance is little more than a guess. */
const TRACKED_LEAST = 24;

/** Spans in rising order of length. All end with the newest slot. */
export interface Spans {
  readonly slots: readonly number[];
  /** How many possible starts each stands for. */
  readonly weights: readonly number[];
  /** How many of them lie within the slots that are remembered one by one; each further one takes in one more block. */
  readonly recentCount: number;
  /** The tracked error of a span lies between two horizons: the index of the shorter, and the share of the longer. */
  readonly horizon: readonly number[];
  readonly share: readonly number[];
}

export interface TimeGrid {
  /** Number of the slot that a window, numbered from the epoch, lies in. */
  slotAt(window: number): number;
  /** How much of its slot is over when that window is. */
  filledBy(window: number): number;
  readonly windowMs: number;
  readonly slotMs: number;
  readonly windowsPerSlot: number;
  readonly slotMinutes: number;
  /** How often a day the evidence is looked at: windows per day. */
  readonly looksPerDay: number;
  readonly recent: number;
  readonly olderBlocks: number;
  readonly blockSlots: number;
  readonly blockMinutes: number;
  readonly pendingBlocks: number;
  readonly habitSlots: number;
  readonly habitDelay: number;
  /** Slots of the four horizons of the tracked error, and how much of it one new error replaces. */
  readonly horizons: readonly number[];
  /** Behind those of the horizons that of clumps, which are told from single slots. */
  readonly horizonMinutes: readonly number[];
  /** Index of the shortest one that is longer than a slot. */
  readonly several: number;
  readonly trackGains: readonly number[];
  /** The same by the minute. */
  readonly fadingPerMinute: readonly number[];
  /** Errors of so much time count as one: of a horizon that is longer each counts for itself. */
  readonly correlatedMinutes: readonly number[];
  /** How much of what is known of the roughness of amounts one slot replaces. */
  readonly spreadGain: number;
  /** The spans that are tried, by the place of the newest slot in its block: older blocks end where blocks end. */
  readonly spans: readonly Spans[];
  readonly slotsMax: number;
  readonly spanMinutes: number;
}

export function createTimeGrid(windowMs: number): TimeGrid {
  const windowsPerSlot = Math.max(1, Math.ceil(MINUTE_MS / windowMs));
  const slotMs = windowsPerSlot * windowMs;
  const slotMinutes = slotMs / MINUTE_MS;
  const spanSlots = Math.min(SPAN_MINUTES_MAX, Math.max(SLOTS_MIN, Math.ceil(SPAN_MINUTES_MAX / slotMinutes)));
  const blockSlots = Math.max(1, Math.round(BLOCK_MINUTES / slotMinutes));
  const recent = spanSlots > RECENT_MAX ? Math.floor(RECENT_MAX / blockSlots) * blockSlots : spanSlots;
  const blockMinutes = blockSlots * slotMinutes;
  const olderBlocks = Math.ceil((spanSlots - recent) / blockSlots);
  const whole = olderBlocks > 0 ? recent - blockSlots + 1 : recent;
  const longest = olderBlocks > 0 ? spanSlots : recent;
  const spanMinutes = longest * slotMinutes;
  const horizons = [1, Math.max(1, Math.round(longest / 12)), Math.max(1, Math.round(longest / 4)), longest];
  const tracked = [...horizons, 1];
  const horizonMinutes = tracked.map((slots) => slots * slotMinutes);
  const trackGains = horizonMinutes.map((minutes, index) =>
    Math.min(1 / TRACKED_LEAST, minutes / (DAY_MINUTES * (TRACK_DAYS[index] ?? 1))),
  );
  return {
    slotAt: (window) => (Math.floor(window / windowsPerSlot) + SLOT_BASE) | 0,
    filledBy: (window) => ((window % windowsPerSlot) + 1) / windowsPerSlot,
    windowMs,
    slotMs,
    windowsPerSlot,
    slotMinutes,
    looksPerDay: (DAY_MINUTES * MINUTE_MS) / windowMs,
    recent,
    olderBlocks,
    blockSlots,
    blockMinutes,
    pendingBlocks: Math.max(1, Math.round(LEARN_DELAY_MINUTES / blockMinutes)) + 1,
    habitSlots: Math.max(1, Math.round(DAY_MINUTES / blockMinutes)),
    habitDelay: Math.max(1, Math.round((HABIT_DELAY * spanMinutes) / blockMinutes)),
    horizons,
    horizonMinutes,
    several: horizons.findIndex((slots) => slots > 1),
    trackGains,
    fadingPerMinute: trackGains.map((gain, index) => gain / horizonMinutes[index]!),
    correlatedMinutes: horizonMinutes.map((minutes) => Math.max(CORRELATED_MINUTES, minutes)),
    spreadGain: Math.min(1 / TRACKED_LEAST, slotMinutes / SPREAD_MINUTES),
    slotsMax: longest,
    spanMinutes,
    spans: Array.from({ length: olderBlocks > 0 ? blockSlots : 1 }, (_, phase) => {
      const near = whole + phase;
      const lengths = SPAN_LENGTHS.filter((slots) => slots < near).concat(near);
      const older = Array.from({ length: olderBlocks }, (_unused, block) => near + (block + 1) * blockSlots);
      // Blocks do not always make up an hour: what is beyond it no evidence reaches back to.
      return spansOf(lengths.concat(older.filter((slots) => slots <= longest)), lengths.length, horizons);
    }),
  };
}

function spansOf(lengths: readonly number[], recentCount: number, horizons: readonly number[]): Spans {
  const weights = lengths.map((slots, index) => {
    const before = lengths[index - 1] ?? 0;
    const after = lengths[index + 1];
    return (slots - before + (after === undefined ? 1 : after - slots)) / 2;
  });
  const places = lengths.map((slots) => placeBetween(slots, horizons));
  return {
    slots: lengths,
    weights,
    recentCount,
    horizon: places.map((place) => place.index),
    share: places.map((place) => place.share),
  };
}

/** Linear in the logarithm of the length. */
function placeBetween(slots: number, horizons: readonly number[]): { index: number; share: number } {
  let index = 0;
  while (index < horizons.length - 2 && slots >= (horizons[index + 1] ?? 0)) index++;
  const [from, to] = [horizons[index] ?? 1, horizons[index + 1] ?? 1];
  const share = to <= from ? 0 : Math.log(slots / from) / Math.log(to / from);
  return { index, share: Math.min(1, Math.max(0, share)) };
}
