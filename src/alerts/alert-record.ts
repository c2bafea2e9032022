/** Writes the record of an alert. */
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import { alertId } from './alert-id.ts';
import { deviationOf, severityOfFacts, valuesOf, type AlertFacts, type AlertSubject, type Company } from './alert-facts.ts';
import { alertWords } from './alert-words.ts';
import { impactOf } from './impact.ts';
import type { WindowTime } from './state-machine.ts';
import { seriesText } from './value-text.ts';

/** The alert's id, from the start of its first window (epoch ms). */
export function idOf({ pipeline, detector, measure, direction, window, labels }: AlertSubject, since: number): string {
  const episode = { pipeline, detector, measure: measure.name, direction, window: window.name, labels };
  return alertId({ ...episode, since: new Date(since).toISOString() });
}

export function alertRecord(
  subject: AlertSubject,
  facts: AlertFacts,
  at: WindowTime,
  locale: AlertLocale,
  { partOf, members = [], look }: Company = {},
): AlertEvent {
  const { pipeline, detector, measure, window, direction, labels, naming } = subject;
  const { observed, expected } = valuesOf(facts);
  const windowEnd = new Date(at.endMs).toISOString();
  const deviation = deviationOf(facts);
  const alertType = naming.alertType ?? `${measure.name}_${direction === 'down' ? 'drop' : 'spike'}`;
  const written = alertWords(subject, facts, at, { locale, alertType, deviation, members, look });
  return {
    // A dimension may be called like a field of ours: ours wins, the dimension is still in `labels`.
    ...labels,
    alert_id: idOf(subject, facts.since),
    alert_time: windowEnd,
    alert_type: alertType,
    severity: severityOfFacts(subject, facts),
    metric_name: subject.metricName,
    current_value: observed,
    expected_value: expected,
    deviation_percent: deviation === null ? null : Math.round(deviation * 100) / 100,
    message: written.message,
    status: facts.status,
    repeat: facts.repeat,
    pipeline,
    detector,
    measure: measure.name,
    unit: measure.unit ?? null,
    direction,
    window: window.name,
    window_start: new Date(at.startMs).toISOString(),
    window_end: windowEnd,
    labels,
    series: seriesText(measure.name, labels),
    since: new Date(facts.since).toISOString(),
    explanation: written.explanation,
    likely_causes: naming.hints ?? [],
    impact: observed === null ? null : impactOf(measure, { observed, expected, volume: facts.volume, sizeMs: window.sizeMs }),
    ...(partOf === undefined ? {} : { part_of: partOf }),
    ...(members.length === 0 ? {} : { members }),
    ...(look && { look }),
  };
}
