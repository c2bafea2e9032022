/** The alert of a partition that has more segments than it may tell apart: it changes results, so somebody has to know. */
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import type { WindowSpec } from '../windows/spec.ts';
import { alertId } from './alert-id.ts';
import { fill, textsOf } from './text/texts.ts';

export interface SeriesLimitReached {
  readonly pipeline: string;
  /** `ad-events/0` */
  readonly partition: string;
  readonly maxSeries: number;
  /** The window that the first event beyond the limit is in; its start, epoch ms. */
  readonly window: WindowSpec;
  readonly startMs: number;
  readonly locale: AlertLocale;
}

/** Fires once in the life of a partition, and is never resolved: places are not freed. */
export function seriesLimitAlert({ pipeline, partition, maxSeries, window, startMs, locale }: SeriesLimitReached): AlertEvent {
  const texts = textsOf[locale];
  const names = { pipeline, partition, limit: String(maxSeries) };
  const start = new Date(startMs).toISOString();
  const end = new Date(startMs + window.sizeMs).toISOString();
  const labels = { partition };
  const subject = { pipeline, detector: 'limits', measure: 'series', direction: 'up', window: window.name, labels } as const;
  return {
    alert_id: alertId({ ...subject, since: start }),
    alert_time: end,
    alert_type: 'series_limit',
    severity: 'medium',
    metric_name: 'max_series',
    current_value: maxSeries + 1,
    expected_value: maxSeries,
    deviation_percent: null,
    message: fill(texts['series_limit.message'], names),
    status: 'firing',
    repeat: 0,
    ...subject,
    unit: null,
    window_start: start,
    window_end: end,
    series: `series{partition="${partition}"}`,
    since: start,
    explanation: {
      text: fill(texts['series_limit.explain'], names),
      observed: maxSeries + 1,
      expected: maxSeries,
      ratio: null,
      baseline: null,
      threshold: maxSeries,
      not_fired_if: fill(texts['series_limit.not_fired'], names),
    },
    likely_causes: [],
    impact: null,
  };
}
