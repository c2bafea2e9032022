import { byGravity, severityRank } from '../../../src/alerts/gravity.ts';
import type { AlertGroup } from '../../../src/server/api.ts';
import { incidentsOf, type Episode } from './alert-book.ts';

/** Alerts of one kind that fire. */
export interface FiringGroup extends AlertGroup {
  readonly key: string;
  /** Those of them that are known here, the gravest first: as many as fire, or fewer. */
  readonly episodes: readonly Episode[];
}

/** How many fire in truth. `told`: by the server, about a second ago, while not all are known here. */
export function firingCount(episodes: readonly Episode[], told: number | undefined): number {
  return Math.max(knownFiring(episodes), told ?? 0);
}

/** Whether all that fire are known here: else a segment without an alert may be one whose alert is not. */
export function isWhole(episodes: readonly Episode[], told: number | undefined): boolean {
  return firingCount(episodes, told) === knownFiring(episodes);
}

/** Without those that another alert speaks for. */
export function knownFiring(episodes: readonly Episode[]): number {
  return incidentsOf(episodes).filter(({ status }) => status === 'firing').length;
}

/**
 * `firing`: incidents; `told`: what the server counts, while not all are known here. The gravest kind first, of equals roll-ups, which speak for more,
 * then the most.
 */
export function groupsOf(firing: readonly Episode[], told: readonly AlertGroup[]): readonly FiringGroup[] {
  const groups = new Map<string, FiringGroup>();
  for (const group of told) groups.set(keyOf(group), { ...group, key: keyOf(group), episodes: [] });
  const known = Map.groupBy([...firing].sort(byGravity), (episode) => keyOf(kindOf(episode)));
  for (const [key, episodes] of known) {
    const [gravest] = episodes as [Episode, ...Episode[]];
    const count = Math.max(episodes.length, groups.get(key)?.firing ?? 0);
    groups.set(key, { ...kindOf(gravest), key, firing: count, gravest: gravest.severity, episodes });
  }
  return [...groups.values()].sort(
    (a, b) =>
      severityRank(b.gravest) - severityRank(a.gravest) ||
      a.dimensions.length - b.dimensions.length ||
      b.firing - a.firing ||
      (a.key < b.key ? -1 : 1),
  );
}

type Kind = Omit<AlertGroup, 'firing' | 'gravest'>;

function kindOf({ alert_type, measure, metric_name, direction, labels }: Episode): Kind {
  return { alert_type, measure, metric_name, direction, dimensions: Object.keys(labels) };
}

function keyOf({ alert_type, measure, direction, dimensions }: Kind): string {
  return JSON.stringify([alert_type, measure, direction, dimensions]);
}
