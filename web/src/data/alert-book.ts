import type { Episode } from '../../../src/alerts/episodes.ts';
import type { AlertEvent } from '../../../src/receivers/alert-event.ts';
import { byGravity, severityRank } from '../../../src/alerts/gravity.ts';
import { withEnd } from '../../../src/alerts/with-end.ts';
import type { Ending } from '../../../src/receivers/ending.ts';
import { labelsKey, type Labels } from './series-book.ts';

/** From the first window in breach to the end: one entry, however many records tell of it. */
export type { Episode };

/** `max` episodes: the oldest that are over go first, of those that fire what another one speaks for, then the least grave: `firingLost` tells of each time. */
export interface AlertBook {
  /** True where this begins an episode that was not known, and speaks for itself. */
  put(event: AlertEvent): boolean;
  load(episodes: readonly Episode[]): void;
  /** Those that fire, as far as is known. */
  firing(): readonly Episode[];
  /** Forgets these where they still fire: their end was missed. */
  forget(missed: readonly Episode[]): void;
  /** Forgets all: they come again in other words. */
  clear(): void;
  /** Newest first, of one moment the gravest first. */
  list(): readonly Episode[];
}

export function createAlertBook(max: number, firingLost = (): void => {}): AlertBook {
  const episodes = new Map<string, Episode>();

  const merge = (next: Episode): void => {
    const held = episodes.get(next.alert_id);
    // An end keeps the words of the breach: what it said, not that it is over, is what one wants to read later.
    if (held && next.resolved_time !== null) {
      const { part_of } = next;
      const explanation = next.explanation?.lasting ? { ...held.explanation, lasting: true as const } : held.explanation;
      const { resolved_time, ending } = next;
      episodes.set(next.alert_id, {
        ...held,
        ...(part_of && { part_of }),
        explanation,
        status: 'resolved',
        resolved_time,
        ...(ending && { ending }),
      });
    } else if (!held || (held.resolved_time === null && next.alert_time >= held.alert_time)) {
      episodes.set(next.alert_id, next);
    }
    for (const { alert_id } of next.members ?? []) {
      const member = episodes.get(alert_id);
      if (member) episodes.set(alert_id, { ...member, part_of: next.alert_id });
    }
  };
  const trim = (): void => {
    if (episodes.size <= max) return;
    const over = sorted().filter(({ status }) => status === 'resolved');
    const firing = [...episodes.values()].filter(({ status }) => status === 'firing').sort(byGravity);
    const isFolded = ({ part_of }: Episode): boolean => part_of !== undefined;
    const goes = [...over.reverse(), ...firing.filter(isFolded).reverse(), ...firing.filter((each) => !isFolded(each)).reverse()];
    const gone = goes.slice(0, episodes.size - max);
    for (const { alert_id } of gone) episodes.delete(alert_id);
    if (incidentsOf(gone).some(({ status }) => status === 'firing')) firingLost();
  };
  const sorted = (): Episode[] => [...episodes.values()].sort(byNewest);

  return {
    put: (event) => {
      const known = episodes.has(event.alert_id);
      merge(withEnd({ ...event, resolved_time: event.status === 'resolved' ? event.alert_time : null }, event));
      trim();
      return !known && event.status === 'firing' && event.part_of === undefined;
    },
    load: (list) => {
      for (const episode of list) merge(episode);
      trim();
    },
    firing: () => [...episodes.values()].filter(({ status }) => status === 'firing'),
    forget: (missed) => {
      for (const { alert_id } of missed) if (episodes.get(alert_id)?.status === 'firing') episodes.delete(alert_id);
    },
    clear: () => episodes.clear(),
    list: sorted,
  };
}

function byNewest(a: Episode, b: Episode): number {
  if (a.since !== b.since) return a.since < b.since ? 1 : -1;
  return severityRank(b.severity) - severityRank(a.severity) || (a.alert_id < b.alert_id ? -1 : 1);
}

/** Of a comparison with a control: it is decided, and nothing is wrong. */
export function isExperiment({ explanation }: Pick<Episode, 'explanation'>): boolean {
  return explanation.evidence?.permitted_error !== undefined;
}

/** Past what it went: a control, a fixed limit (which nothing was learnt for), or what was expected. */
export function yardstickOf(episode: Pick<Episode, 'explanation'>): 'control' | 'limit' | 'expected' {
  const { baseline, unseen } = episode.explanation;
  if (isExperiment(episode)) return 'control';
  return baseline === null && unseen !== true ? 'limit' : 'expected';
}

/** How an episode ended where that is no all-clear. */
export function unclearEnding({ ending }: Pick<Episode, 'ending'>): Exclude<Ending, 'resolved'> | undefined {
  return ending === 'resolved' ? undefined : ending;
}

const RECENTLY_MS = 3_600_000;

/** Incidents that ended as no all-clear within the hour before `at`, epoch ms. */
export function unclearEndings(episodes: readonly Episode[], at: number): number {
  return incidentsOf(episodes).filter(
    (episode) => unclearEnding(episode) !== undefined && Date.parse(episode.resolved_time ?? '') > at - RECENTLY_MS,
  ).length;
}

/** Without those that another alert speaks for. */
export function incidentsOf(episodes: readonly Episode[]): readonly Episode[] {
  return episodes.filter(({ part_of }) => part_of === undefined);
}

/** Of those that fire the gravest, the newest among equals. `episodes`: newest first. */
export function gravestFiring(episodes: readonly Episode[]): Episode | undefined {
  let worst: Episode | undefined;
  for (const episode of episodes) {
    if (episode.status !== 'firing') continue;
    if (!worst || severityRank(episode.severity) > severityRank(worst.severity)) worst = episode;
  }
  return worst;
}

/** The gravest firing episode of each series, by the key of its labels. */
export function firingBySeries(episodes: readonly Episode[]): ReadonlyMap<string, Episode> {
  const worst = new Map<string, Episode>();
  for (const episode of episodes) {
    if (episode.status !== 'firing') continue;
    const key = labelsKey(episode.labels);
    const held = worst.get(key);
    if (!held || severityRank(episode.severity) > severityRank(held.severity)) worst.set(key, episode);
  }
  return worst;
}

export function episodesOf(episodes: readonly Episode[], labels: Labels): readonly Episode[] {
  const key = labelsKey(labels);
  return episodes.filter((episode) => labelsKey(episode.labels) === key);
}
