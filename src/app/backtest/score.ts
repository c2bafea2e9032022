/** Alerts held against known incidents: precision, recall and delay, with the counts beside them. */
import type { BacktestAlert, BacktestIncident, BacktestScore } from '../../server/api.ts';

export interface ScoreRange {
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly graceMs: number;
}

const DAY_MS = 86_400_000;

/**
 * An alert belongs to an incident where the window that rang overlaps it (or ends at most `graceMs` after it), the segments overlap
 * (no dimension says otherwise: the roll-up of a country and one of its segments do), and the measure is the one named.
 * Alerts that another one speaks for ring nowhere, and count nowhere.
 */
export function scoreOf(alerts: readonly BacktestAlert[], incidents: readonly BacktestIncident[], range: ScoreRange): BacktestScore {
  const bells = alerts.filter(({ part_of }) => part_of === undefined);
  const matched = new Set<string>();
  const scored = incidents.map((incident) => {
    const start = Date.parse(incident.start);
    const outside = start < range.from || start >= range.to;
    const own = bells.filter((alert) => belongs(alert, incident, range.graceMs));
    // An alert of an incident that is not counted is no false alarm either.
    for (const { alert_id } of own) matched.add(alert_id);
    const first = own[0];
    return {
      ...incident,
      alerts: own.map(({ alert_id }) => alert_id),
      delay_ms: first === undefined || outside ? null : Date.parse(first.alert_time) - start,
      outside,
    };
  });
  const counted = scored.filter(({ outside }) => !outside);
  const delays = counted
    .map(({ delay_ms }) => delay_ms)
    .filter((delay) => delay !== null)
    .sort((a, b) => a - b);
  const days = (range.to - range.from) / DAY_MS;
  return {
    precision: { count: matched.size, of: bells.length },
    recall: { count: delays.length, of: counted.length },
    delay_ms: delays.length === 0 ? null : { median: median(delays), most: delays.at(-1)! },
    false_alarms_per_day: days > 0 ? (bells.length - matched.size) / days : 0,
    incidents: scored,
  };
}

function belongs(alert: BacktestAlert, { start, end, labels = {}, measure }: BacktestIncident, graceMs: number): boolean {
  if (measure !== undefined && alert.measure !== measure) return false;
  if (Date.parse(alert.alert_time) <= Date.parse(start) || Date.parse(alert.window_start) >= Date.parse(end) + graceMs) return false;
  return Object.entries(labels).every(([name, value]) => alert.labels[name] === undefined || alert.labels[name] === value);
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
