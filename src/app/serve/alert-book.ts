/** The alerts of a pipeline in memory, one entry an episode: read once from the log, then kept up with it. */
import { byGravity, severityRank } from '../../alerts/gravity.ts';
import type { SaidIn } from '../../alerts/said-in.ts';
import { noteRecord, type Episode } from '../../alerts/episodes.ts';
import { AppError } from '../../core/errors.ts';
import type { Log } from '../../log/log.ts';
import type { AlertLocale, Severity } from '../../receivers/alert-event.ts';
import { parseAlert } from '../../receivers/parse-alert.ts';
import type { AlertGroup, AlertList } from '../../server/api.ts';
import type { AlertQuery } from '../../server/surface.ts';
import { followTopic } from './topic-reader.ts';

export interface AlertBook {
  /** @throws AppError `usage` where `after` is none of those that are known */
  list(query: AlertQuery): Promise<AlertList>;
  find(id: string): Promise<Episode | undefined>;
  /** How many fire, and how many of each kind, the gravest kind first; without those that another one speaks for. */
  firing(): Promise<{ readonly count: number; readonly groups: readonly AlertGroup[] }>;
}

/** In another language. Its words are those of the record that began it, though it may have ended since. */
export function episodeIn(episode: Episode, lang: AlertLocale, saidIn: SaidIn): Episode {
  const { status, resolved_time, alert_time } = episode;
  const said = saidIn({ ...episode, status: resolved_time === alert_time ? 'resolved' : 'firing' }, lang);
  return { ...said, status };
}

/** Beyond it the oldest episodes are forgotten here, those that fire last; the log keeps them. */
const EPISODES_MAX = 10_000;
/** Forgotten are so many at once: they are looked for among all. */
const FORGOTTEN_AT_ONCE = 500;
/** Kinds of alerts come from the pipeline file: of what others write there no more are told apart. */
const GROUPS_MAX = 200;

export function createAlertBook(log: Log, topic: string): AlertBook {
  /** In the order in which they rang. */
  const episodes = new Map<string, Episode>();
  /** All that fires and speaks for itself, by its id: also of episodes that are forgotten, for there are no more than series watched. */
  const firing = new Map<string, Firing>();
  const catchUp = followTopic(log, topic, (text) => {
    const event = parseAlert(text);
    if (!event) return;
    const episode = noteRecord(episodes, event);
    if (episode.status === 'firing' && episode.part_of === undefined) firing.set(event.alert_id, firingOf(episode));
    else firing.delete(event.alert_id);
    for (const { alert_id } of event.members ?? []) firing.delete(alert_id);
    if (episodes.size >= EPISODES_MAX + FORGOTTEN_AT_ONCE) forget();
  });

  function forget(): void {
    const over = [...episodes.values()].filter(({ status }) => status === 'resolved');
    const others = [...episodes.values()].filter(({ status }) => status === 'firing');
    for (const { alert_id } of [...over, ...others].slice(0, episodes.size - EPISODES_MAX)) episodes.delete(alert_id);
  }

  return {
    async list({ status, folded = true, order = 'newest', after, limit }) {
      await catchUp();
      if (after !== undefined && !episodes.has(after)) throw unknownPlace(after);
      const isWanted = (entry: Episode): boolean =>
        (status === undefined || entry.status === status) && (folded || entry.part_of === undefined);
      // The place to go on from stays one, though that alert may have ended since.
      const found = [...episodes.values()].filter((entry) => isWanted(entry) || entry.alert_id === after).reverse();
      if (order === 'gravest') found.sort(byGravity);
      const behind = after === undefined ? found : found.slice(found.findIndex(({ alert_id }) => alert_id === after) + 1);
      return { alerts: behind.slice(0, limit), total: found.filter(isWanted).length };
    },
    async find(id) {
      await catchUp();
      return episodes.get(id);
    },
    async firing() {
      await catchUp();
      const groups = new Map<string, AlertGroup>();
      for (const { key, kind, severity } of firing.values()) {
        const { firing: before, gravest } = groups.get(key) ?? { firing: 0, gravest: severity };
        const isGraver = severityRank(severity) > severityRank(gravest);
        groups.set(key, { ...kind, firing: before + 1, gravest: isGraver ? severity : gravest });
      }
      const inOrder = [...groups.values()].sort((a, b) => severityRank(b.gravest) - severityRank(a.gravest) || b.firing - a.firing);
      return { count: firing.size, groups: inOrder.slice(0, GROUPS_MAX) };
    },
  };
}

interface Firing {
  readonly key: string;
  readonly kind: Omit<AlertGroup, 'firing' | 'gravest'>;
  readonly severity: Severity;
}

function firingOf({ alert_type, measure, metric_name, direction, labels, severity }: Episode): Firing {
  const dimensions = Object.keys(labels);
  const key = [alert_type, measure, direction, ...dimensions].join('\0');
  return { key, kind: { alert_type, measure, metric_name, direction, dimensions }, severity };
}

function unknownPlace(after: string): AppError {
  return new AppError(
    'usage',
    `found after=${JSON.stringify(after.slice(0, 100))}, which is none of the alerts that are listed; expected the alert_id of one. Begin again without it.`,
  );
}
