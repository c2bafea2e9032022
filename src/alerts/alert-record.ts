/** Writes the record of an alert: the fields, and the words for people. */
import type { Labels } from '../core/labels.ts';
import type { Direction, Verdict } from '../detectors/detector.ts';
import type { AlertEvent, AlertExplanation, AlertLocale, Severity } from '../receivers/alert-event.ts';
import type { MeasureSpec, WindowSpec } from '../windows/spec.ts';
import { alertId } from './alert-id.ts';
import { impactOf } from './impact.ts';
import type { AlertNaming } from './naming.ts';
import { severityOf } from './severity.ts';
import type { WindowTime } from './state-machine.ts';
import { fill, textsOf, titleKey } from './text/texts.ts';
import { deviationText, seriesText, spanText, valueText } from './value-text.ts';

/** What the alert is about. `labels` in the order of the pipeline's dimensions. */
export interface AlertSubject {
  readonly pipeline: string;
  readonly detector: string;
  readonly measure: MeasureSpec;
  readonly window: WindowSpec;
  readonly direction: Direction;
  readonly labels: Labels;
  readonly metricName: string;
  readonly naming: AlertNaming;
}

export interface AlertFacts {
  readonly status: 'firing' | 'resolved';
  readonly repeat: number;
  /** Start of the episode's first window, epoch ms. */
  readonly since: number;
  /** Null where the series has had no data. */
  readonly observed: number | null;
  readonly judged: Pick<Verdict, 'expected' | 'threshold' | 'baselineWindows'>;
  /** The window's denominator or events. */
  readonly volume: number;
  /** As told before, for an alert that ends; null: from the deviation. */
  readonly severity: Severity | null;
}

export function alertRecord(subject: AlertSubject, facts: AlertFacts, at: WindowTime, locale: AlertLocale): AlertEvent {
  const { pipeline, detector, measure, window, direction, labels, naming } = subject;
  const { observed } = facts;
  const { expected } = facts.judged;
  const since = new Date(facts.since).toISOString();
  const windowEnd = new Date(at.endMs).toISOString();
  const deviation = observed === null || expected === 0 ? null : ((observed - expected) / Math.abs(expected)) * 100;
  const alertType = naming.alertType ?? `${measure.name}_${direction === 'down' ? 'drop' : 'spike'}`;
  const written = words(subject, facts, at, { locale, alertType, deviation });
  return {
    // A dimension may be called like a field of ours: ours wins, the dimension is still in `labels`.
    ...labels,
    alert_id: alertId({ pipeline, detector, measure: measure.name, direction, window: window.name, labels, since }),
    alert_time: windowEnd,
    alert_type: alertType,
    severity: facts.severity ?? naming.severity ?? severityOf(direction, deviation),
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
    since,
    explanation: written.explanation,
    likely_causes: naming.hints ?? [],
    impact: observed === null ? null : impactOf(measure, { observed, expected, volume: facts.volume, sizeMs: window.sizeMs }),
  };
}

function words(
  subject: AlertSubject,
  facts: AlertFacts,
  at: WindowTime,
  chosen: { locale: AlertLocale; alertType: string; deviation: number | null },
): { message: string; explanation: AlertExplanation } {
  const { measure, direction } = subject;
  const { observed, judged } = facts;
  const texts = textsOf[chosen.locale];
  const firing = facts.status === 'firing';
  const share = observed === null || judged.expected === 0 ? null : Math.round((observed / judged.expected) * 1e4) / 1e4;
  const names = {
    metric: subject.metricName,
    segment: Object.values(subject.labels).join(' ') || texts['segment.all'],
    window: subject.window.name,
    span: spanText(new Date(at.startMs).toISOString(), new Date(at.endMs).toISOString()),
    windows: String(judged.baselineWindows ?? 0),
    observed: observed === null ? '' : valueText(observed, measure),
    expected: valueText(judged.expected, measure),
    threshold: valueText(judged.threshold, measure),
    deviation: chosen.deviation === null ? '' : ` (${deviationText(chosen.deviation)})`,
    ratio: share === null ? '' : fill(texts.ratio, { ratio: share.toFixed(2) }),
  };
  const title = fill(texts[firing ? titleKey(chosen.alertType, direction, texts) : 'title.resolved'], names);
  // A fixed limit is not what was expected, and is not called so.
  const isLimit = judged.baselineWindows === null;
  const firingAs = isLimit ? ('limit' as const) : ('firing' as const);
  const endedAs = isLimit ? ('resolved_limit' as const) : ('resolved' as const);
  const told = firing ? firingAs : observed === null ? ('no_data' as const) : endedAs;
  return {
    message: fill(texts[`message.${told}`], { ...names, title }),
    explanation: {
      text: fill(texts[told === 'firing' ? 'explain.learnt' : (`explain.${told}` as const)], names),
      observed,
      expected: judged.expected,
      ratio: share,
      baseline: judged.baselineWindows === null ? null : { windows: judged.baselineWindows },
      threshold: judged.threshold,
      not_fired_if: fill(texts[`not_fired.${direction}`], names),
    },
  };
}
