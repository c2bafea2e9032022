import { concerns } from '../../../src/notify/silence.ts';
import type { ShownSilence } from '../../../src/server/api.ts';
import type { Episode } from './alert-book.ts';

/** How it stands is the server's word, which tells each change: the browser's clock may be another. */
export type Silence = ShownSilence;

/** `alert`: this kind of alert alone; `segment`: whatever rings there. Both in the finer segments too. */
export type Scope = 'alert' | 'segment';

/** What can be silenced from an alert's card, the smallest first. The total has no labels: all of it would be everything, which nothing silences. */
export function scopesOf({ labels }: Pick<Episode, 'labels'>): readonly Scope[] {
  return Object.keys(labels).length === 0 ? ['alert'] : ['alert', 'segment'];
}

export function matchersOf(
  { labels, alert_type }: Pick<Episode, 'labels' | 'alert_type'>,
  scope: Scope,
): Pick<Silence, 'matchers' | 'alert_type'> {
  return { matchers: labels, ...(scope === 'alert' && { alert_type }) };
}

/** In words of the wire: `country=US`, `ctr_drop`. */
export function partsOf({
  matchers,
  measure,
  alert_type,
  alert_id,
}: Pick<Silence, 'matchers' | 'measure' | 'alert_type' | 'alert_id'>): readonly string[] {
  const labels = Object.entries(matchers).map(([name, value]) => `${name}=${value}`);
  return [...labels, ...[measure, alert_type, alert_id].filter((part) => part !== undefined)];
}

/** Of those that hold now for this alert, by the server's clock, the one that ends last: as the notifier sees it. */
export function silenceOf(
  episode: Pick<Episode, 'labels' | 'measure' | 'alert_type' | 'alert_id'>,
  silences: readonly Silence[],
): Silence | undefined {
  const holding = silences.filter((silence) => silence.status === 'active' && concerns(silence, episode));
  return holding.sort((a, b) => Date.parse(b.ends_at) - Date.parse(a.ends_at))[0];
}

const MORNING_HOUR = 9;
/** A morning that is nearer is not what "until tomorrow" means. */
const NIGHT_MS = 4 * 3_600_000;

/** The next 9 o'clock in the viewer's zone that is a night away, epoch ms. */
export function nextMorning(now: number): number {
  const morning = new Date(now);
  morning.setHours(MORNING_HOUR, 0, 0, 0);
  while (morning.getTime() < now + NIGHT_MS) morning.setDate(morning.getDate() + 1);
  return morning.getTime();
}
