/** Times as files write them: numbers since 1970, dates of several countries, with or without a clock time. */
import { isDigits, readDigits, type DigitsForm } from './digits-time.ts';
import type { Reading } from './field-reading.ts';

/** Of dates whose year comes last: the day first, or the month. */
export const DATE_ORDERS = ['dmy', 'mdy'] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

/** How the times of a column are written, as far as it is known. */
export interface TimeStyle {
  readonly order?: DateOrder;
  readonly digits?: DigitsForm;
}

/** Epoch ms. `style`: of the column. */
export function readTime(text: string, style: TimeStyle): Reading<TimeStyle> {
  if (isDigits(text)) {
    const read = readDigits(text, style.digits);
    return typeof read === 'object' ? { value: read.value, ...(read.settles && { settles: { digits: read.settles } }) } : read;
  }
  const [, date, clock = '', zone = 'Z'] = SHAPE.exec(text) ?? [];
  if (date === undefined) return undefined;
  const day = readDate(date, style.order);
  if (day === undefined || day === 'either') return day;
  const value = epochOf(day.date, clock, zone);
  return value === undefined ? undefined : { value, ...(day.settles && { settles: { order: day.settles } }) };
}

/** A date, a clock time, a zone. */
const SHAPE =
  /^(\d[\d\s./년월일-]*[\d.일])(?:(?:T|,?\s)((?:(?:오전|오후|[AP]M)\s?)?\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s?[AP]M)?)\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$/i;
const YEAR_FIRST = /^(\d{4})([-/.])\s?(\d{1,2})\2\s?(\d{1,2})\.?$/;
const YEAR_FIRST_KOREAN = /^(\d{4})(년)\s?(\d{1,2})월\s?(\d{1,2})일$/;
const YEAR_LAST = /^(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4})\.?$/;

type YearMonthDay = readonly [year: number, month: number, day: number];

function readDate(
  text: string,
  order: DateOrder | undefined,
): { readonly date: YearMonthDay; readonly settles?: DateOrder } | 'either' | undefined {
  const yearFirst = YEAR_FIRST.exec(text) ?? YEAR_FIRST_KOREAN.exec(text);
  if (yearFirst) return { date: [Number(yearFirst[1]), Number(yearFirst[3]), Number(yearFirst[4])] };
  const [, first, mark, second, year] = YEAR_LAST.exec(text) ?? [];
  if (first === undefined) return undefined;
  const [one, two] = [Number(first), Number(second)];
  // Who writes points writes the day first, and all of the column is read so.
  const settles = one > 12 ? 'dmy' : two > 12 ? 'mdy' : mark === '.' && one !== two ? 'dmy' : undefined;
  const read = order ?? settles ?? (one === two ? 'dmy' : undefined);
  if (read === undefined) return 'either';
  return { date: read === 'dmy' ? [Number(year), two, one] : [Number(year), one, two], ...(settles && { settles }) };
}

const CLOCK = /(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?/;

function epochOf([year, month, day]: YearMonthDay, clock: string, zone: string): number | undefined {
  const [, hourText = '0', minute = '00', second = '00', fraction = ''] = CLOCK.exec(clock) ?? [];
  const half = /오전|AM/i.test(clock) ? 0 : /오후|PM/i.test(clock) ? 12 : undefined;
  const shown = Number(hourText);
  if (half !== undefined && (shown < 1 || shown > 12)) return undefined;
  const hour = half === undefined ? shown : half + (shown % 12);
  const dayText = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
  const midnight = Date.parse(`${dayText}T00:00:00Z`);
  // The engine takes 31 February for 3 March.
  if (!Number.isFinite(midnight) || new Date(midnight).getUTCDate() !== day) return undefined;
  // Postgres writes an offset of whole hours without minutes.
  const suffix = /^(Z|UTC)$/i.test(zone) ? 'Z' : zone.length === 3 ? `${zone}:00` : zone;
  const ms = Date.parse(`${dayText}T${padded(hour, 2)}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}${suffix}`);
  return Number.isFinite(ms) ? ms : undefined;
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
