import { formatClock, formatNear } from './time.ts';

/** `2025-12-18 02:57–02:58 UTC`, `2025-12-18 02:57:10 UTC`, `02:57 UTC`: as src/alerts writes times into its sentences. */
const TIMES = /(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d(?::\d\d)?)(?:–(\d\d:\d\d(?::\d\d)?))? UTC/g;

/**
 * A sentence of the server with its times as the rest of the page writes them, in the viewer's zone: `11:57–11:58`.
 * `since`: ISO 8601, the day of a time that stands without one. `now`: epoch ms.
 */
export function withNearTimes(text: string, since: string, now: number, language: string): string {
  return text.replace(TIMES, (_, day: string | undefined, from: string, to: string | undefined) => {
    const time = (clock: string): number => Date.parse(`${day ?? since.slice(0, 10)}T${clock}Z`);
    const seconds = from.length > 5;
    const start = formatNear(time(from), now, language, { seconds });
    return to === undefined ? start : `${start}–${formatClock(time(to), language, { seconds })}`;
  });
}

/** The viewer's zone at that time: `UTC+9`, `UTC`. `time`: epoch ms. */
export function formatZone(time: number): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'shortOffset' }).formatToParts(time);
  return (parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC').replace('GMT', 'UTC').replace(/\+0$/, '');
}
