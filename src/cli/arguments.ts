/** Values of options, as people write them. Each throws commander's InvalidArgumentError: a usage error, exit 2. */
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../core/duration.ts';
import { parseInstant, parseInstantOrDay } from '../core/instant.ts';
import { parseWritten, type ShownTime } from '../core/told-time.ts';
import { webAddress } from '../core/web-address.ts';

/** A whole number, 0 or more. */
export function countArgument(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

/** A whole number, 1 or more. */
export function positiveArgument(text: string): number {
  const count = countArgument(text);
  if (count === 0) throw new InvalidArgumentError('Expected 1 or more.');
  return count;
}

/** A size of 16 MB or more -> MB. */
export function megabytesArgument(text: string): number {
  const [, count, unit] = /^(\d{1,6})(MB|GB)$/i.exec(text) ?? [];
  const megabytes = Number(count) * (unit?.toUpperCase() === 'GB' ? 1_024 : 1);
  if (!(megabytes >= 16)) throw new InvalidArgumentError('Expected a size such as 512MB or 2GB, 16MB at least.');
  return megabytes;
}

/** What Kafka takes for the name of a member that stays the same (`group.instance.id`). */
export function instanceArgument(text: string): string {
  if (/^[\w.-]{1,200}$/.test(text) && !/^\.\.?$/.test(text)) return text;
  throw new InvalidArgumentError('Expected up to 200 letters, digits and . _ -, such as the name of the pod.');
}

/** Without what stands behind a path: the page's own addresses go there. Empty, as Compose passes what is not set: none. */
export function pageUrlArgument(text: string): string | undefined {
  if (text === '') return undefined;
  const address = webAddress(text);
  if (address !== undefined && !/[?#]/.test(text)) return address;
  throw new InvalidArgumentError('Expected an address such as https://tocsin.example.com: http or https, without a password, ? or #.');
}

/** A number above 0. */
export function factorArgument(text: string): number {
  const factor = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || !(factor > 0)) throw new InvalidArgumentError('Expected a number above 0, such as 0.4.');
  return factor;
}

/** -> ms, more than 0. */
export function durationArgument(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0) throw new InvalidArgumentError('Expected a duration such as 30s, 5m or 2h.');
  return ms;
}

/**
 * An instant -> epoch ms: ISO 8601 with a zone, or as sentences have it (`2026-03-02 18:00 UTC+9`), a date (midnight UTC), or how long ago (`2h`).
 * @param others what else the option takes, for its refusal
 */
export function timeArgument(now: () => number, others = ''): (text: string) => number {
  const asked = askedTimeArgument(now, others);
  return (text) => {
    const time = parseInstantOrDay(text) ?? asked(text);
    if (typeof time === 'number') return time;
    throw new InvalidArgumentError(`Expected a time with its zone, such as 2026-03-02T09:00:00Z or ${text} UTC.`);
  };
}

/** The same; a time as tables print it, `2026-03-02 18:00:00`, and a date are by the clock of the pipeline that it is asked of. */
export function askedTimeArgument(now: () => number, others = ''): (text: string) => number | ShownTime {
  return (text) => {
    const ago = parseDuration(text);
    const time = ago === undefined ? (parseInstant(text) ?? parseWritten(text)) : now() - ago;
    if (typeof time === 'object' || Number.isFinite(time)) return time!;
    throw new InvalidArgumentError(
      `Expected ${others}a time such as 2026-03-02T09:00:00Z, a date such as 2026-03-02, or how long ago: 2h.`,
    );
  };
}

/** `country=US`, once or more: each is added to those before. */
export function labelArgument(text: string, before: readonly (readonly [string, string])[] = []): readonly (readonly [string, string])[] {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at < 1) throw new InvalidArgumentError('Expected NAME=VALUE, such as country=US.');
  if (before.some(([other]) => other === name)) throw new InvalidArgumentError(`Expected ${name} once: an alert has one value of it.`);
  return [...before, [name, text.slice(at + 1)]];
}

/** Where a pipeline begins to read again. */
export function fromArgument(now: () => number): (text: string) => 'earliest' | 'latest' | number {
  const time = timeArgument(now, 'earliest, latest, ');
  return (text) => (text === 'earliest' || text === 'latest' ? text : time(text));
}
