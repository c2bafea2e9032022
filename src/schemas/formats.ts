/** The string formats that a JSON Schema may name; an unknown one is an error of the schema. By RFC 3339, 4122, 2673 and 4291. */
import { isIPv4, isIPv6 } from 'node:net';

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** The number in two ASCII digits at `at`, -1 where there are none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/** A real day of the Gregorian calendar at `text[0..10)`. */
function isDateAt0(text: string): boolean {
  const century = twoDigits(text, 0);
  const yearOfCentury = twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (century < 0 || yearOfCentury < 0 || month < 1 || month > 12 || day < 1) return false;
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false;
  if (day <= (DAYS[month - 1] ?? 0)) return true;
  const isLeap = yearOfCentury % 4 === 0 && (yearOfCentury !== 0 || century % 4 === 0);
  return month === 2 && day === 29 && isLeap;
}

/** RFC 3339 `full-time` from `at` to the end: fraction optional, zone needed; second 60 only at the end of a UTC day. */
function isTimeFrom(text: string, at: number): boolean {
  const hour = twoDigits(text, at);
  const minute = twoDigits(text, at + 3);
  const second = twoDigits(text, at + 6);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false;
  if (text.charCodeAt(at + 2) !== 58 || text.charCodeAt(at + 5) !== 58) return false;
  let end = at + 8;
  if (text.charCodeAt(end) === 46) {
    end += 1;
    const first = end;
    while (text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
    if (end === first) return false;
  }
  const zone = text.charCodeAt(end);
  if (zone === 90 || zone === 122) {
    return end + 1 === text.length && (second < 60 || (hour === 23 && minute === 59));
  }
  if (zone !== 43 && zone !== 45) return false;
  const zoneHour = twoDigits(text, end + 1);
  const zoneMinute = twoDigits(text, end + 4);
  if (zoneHour < 0 || zoneHour > 23 || zoneMinute < 0 || zoneMinute > 59) return false;
  if (text.charCodeAt(end + 3) !== 58 || end + 6 !== text.length) return false;
  if (second < 60) return true;
  const offset = (zoneHour * 60 + zoneMinute) * (zone === 43 ? 1 : -1);
  return (hour * 60 + minute - offset + 2880) % 1440 === 1439;
}

function isDateTime(text: string): boolean {
  const separator = text.charCodeAt(10);
  return (separator === 84 || separator === 116) && isDateAt0(text) && isTimeFrom(text, 11);
}

/** 1 for the code units of hex digits; as long as there are code units, so that no look-up needs a check. */
const IS_HEX = new Uint8Array(65_536);
for (const digit of '0123456789abcdefABCDEF') IS_HEX[digit.charCodeAt(0)] = 1;

function isHex(text: string, from: number, to: number): boolean {
  let count = 0;
  for (let at = from; at < to; at += 1) count += IS_HEX[text.charCodeAt(at)] as number;
  return count === to - from;
}

/** 8-4-4-4-12 hex digits. Written out: a regular expression takes twice as long, and every event has an id. */
function isUuid(text: string): boolean {
  if (text.length !== 36) return false;
  if (text.charCodeAt(8) !== 45 || text.charCodeAt(13) !== 45 || text.charCodeAt(18) !== 45 || text.charCodeAt(23) !== 45) return false;
  return isHex(text, 0, 8) && isHex(text, 9, 13) && isHex(text, 14, 18) && isHex(text, 19, 23) && isHex(text, 24, 36);
}

function isHostname(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  return at > 0 && at <= 64 && /^[^\s@"(),:;<>[\\\]]+$/.test(text.slice(0, at)) && isHostname(text.slice(at + 1));
}

export const STRING_FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': isDateTime,
  date: (text) => text.length === 10 && isDateAt0(text),
  time: (text) => isTimeFrom(text, 0),
  uuid: isUuid,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: (text) => isIPv6(text) && !text.includes('%'),
  uri: (text) => /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(text) && URL.canParse(text),
};
