/** The alert of a pipeline that reads more slowly than events come. */
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import { OWN_ALERTS } from '../receivers/own-alerts.ts';
import { alertId } from './alert-id.ts';
import { withWords, type AlertWords } from './alert-words.ts';
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
  /** Which reminder this is; default 0: none. */
  readonly repeat?: number;
  readonly locale: AlertLocale;
}

/** Its times are the clock's: it is about now, not about a window. */
export function lagAlert(facts: LagFacts): AlertEvent {
  const { pipeline, window, unit, observed, limit, status } = facts;
  const since = new Date(facts.since).toISOString();
  const now = new Date(facts.now).toISOString();
  const subject = { pipeline, detector: 'lag', measure: 'lag', direction: 'up', window, labels: {} } as const;
  const event: AlertEvent = {
    alert_id: alertId({ ...subject, since }),
    alert_time: now,
    alert_type: OWN_ALERTS.lag,
    severity: 'high',
    metric_name: 'consumer lag',
    current_value: observed,
    expected_value: limit,
    deviation_percent: null,
    message: '',
    status,
    repeat: facts.repeat ?? 0,
    ...subject,
    unit,
    window_start: since,
    window_end: now,
    series: 'lag{}',
    since,
    explanation: {
      text: '',
      observed,
      expected: limit,
      ratio: null,
      baseline: null,
      threshold: limit,
      not_fired_if: '',
      furthest_behind: facts.worst ?? '–',
    },
    likely_causes: [],
    runbook: null,
    impact: null,
  };
  return withWords(event, lagWords(event, facts.locale)!);
}

/** Undefined: the record is of before it said which partition was the furthest behind. */
export function lagWords(event: AlertEvent, locale: AlertLocale): AlertWords | undefined {
  const { pipeline, unit, status, current_value, expected_value, explanation } = event;
  const { furthest_behind: partition } = explanation;
  if (partition === undefined || current_value === null) return undefined;
  const texts = textsOf[locale];
  const amount = (value: number): string =>
    unit === 's'
      ? fill(texts['lag.seconds'], { count: String(Math.round(value)) })
      : fill(texts[value === 1 ? 'lag.record' : 'lag.records'], { count: String(value) });
  const names = { pipeline, partition, observed: amount(current_value), limit: amount(expected_value) };
  const firing = status === 'firing';
  return {
    message: fill(texts[firing ? 'lag.message' : 'lag.resolved'], names),
    text: fill(texts[firing ? 'lag.explain' : 'lag.explain_resolved'], names),
    not_fired_if: fill(texts['lag.not_fired'], names),
  };
}
