/** Clocks of twelve hours that do not say which half of the day it is: read as they stand, half of their times would be wrong. */
import type { Point } from './point-lines.ts';

export interface HalfDayWatch {
  /** Told of each point in the order of the file. The point before it, where the hours begin anew after 12 between the two. */
  follows(point: Point): Point | undefined;
}

const HALF_DAY_MS = 43_200_000;
const HOUR_MS = 3_600_000;
/** A step of the series may be this much longer than the one before, and still be its next one. */
const STEP_TIMES = 3;
const CLOCK = /^(.*\d.*?[T\s,]\s*)(\d{1,2}):\d{2}/;

export function createHalfDayWatch(): HalfDayWatch {
  /** An hour that no such clock shows, or the half of the day beside it: from there on nothing is open. */
  let isWhole = false;
  let before: { readonly point: Point; readonly date: string; readonly hour: number } | undefined;
  let stepMs = HOUR_MS;

  return {
    follows(point) {
      if (isWhole) return undefined;
      const [, date = '', hourText] = CLOCK.exec(point.timeText) ?? [];
      const hour = Number(hourText ?? 0);
      isWhole = hour < 1 || hour > 12 || /[AP]M|오전|오후/i.test(point.timeText);
      const last = before;
      before = { point, date, hour };
      if (!last || isWhole) return undefined;
      const passedMs = point.timeMs - last.point.timeMs;
      // Forward it would be the next step; a clock that was set back, or lines without an order, would not.
      const isNext = passedMs < 0 && passedMs + HALF_DAY_MS > 0 && passedMs + HALF_DAY_MS <= STEP_TIMES * stepMs;
      if (passedMs > 0) stepMs = passedMs;
      return isNext && last.hour === 12 && hour < 12 && date === last.date ? last.point : undefined;
    },
  };
}
