/**
 * Decodes one line of the combined log format of Apache and nginx:
 * `host ident user [day/Mon/year:hh:mm:ss zone] "request" status bytes "referer" "user agent"`.
 * Strict: exactly these fields, one space between them. One pass over the line, linear in its length.
 */
import { isAscii } from 'node:buffer';

/** Absent values stay `-` as in the log; only `bytes` is left out then. */
export type CombinedRecord = {
  readonly host: string;
  readonly ident: string;
  readonly user: string;
  /** ISO 8601 UTC with ms. */
  readonly time: string;
  /** Of a request that is not `METHOD target[ HTTP/x]` (garbage sent to the port) `-`; the path is then all of it. */
  readonly method: string;
  readonly path: string;
  /** `HTTP/1.1`; `-` where the request names none. */
  readonly protocol: string;
  /** 100 to 599. */
  readonly status: number;
  /** `2xx`. */
  readonly status_class: string;
  readonly bytes?: number;
  readonly referer: string;
  readonly user_agent: string;
};

/** Why a line is none: not UTF-8, not of this form, or of this form with a value that cannot be (the first in line order). */
export type CombinedFault = 'bad_utf8' | 'bad_line' | 'value:time' | 'value:status' | 'value:bytes';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLASSES = ['', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;
const MONTHS: Readonly<Record<string, number>> = {
  Jan: 1,
  Feb: 2,
  Mar: 3,
  Apr: 4,
  May: 5,
  Jun: 6,
  Jul: 7,
  Aug: 8,
  Sep: 9,
  Oct: 10,
  Nov: 11,
  Dec: 12,
};
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `line` without its line end. Never throws. */
export function decodeCombined(line: Uint8Array): CombinedRecord | CombinedFault {
  const text = textOf(line);
  return text === undefined ? 'bad_utf8' : parseCombined(text);
}

/** The same for a line that is decoded already: never `bad_utf8`. */
export function parseCombined(text: string): CombinedRecord | CombinedFault {
  const hostEnd = text.indexOf(' ');
  const identEnd = text.indexOf(' ', hostEnd + 1);
  const userEnd = text.indexOf(' ', identEnd + 1);
  if (hostEnd <= 0 || identEnd <= hostEnd + 1 || userEnd <= identEnd + 1) return 'bad_line';
  const timeEnd = text.indexOf(']', userEnd);
  if (text.charCodeAt(userEnd + 1) !== 0x5b || timeEnd < 0 || !text.startsWith(' "', timeEnd + 1)) return 'bad_line';
  const requestStart = timeEnd + 3;
  const requestEnd = closingQuote(text, requestStart);
  if (requestEnd < 0 || text.charCodeAt(requestEnd + 1) !== 0x20) return 'bad_line';
  const statusEnd = text.indexOf(' ', requestEnd + 2);
  const bytesEnd = text.indexOf(' ', statusEnd + 1);
  if (statusEnd <= requestEnd + 2 || bytesEnd <= statusEnd + 1 || text.charCodeAt(bytesEnd + 1) !== QUOTE) return 'bad_line';
  const refererEnd = closingQuote(text, bytesEnd + 2);
  if (refererEnd < 0 || !text.startsWith(' "', refererEnd + 1)) return 'bad_line';
  const agentEnd = closingQuote(text, refererEnd + 3);
  if (agentEnd < 0 || agentEnd !== text.length - 1) return 'bad_line';

  const time = isoTime(text, userEnd + 2, timeEnd);
  if (time === undefined) return 'value:time';
  const status = statusEnd - requestEnd === 5 ? digits(text, requestEnd + 2, 3) : -1;
  if (status < 100 || status > 599) return 'value:status';
  const noBytes = bytesEnd === statusEnd + 2 && text[statusEnd + 1] === '-';
  const bytes = noBytes ? 0 : digits(text, statusEnd + 1, bytesEnd - statusEnd - 1);
  if (bytes < 0) return 'value:bytes';

  const request = unescape(text.slice(requestStart, requestEnd));
  const methodEnd = request.indexOf(' ');
  const protocolStart = request.lastIndexOf(' ') + 1;
  const named = request.startsWith('HTTP/', protocolStart) && protocolStart > methodEnd + 1;
  const pathEnd = named ? protocolStart - 1 : request.length;
  const proper = isToken(request, methodEnd) && pathEnd > methodEnd + 1;
  return {
    host: text.slice(0, hostEnd),
    ident: text.slice(hostEnd + 1, identEnd),
    user: text.slice(identEnd + 1, userEnd),
    time,
    method: proper ? request.slice(0, methodEnd) : '-',
    path: proper ? request.slice(methodEnd + 1, pathEnd) : request,
    protocol: proper && named ? request.slice(protocolStart) : '-',
    status,
    status_class: CLASSES[Math.floor(status / 100)] as string,
    ...(noBytes ? {} : { bytes }),
    referer: unescape(text.slice(bytesEnd + 2, refererEnd)),
    user_agent: unescape(text.slice(refererEnd + 3, agentEnd)),
  };
}

function textOf(line: Uint8Array): string | undefined {
  // Almost all lines are ASCII; the fatal decoder is several times slower.
  if (isAscii(line)) return Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('latin1');
  try {
    return utf8.decode(line);
  } catch {
    return undefined;
  }
}

/** Index of the first quote from `from` on that no backslash escapes; -1 if there is none. */
function closingQuote(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (quote - backslashes > from && text.charCodeAt(quote - backslashes - 1) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
  return -1;
}

/** `count` decimal digits as a number, exact up to 2^53; -1 for anything else. */
function digits(text: string, from: number, count: number): number {
  if (count > 15) return -1;
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** `17/May/2015:10:05:03 +0000`, a real date from 1970 to 9999 and a real time (no second 60). */
function isoTime(text: string, from: number, end: number): string | undefined {
  if (end - from !== 26) return undefined;
  if (text[from + 2] !== '/' || text[from + 6] !== '/' || text[from + 11] !== ':' || text[from + 14] !== ':') return undefined;
  if (text[from + 17] !== ':' || text[from + 20] !== ' ') return undefined;
  const month = MONTHS[text.slice(from + 3, from + 6)];
  const [day, year] = [digits(text, from, 2), digits(text, from + 7, 4)];
  const [hour, minute, second] = [digits(text, from + 12, 2), digits(text, from + 15, 2), digits(text, from + 18, 2)];
  const zoneSign = text[from + 21] === '+' ? 1 : text[from + 21] === '-' ? -1 : 0;
  const [zoneHour, zoneMinute] = [digits(text, from + 22, 2), digits(text, from + 24, 2)];
  if (month === undefined || day < 1 || year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    return undefined;
  if (zoneSign === 0 || zoneHour < 0 || zoneHour > 23 || zoneMinute < 0 || zoneMinute > 59) return undefined;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  if (day > (MONTH_DAYS[month - 1] as number) + leap) return undefined;
  if (zoneHour === 0 && zoneMinute === 0) {
    const pad = month < 10 ? `0${month}` : month;
    return `${text.slice(from + 7, from + 11)}-${pad}-${text.slice(from, from + 2)}T${text.slice(from + 12, from + 20)}.000Z`;
  }
  const ms = Date.UTC(year, month - 1, day, hour, minute, second) - zoneSign * (zoneHour * 60 + zoneMinute) * 60_000;
  return ms >= 0 && ms <= 253_402_300_799_999 ? new Date(ms).toISOString() : undefined;
}

/** Is `text` up to `end` a method as RFC 9110 allows it. */
function isToken(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
    if (!letter && !"!#$%&'*+-.^_`|~".includes(text[i] as string)) return false;
  }
  return end > 0;
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', r: '\r', t: '\t', b: '\b', v: '\v', f: '\f' };

/** What the servers write for what they may not: `\"`, `\\`, `\n`, and `\xE2\x82\xAC` for bytes. Others stay as they are. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/(?:\\x[0-9A-Fa-f]{2})+|\\./gs, (escape) =>
    escape[1] === 'x' && escape.length > 2 ? bytesText(escape) : (ESCAPES[escape[1] as string] ?? escape),
  );
}

/** A run of `\xHH`: its bytes as UTF-8; left as written where they are not. */
function bytesText(run: string): string {
  try {
    return utf8.decode(Buffer.from(run.replaceAll('\\x', ''), 'hex'));
  } catch {
    return run;
  }
}
