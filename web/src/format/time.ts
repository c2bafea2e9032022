/** `21:03:20`, in the viewer's zone, always of 24 hours. */
export function formatClock(iso: string | number, language: string, options: { readonly seconds: boolean } = { seconds: true }): string {
  return new Intl.DateTimeFormat(language, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(options.seconds && { second: '2-digit' }),
  }).format(new Date(iso));
}

/** The clock alone where that is clear, with the day where it is not today's: `21:03:20`, `May 20, 21:03`. Both times epoch ms. */
export function formatNear(
  time: number,
  now: number,
  language: string,
  options: { readonly seconds: boolean } = { seconds: true },
): string {
  const day = (each: number): string => new Date(each).toDateString();
  if (day(time) === day(now)) return formatClock(time, language, options);
  return new Intl.DateTimeFormat(language, { ...DAY, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(time));
}

/** For an axis: the day at midnight, else the clock, with seconds where there are any. */
export function formatTick(time: number, language: string): string {
  const date = new Date(time);
  if (date.getHours() + date.getMinutes() + date.getSeconds() === 0) return new Intl.DateTimeFormat(language, DAY).format(date);
  return formatClock(time, language, { seconds: time % 60_000 !== 0 });
}

const DAY = { month: 'short', day: 'numeric' } as const;

/** With the day: `Nov 21, 21:03:20`. */
export function formatMoment(iso: string | number, language: string): string {
  return new Intl.DateTimeFormat(language, {
    ...DAY,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(iso));
}

export interface SpanUnits {
  readonly d: string;
  readonly h: string;
  readonly m: string;
  readonly s: string;
}

/** The largest unit, and the next where it says something: `45s`, `3m 20s`, `2h 5m`, `4d 3h`. */
export function formatSpan(ms: number, units: SpanUnits): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [d, h, m, s] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const parts: [number, string][] = [
    [d, units.d],
    [h, units.h],
    [m, units.m],
    [s, units.s],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return `0${units.s}`;
  return parts
    .slice(first, first + 2)
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
