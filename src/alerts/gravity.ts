/** Which of several alerts to look at first. */
import { SEVERITIES, type AlertEvent, type Severity } from '../receivers/alert-event.ts';

export function severityRank(severity: Severity): number {
  // Records of another hand may say anything.
  return SEVERITIES.indexOf(severity) + 1;
}

/** The graver first, of those the one that costs most, of those the one that is furthest off, of those the newest. */
export function byGravity(a: Weighed, b: Weighed): number {
  const byWeight = severityRank(b.severity) - severityRank(a.severity) || costOf(b) - costOf(a) || distanceOf(b) - distanceOf(a);
  if (byWeight !== 0) return byWeight;
  if (a.since !== b.since) return a.since < b.since ? 1 : -1;
  return a.alert_id < b.alert_id ? -1 : 1;
}

type Weighed = Pick<AlertEvent, 'severity' | 'since' | 'alert_id'> & Partial<Pick<AlertEvent, 'impact' | 'deviation_percent'>>;

function costOf({ impact }: Weighed): number {
  return Math.abs(impact?.money_per_hour ?? 0);
}

function distanceOf({ deviation_percent }: Weighed): number {
  return Math.abs(deviation_percent ?? 0);
}
