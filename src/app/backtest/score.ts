/** Alerts held against known incidents: precision, recall and delay, with the counts beside them. */
import type { DetectEntry } from '../../pipeline/monitor/monitor-spec.ts';
import type { BacktestAlert, BacktestIncident, BacktestScore } from '../../server/api.ts';
import { hasRung } from './bell.ts';
import { perDay, type Meter } from './judged-time.ts';

export interface ScoreTime {
  /** What could ring. */
  readonly detect: readonly Pick<DetectEntry, 'measure' | 'window'>[];
  /** What was judged of a window size. */
  readonly timeOf: Meter['of'];
  readonly graceMs: number;
}

/**
 * An alert belongs to an incident where the window that rang overlaps it (or ends at most `graceMs` after it), the segments overlap
 * (no dimension says otherwise: the roll-up of a country and one of its segments do), and the measure is the one named.
 * Alerts that another one speaks for, or that were over within the cooldown, ring nowhere, and count nowhere.
 */
export function scoreOf(alerts: readonly BacktestAlert[], incidents: readonly BacktestIncident[], time: ScoreTime): BacktestScore {
  const bells = alerts.filter(hasRung);
  const matched = new Set<string>();
  const scored = incidents.map((incident) => {
    const start = Date.parse(incident.start);
    const outside = isOutside(start, incident.measure, time);
    const own = bells.filter((alert) => belongs(alert, incident, time.graceMs));
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
  return {
    precision: { count: matched.size, of: bells.length },
    recall: { count: delays.length, of: counted.length },
    delay_ms: delays.length === 0 ? null : { median: median(delays), most: delays.at(-1)! },
    false_alarms_per_day: perDay(
      bells.filter(({ alert_id }) => !matched.has(alert_id)),
      time.timeOf,
    ),
    incidents: scored,
  };
}

/** Of no window size in which it could ring was its beginning judged. What nothing watches is missed by all. */
function isOutside(start: number, measure: string | undefined, { detect, timeOf }: ScoreTime): boolean {
  const own = detect.filter((entry) => measure === undefined || entry.measure === measure);
  return (own.length > 0 ? own : detect).every(({ window }) => {
    const judged = timeOf(window);
    return !judged || start < judged.from || start >= judged.to;
  });
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
