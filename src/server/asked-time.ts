/** Times that requests name. A schema's `date-time` takes some that are no instant: an offset of hours alone, a second 60. */
import { AppError } from '../core/errors.ts';
import { parseInstant } from '../core/instant.ts';
import { parseWritten, type ShownTime } from '../core/told-time.ts';

/** Epoch ms. @throws AppError `usage` */
export function askedInstant(name: string, text: string): number {
  const time = readTime(text);
  if (typeof time === 'number') return time;
  throw refusal(name, text, 'an ISO 8601 date-time with a zone, such as 2026-03-02T09:00:00Z or 2026-03-02T18:00:00+09:00');
}

/** The same, or a time without a zone, or a day: by a clock that is still to be named. @throws AppError `usage` */
export function askedTime(name: string, text: string): number | ShownTime {
  const time = readTime(text);
  if (time !== undefined) return time;
  throw refusal(name, text, 'a time such as 2026-03-02T09:00:00Z, one as tables have it (2026-03-02 18:00, by time_zone), or a day');
}

function readTime(text: string): number | ShownTime | undefined {
  const written = text.toUpperCase();
  return parseInstant(written) ?? parseWritten(written);
}

function refusal(name: string, text: string, expected: string): AppError {
  return new AppError('usage', `found ${name} ${JSON.stringify(text.slice(0, 100))}; expected ${expected}`);
}
