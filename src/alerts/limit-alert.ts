/**
 * The alert of a partition that has reached a limit which changes results, so somebody has to know: more segments than it may tell
 * apart, or more ids than it may remember.
 */
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import type { WindowSpec } from '../windows/spec.ts';
import { alertId } from './alert-id.ts';
import { withWords, type AlertWords } from './alert-words.ts';
import { fill, textsOf } from './text/texts.ts';

export type LimitKind = 'series' | 'ids';

export interface LimitReached {
  readonly kind: LimitKind;
  readonly pipeline: string;
  /** `ad-events/0` */
  readonly partition: string;
  readonly limit: number;
  /** The window that the first event beyond the limit is in; its start, epoch ms. */
  readonly window: WindowSpec;
  readonly startMs: number;
  readonly locale: AlertLocale;
}

/** Fires once for as long as the limit is exceeded, and is never resolved: what was counted meanwhile stays as it is. */
export function limitAlert({ kind, pipeline, partition, limit, window, startMs, locale }: LimitReached): AlertEvent {
  const start = new Date(startMs).toISOString();
  const end = new Date(startMs + window.sizeMs).toISOString();
  const labels = { partition };
  const subject = { pipeline, detector: 'limits', measure: kind, direction: 'up', window: window.name, labels } as const;
  const event: AlertEvent = {
    alert_id: alertId({ ...subject, since: start }),
    alert_time: end,
    alert_type: `${kind}_limit`,
    severity: 'medium',
    metric_name: `max_${kind}`,
    current_value: limit + 1,
    expected_value: limit,
    deviation_percent: null,
    message: '',
    status: 'firing',
    repeat: 0,
    ...subject,
    unit: null,
    window_start: start,
    window_end: end,
    series: `${kind}{partition="${partition}"}`,
    since: start,
    explanation: {
      text: '',
      observed: limit + 1,
      expected: limit,
      ratio: null,
      baseline: null,
      threshold: limit,
      not_fired_if: '',
    },
    likely_causes: [],
    impact: null,
  };
  return withWords(event, limitWords(event, kind, locale));
}

export function limitWords({ pipeline, labels, expected_value }: AlertEvent, kind: LimitKind, locale: AlertLocale): AlertWords {
  const texts = textsOf[locale];
  const names = { pipeline, partition: labels['partition'] ?? '', limit: String(expected_value) };
  return {
    message: fill(texts[`${kind}_limit.message`], names),
    text: fill(texts[`${kind}_limit.explain`], names),
    not_fired_if: fill(texts[`${kind}_limit.not_fired`], names),
  };
}
