/** The alerts of a pipeline in memory, one entry an episode: read once from the log, then kept up with it. */
import type { Log } from '../../log/log.ts';
import type { SaidIn } from '../../alerts/said-in.ts';
import type { AlertEvent, AlertLocale } from '../../receivers/alert-event.ts';
import type { AlertList } from '../../server/api.ts';
import { followTopic } from './topic-reader.ts';
import { withEnd } from '../../alerts/with-end.ts';

type Entry = AlertList['alerts'][number];

export interface AlertBook {
  /** The newest first. */
  list(query: { readonly status?: AlertEvent['status']; readonly limit: number }): Promise<Entry[]>;
  find(id: string): Promise<Entry | undefined>;
  firing(): Promise<number>;
}

/** In another language. Its words are those of the record that began it, though it may have ended since. */
export function episodeIn(episode: Entry, lang: AlertLocale, saidIn: SaidIn): Entry {
  const { status, resolved_time, alert_time } = episode;
  const said = saidIn({ ...episode, status: resolved_time === alert_time ? 'resolved' : 'firing' }, lang);
  return { ...said, status };
}

/** Beyond it the oldest episodes are forgotten here; the log keeps them. */
const EPISODES_MAX = 10_000;

export function createAlertBook(log: Log, topic: string): AlertBook {
  /** In the order in which they rang. */
  const episodes = new Map<string, Entry>();
  const catchUp = followTopic(log, topic, (value) => {
    const event = value as AlertEvent;
    const known = episodes.get(event.alert_id);
    const resolved_time = event.status === 'resolved' ? event.alert_time : null;
    const repeat = Math.max(known?.repeat ?? 0, event.repeat);
    // Values and explanation stay those of the beginning.
    // Who speaks for it, and for whom it speaks, are as of the newest record.
    const { part_of: _, ...begun } = known ?? event;
    const { part_of, members = known?.members } = event;
    const company = { ...(part_of === undefined ? {} : { part_of }), ...(members && { members }) };
    episodes.set(event.alert_id, withEnd({ ...begun, ...company, status: event.status, repeat, resolved_time }, event));
    for (const { alert_id } of event.members ?? []) {
      const member = episodes.get(alert_id);
      if (member) episodes.set(alert_id, { ...member, part_of: event.alert_id });
    }
    if (episodes.size > EPISODES_MAX) episodes.delete(episodes.keys().next().value!);
  });

  return {
    async list({ status, limit }) {
      await catchUp();
      const found = status === undefined ? [...episodes.values()] : [...episodes.values()].filter((entry) => entry.status === status);
      return found.slice(-limit).reverse();
    },
    async find(id) {
      await catchUp();
      return episodes.get(id);
    },
    async firing() {
      await catchUp();
      let count = 0;
      for (const { status, part_of } of episodes.values()) if (status === 'firing' && part_of === undefined) count++;
      return count;
    },
  };
}
