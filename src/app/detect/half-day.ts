/** Clocks of twelve hours that do not say which half of the day it is: read as they stand, half of their times would be wrong. */
export interface HalfDayWatch {
  /** Told of each time in the order of the file. The one before it, where the hours begin anew after 12 between the two. */
  follows(time: WrittenTime): WrittenTime | undefined;
}

interface WrittenTime {
  readonly timeMs: number;
  /** As it stands in the file. */
  readonly timeText: string;
}

const HALF_DAY_MS = 43_200_000;
const HOUR_MS = 3_600_000;
/** A step of the series may be this much longer than the one before, and still be its next one. */
const STEP_TIMES = 3;
const CLOCK = /^(.*\d.*?[T\s,]\s*)(\d{1,2}):\d{2}/;

export function createHalfDayWatch(): HalfDayWatch {
  /** An hour that no such clock shows, or the half of the day beside it: from there on nothing is open. */
  let isWhole = false;
  let before: { readonly time: WrittenTime; readonly date: string; readonly hour: number } | undefined;
  let stepMs = HOUR_MS;

  return {
    follows(time) {
      if (isWhole) return undefined;
      const [, date = '', hourText] = CLOCK.exec(time.timeText) ?? [];
      const hour = Number(hourText ?? 0);
      isWhole = hour < 1 || hour > 12 || /[AP]M|오전|오후/i.test(time.timeText);
      const last = before;
      before = { time, date, hour };
      if (!last || isWhole) return undefined;
      const passedMs = time.timeMs - last.time.timeMs;
      // Forward it would be the next step; a clock that was set back, or lines without an order, would not.
      const isNext = passedMs < 0 && passedMs + HALF_DAY_MS > 0 && passedMs + HALF_DAY_MS <= STEP_TIMES * stepMs;
      if (passedMs > 0) stepMs = passedMs;
      return isNext && last.hour === 12 && hour < 12 && date === last.date ? last.time : undefined;
    },
  };
}
