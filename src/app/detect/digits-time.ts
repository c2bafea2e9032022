/** Times without anything but digits: `20260302090000`, or a number since 1970. */
import type { Reading } from './field-reading.ts';

/** What a number since 1970 counts. */
export const TIME_UNITS = ['s', 'ms', 'us', 'ns'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

/** Of a column: `date`: years, months, days, perhaps a clock time; `unix`: since 1970, the unit by the size; or that unit. */
export type DigitsForm = 'date' | 'unix' | TimeUnit;

const UNITS_A_SECOND: Readonly<Record<TimeUnit, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 };
/** The largest number of seconds that is no milliseconds: the year 5138. A thousand times that for each finer unit. */
const SECONDS_MAX = 1e11;
/** March 1973, which is where `SECONDS_MAX` as ms is: no unit reads an earlier time. What is smaller is hardly one: a count, a year, a spreadsheet's day. */
const SECONDS_MIN = 1e8;
/** The last time there is, ms. */
const TIME_MAX_MS = 8.64e15;
const DATE_YEARS = { from: 1990, to: 2099 };
/** Down to the day, the hour, the minute or the second. Unix seconds that could be hours of these years (ten digits) are of 2033 and later. */
const DATE = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(?:(\d{2})(\d{2})?)?)?$/;

export function isDigits(text: string): boolean {
  return /^-?\d{1,19}(\.\d+)?$/.test(text);
}

/** Epoch ms, of a text of digits. */
export function readDigits(text: string, form: DigitsForm | undefined): Reading<DigitsForm> {
  if (form !== undefined && form !== 'date' && form !== 'unix') {
    const ms = (Number(text) / UNITS_A_SECOND[form]) * 1_000;
    return Math.abs(ms) <= TIME_MAX_MS ? { value: ms } : undefined;
  }
  // As a number it would be of a later time, and all that follow it read as such.
  if (form === undefined && isHour24(text)) return undefined;
  const date = form === 'unix' ? undefined : dateOf(text);
  if (date !== undefined || form === 'date') return date === undefined ? undefined : { value: date, settles: 'date' };
  let ms = Number(text) * 1_000;
  while (ms >= SECONDS_MAX * 1_000) ms /= 1_000;
  return ms < SECONDS_MIN * 1_000 ? undefined : { value: ms, settles: 'unix' };
}

/** The last hour of a day as those write it who number hours by their end, from 01 to 24: `2026022824`. */
export function isHour24(text: string): boolean {
  return DATE.exec(text)?.[4] === '24' && dateOf(text.slice(0, 8)) !== undefined;
}

function dateOf(text: string): number | undefined {
  const [, year = '', month, day, hour = '00', minute = '00', second = '00'] = DATE.exec(text) ?? [];
  if (!(Number(year) >= DATE_YEARS.from && Number(year) <= DATE_YEARS.to)) return undefined;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // The engine takes 31 February for 3 March, and 24:00 for the next day.
  return Number.isFinite(ms) && new Date(ms).toISOString().slice(8, 13) === `${day}T${hour}` ? ms : undefined;
}
