import { mapTimes } from '../../../src/core/told-time.ts';
import { formatNear } from './time.ts';

/** A sentence of the server with its times as the rest of the page writes them, in the viewer's zone: `11:57–11:58`. `now`: epoch ms. */
export function withNearTimes(text: string, now: number, language: string): string {
  return mapTimes(text, ({ from, to, seconds }) => {
    const start = formatNear(from, now, language, { seconds });
    return to === undefined ? start : `${start}–${formatNear(to, from, language, { seconds })}`;
  });
}

/** The viewer's zone at that time: `UTC+9`, `UTC`. `time`: epoch ms. */
export function formatZone(time: number): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'shortOffset' }).formatToParts(time);
  return (parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC').replace('GMT', 'UTC').replace(/\+0$/, '');
}
