/**
 * Times as sentences tell them. What is stored says them by UTC; `splitTimes` finds them there again, for who reads by another clock: a
 * browser's, a chat's, that of a `time_zone`.
 */
import { parseInstant } from './instant.ts';

/** A time in a sentence, or with `to` a span; epoch ms. */
export interface ToldTime {
  readonly from: number;
  readonly to?: number;
  /** Whether it is told to the second. */
  readonly seconds: boolean;
}

/** How far its clock is ahead of UTC at an instant (epoch ms), ms. */
export type Zone = (time: number) => number;

export const UTC: Zone = () => 0;

const DAY_MS = 86_400_000;

/** @throws RangeError for a name that is no IANA time zone's */
export function zoneNamed(name: string): Zone {
  if (name === 'UTC') return UTC;
  const format = new Intl.DateTimeFormat('en', { timeZone: name, timeZoneName: 'longOffset' });
  return (time) => {
    const told = format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = 0, minutes = 0] = /([+-])(\d\d):(\d\d)/.exec(told) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  };
}

/** `2025-12-18 02:57 UTC`, `2025-12-18 11:57 UTC+9`; seconds where there are some, or where what it stands beside has some. */
export function timeText(time: number, zone: Zone = UTC, seconds = hasSeconds(time)): string {
  const ahead = zone(time);
  return `${dayOf(time + ahead)} ${clockOf(time + ahead, seconds)} ${zoneText(ahead)}`;
}

/** `11:57:00 UTC+9`: beside what says the day, or of now. */
export function clockText(time: number, zone: Zone): string {
  const ahead = zone(time);
  return `${clockOf(time + ahead, true)} ${zoneText(ahead)}`;
}

/** `2025-12-18 02:57–02:58 UTC`, `2025-12-17 23:58–2025-12-18 00:03 UTC`; all by the clock of its beginning. */
export function spanText(from: number, to: number, zone: Zone = UTC, seconds = hasSeconds(from, to)): string {
  const ahead = zone(from);
  const [day, lastDay] = [dayOf(from + ahead), dayOf(to + ahead)];
  const end = `${lastDay === day ? '' : `${lastDay} `}${clockOf(to + ahead, seconds)}`;
  return `${day} ${clockOf(from + ahead, seconds)}–${end} ${zoneText(ahead)}`;
}

/** ISO-like text of what the zone's clock shows: to be cut to what a table has room for. `iso`: an instant. */
export function localIso(iso: string, zone: Zone): string {
  const time = Date.parse(iso);
  return zone === UTC ? iso : new Date(time + zone(time)).toISOString();
}

/** What a clock showed, as ms since 1970 of a clock without a zone: an instant only together with one. */
export interface ShownTime {
  readonly shown: number;
}

/**
 * Where clocks go back a time is shown twice, and where they go forward it never is: then the instant is the earlier or the later one
 * of those by the clock before the change and by the one after it.
 */
export function instantOf(time: number | ShownTime, zone: Zone, which: 'earlier' | 'later'): number {
  if (typeof time === 'number') return time;
  const { shown } = time;
  // Clocks differ from UTC by less than a day, and change no more than once within two.
  const both = [shown - DAY_MS, shown + DAY_MS].map((near) => shown - zone(near));
  const real = both.filter((instant) => instant + zone(instant) === shown);
  return Math[which === 'earlier' ? 'min' : 'max'](...(real.length > 0 ? real : both));
}

const WRITTEN = /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)( UTC(?:([+-])(\d{1,2})(?::(\d\d))?)?)?)?$/;

/**
 * Reads what is written above: `2025-12-18 11:57 UTC+9` (an instant, epoch ms), `2025-12-18 11:57:30` as tables have it, and a day, which is its
 * midnight. Undefined: none of these.
 */
export function parseWritten(text: string): number | ShownTime | undefined {
  const [, day, clock = '00:00', zone, sign = '+', hours = '0', minutes = '00'] = WRITTEN.exec(text) ?? [];
  if (zone !== undefined) return parseInstant(`${day}T${clock}${sign}${hours.padStart(2, '0')}:${minutes}`);
  const shown = parseInstant(`${day}T${clock}Z`);
  return shown === undefined ? undefined : { shown };
}

const DAY = String.raw`\d{4}-\d\d-\d\d`;
const CLOCK = String.raw`\d\d:\d\d(?::\d\d)?`;
const TIMES = new RegExp(`(${DAY}) (${CLOCK})(?:–(?:(${DAY}) )?(${CLOCK}))? UTC(?![+-]?\\d)`, 'g');

/** A text in pieces: its times, as they are written above by UTC, and what stands between them. */
export function splitTimes(text: string): (string | ToldTime)[] {
  const pieces: (string | ToldTime)[] = [];
  let at = 0;
  for (const match of text.matchAll(TIMES)) {
    const [whole, day, from = '', lastDay = day, to] = match;
    const told = { from: Date.parse(`${day}T${from}Z`), seconds: from.length > 5 };
    const end = to === undefined ? undefined : Date.parse(`${lastDay}T${to}Z`);
    // A label may look like a time that never was.
    if (Number.isNaN(told.from) || Number.isNaN(end)) continue;
    pieces.push(text.slice(at, match.index), end === undefined ? told : { ...told, to: end });
    at = match.index + whole.length;
  }
  return [...pieces, text.slice(at)].filter((piece) => piece !== '');
}

export function mapTimes(text: string, tell: (time: ToldTime) => string): string {
  return splitTimes(text)
    .map((piece) => (typeof piece === 'string' ? piece : tell(piece)))
    .join('');
}

/** A sentence with its times by the clock of a zone. */
export function withZone(text: string, zone: Zone): string {
  if (zone === UTC) return text;
  return mapTimes(text, ({ from, to, seconds }) => (to === undefined ? timeText(from, zone, seconds) : spanText(from, to, zone, seconds)));
}

/** `UTC`, `UTC+9`, `UTC-3:30` */
function zoneText(aheadMs: number): string {
  const minutes = Math.abs(aheadMs) / 60_000;
  if (minutes === 0) return 'UTC';
  const rest = minutes % 60;
  return `UTC${aheadMs < 0 ? '-' : '+'}${Math.floor(minutes / 60)}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function clockOf(time: number, seconds: boolean): string {
  return new Date(time).toISOString().slice(11, seconds ? 19 : 16);
}

/** Whether times (epoch ms) of one message are told to the second: one of them needs it. Zones differ by whole minutes. */
export function hasSeconds(...times: readonly number[]): boolean {
  return times.some((time) => Math.floor(time / 1_000) % 60 !== 0);
}
