/** The alert of a pipeline that reads more slowly than events come. */
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import { alertId } from './alert-id.ts';
import { fill, textsOf } from './text/texts.ts';

export interface LagFacts {
  readonly pipeline: string;
  /** The smallest window's name: alerts stand in one. */
  readonly window: string;
  /** Records, or seconds of event time. */
  readonly unit: 'records' | 's';
  readonly observed: number;
  readonly limit: number;
  /** The partition furthest behind; undefined: none is. */
  readonly worst: string | undefined;
  /** Since when it is above the limit, and now; epoch ms. */
  readonly since: number;
  readonly now: number;
  readonly status: 'firing' | 'resolved';
  readonly locale: AlertLocale;
}

/** Its times are the clock's: it is about now, not about a window. */
export function lagAlert(facts: LagFacts): AlertEvent {
  const { pipeline, window, unit, observed, limit, status } = facts;
  const texts = textsOf[facts.locale];
  const amount = (value: number): string =>
    fill(texts[unit === 's' ? 'lag.seconds' : 'lag.records'], { count: String(unit === 's' ? Math.round(value) : value) });
  const names = { pipeline, partition: facts.worst ?? '–', observed: amount(observed), limit: amount(limit) };
  const since = new Date(facts.since).toISOString();
  const now = new Date(facts.now).toISOString();
  const subject = { pipeline, detector: 'lag', measure: 'lag', direction: 'up', window, labels: {} } as const;
  return {
    alert_id: alertId({ ...subject, since }),
    alert_time: now,
    alert_type: 'consumer_lag',
    severity: 'high',
    metric_name: 'consumer lag',
    current_value: observed,
    expected_value: limit,
    deviation_percent: null,
    message: fill(texts[status === 'firing' ? 'lag.message' : 'lag.resolved'], names),
    status,
    repeat: 0,
    ...subject,
    unit,
    window_start: since,
    window_end: now,
    series: 'lag{}',
    since,
    explanation: {
      text: fill(texts[status === 'firing' ? 'lag.explain' : 'lag.explain_resolved'], names),
      observed,
      expected: limit,
      ratio: null,
      baseline: null,
      threshold: limit,
      not_fired_if: fill(texts['lag.not_fired'], names),
    },
    likely_causes: [],
    impact: null,
  };
}
