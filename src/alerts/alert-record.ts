/** Writes the record of an alert. */
import type { Labels } from '../core/labels.ts';
import type { Grounds } from '../detectors/detector.ts';
import { OPTIONAL_FIELDS, type AlertEvent, type AlertEvidence, type AlertExplanation, type AlertLocale } from '../receivers/alert-event.ts';
import { alertId } from './alert-id.ts';
import { ratioOf, severityOfFacts, toldDeviation, valuesOf, type AlertFacts, type AlertSubject, type Company } from './alert-facts.ts';
import { alertWords, withWords } from './alert-words.ts';
import { impactOf } from './impact.ts';
import { alertTypeOf, type Hint } from './naming.ts';
import type { WindowTime } from './state-machine.ts';
import { seriesText } from './value-text.ts';

/** The alert's id, from the start of its first window (epoch ms). */
export function idOf({ pipeline, detector, measure, direction, window, labels }: AlertSubject, since: number): string {
  const episode = { pipeline, detector, measure: measure.name, direction, window: window.name, labels };
  return alertId({ ...episode, since: new Date(since).toISOString() });
}

/** @param cooldownUntilMs of an alert that begins within the cooldown of the one before, epoch ms */
export function alertRecord(
  subject: AlertSubject,
  facts: AlertFacts,
  at: WindowTime,
  locale: AlertLocale,
  { partOf, members = [], look }: Company = {},
  cooldownUntilMs?: number,
): AlertEvent {
  const { pipeline, detector, measure, window, direction, labels, naming } = subject;
  const { observed, expected } = valuesOf(facts);
  const windowEnd = new Date(at.endMs).toISOString();
  const event: AlertEvent = {
    ...flattened(labels),
    alert_id: idOf(subject, facts.since),
    alert_time: windowEnd,
    alert_type: alertTypeOf(measure.name, direction, naming),
    severity: severityOfFacts(subject, facts),
    metric_name: subject.metricName,
    current_value: observed,
    expected_value: expected,
    deviation_percent: toldDeviation(facts),
    message: '',
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
    since: new Date(facts.lastsSince ?? facts.since).toISOString(),
    explanation: explanationOf(subject, facts),
    ...causesOf(naming.hints ?? [], locale),
    runbook: naming.runbook ?? null,
    impact: observed === null ? null : impactOf(measure, { observed, expected, volume: facts.volume, sizeMs: window.sizeMs }),
    ...(partOf === undefined ? {} : { part_of: partOf }),
    ...(partOf === undefined && cooldownUntilMs !== undefined && { cooldown_until: new Date(cooldownUntilMs).toISOString() }),
    ...(members.length === 0 ? {} : { members }),
    ...(look && { look }),
  };
  return withWords(event, alertWords(event, measure, locale));
}

/** A dimension may be called like a field of ours: ours wins, also where the record lacks it, and the dimension is still in `labels`. */
function flattened(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !OPTIONAL_FIELDS.includes(name)));
}

function causesOf(hints: readonly Hint[], locale: AlertLocale): Pick<AlertEvent, 'likely_causes' | 'likely_causes_in'> {
  const said = (lang: AlertLocale): string[] => hints.map((hint) => (typeof hint === 'string' ? hint : hint[lang]));
  const inEach = hints.some((hint) => typeof hint !== 'string');
  return { likely_causes: said(locale), ...(inEach && { likely_causes_in: { en: said('en'), ko: said('ko') } }) };
}

/** Without its words. */
function explanationOf({ measure, falseAlarmsPerDay }: AlertSubject, facts: AlertFacts): AlertExplanation {
  const { judged, status } = facts;
  const { grounds, baselineWindows } = judged;
  const { observed, expected } = valuesOf(facts);
  const firing = status === 'firing';
  const ratio = ratioOf(facts);
  const contributors = grounds?.contributors ?? [];
  return {
    text: '',
    observed,
    expected,
    ratio: ratio === null ? null : fourDigits(ratio),
    baseline: baselineWindows === null ? null : { windows: baselineWindows, ...(grounds && { age_ms: grounds.baselineAgeMs }) },
    threshold: judged.threshold,
    not_fired_if: '',
    ...(grounds && { evidence: evidenceOf(grounds, falseAlarmsPerDay) }),
    ...(firing && judged.keys && { keys: judged.keys }),
    ...(contributors.length > 0 && {
      contributors: contributors.map(({ labels, share }) => ({
        labels,
        series: seriesText(measure.name, labels),
        share: fourDigits(share),
      })),
    }),
    ...(facts.soFar && { going_on: true as const, ...(facts.observed !== null && { newest: facts.observed }) }),
    ...(judged.isUnseen && { unseen: true as const }),
    ...(!firing && judged.isLasting && { lasting: true as const }),
    ...(facts.isUnwatched && { unwatched: true as const }),
  };
}

function evidenceOf(grounds: Grounds, falseAlarmsPerDay: number): AlertEvidence {
  return {
    one_in: grounds.oneIn,
    needed: Number(Math.min(Math.exp(grounds.logThreshold), 1e300).toPrecision(2)),
    log: grounds.logEvidence,
    log_needed: grounds.logThreshold,
    ...(grounds.permittedError === undefined ? { false_alarms_per_day: falseAlarmsPerDay } : { permitted_error: grounds.permittedError }),
    since: new Date(grounds.sinceMs).toISOString(),
    ...(grounds.untilMs === undefined ? {} : { until: new Date(grounds.untilMs).toISOString() }),
    expected_range: grounds.expectedRange,
    ratio_range: grounds.ratioRange,
  };
}

/** After the point. */
function fourDigits(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}
