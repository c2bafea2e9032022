/**
 * The alert of a partition that has reached a limit which changes results, so somebody has to know: more segments than it may tell
 * apart, or more ids than it may remember.
 */
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import { OWN_ALERTS } from '../receivers/own-alerts.ts';
import { LIMIT_QUIET_MS, type LimitKind, type LimitSpan } from '../windows/limit-episodes.ts';
import { lastStart } from '../windows/plan.ts';
import type { WindowSpec } from '../windows/spec.ts';
import { alertId } from './alert-id.ts';
import { withWords, type AlertWords } from './alert-words.ts';
import { fill, textsOf } from './text/texts.ts';

export interface LimitReached {
  readonly kind: LimitKind;
  readonly pipeline: string;
  /** `ad-events/0` */
  readonly partition: string;
  readonly limit: number;
  /** The smallest: alerts stand in one. */
  readonly window: WindowSpec;
  readonly span: LimitSpan;
  /** The alert as it began, where that is known: its end has the same id, whatever windows the file has since. */
  readonly told?: AlertEvent | undefined;
  /** Nobody judged that it is over. */
  readonly isUnwatched?: boolean | undefined;
  readonly locale: AlertLocale;
}

/**
 * Fires once for as long as the limit is exceeded, and is resolved when nothing was beyond it for a while (limit-episodes.ts): by event time, so
 * that it follows from the partition's records alone. What was counted meanwhile stays as it is.
 */
export function limitAlert({ kind, pipeline, partition, limit, window, span, told, isUnwatched, locale }: LimitReached): AlertEvent {
  const atMs = span.endedAt ?? span.since;
  const startMs = lastStart(window, atMs);
  const start = new Date(startMs).toISOString();
  const end = new Date(startMs + window.sizeMs).toISOString();
  // Episodes begin more than an hour apart. Of a longer window several may, and its end is far off: there the moment itself counts.
  const isLong = window.sizeMs > LIMIT_QUIET_MS;
  const since = told?.since ?? new Date(isLong ? span.since : lastStart(window, span.since)).toISOString();
  const isOver = span.endedAt !== undefined;
  // How far it went beyond is not known, nor how far it is within again.
  const observed = isUnwatched ? null : isOver ? limit : limit + 1;
  const labels = { partition };
  const subject = { pipeline, detector: 'limits', measure: kind, direction: 'up', window: told?.window ?? window.name, labels } as const;
  const event: AlertEvent = {
    alert_id: alertId({ ...subject, since }),
    alert_time: isLong ? new Date(atMs).toISOString() : end,
    alert_type: OWN_ALERTS[kind],
    severity: 'medium',
    metric_name: `max_${kind}`,
    current_value: observed,
    expected_value: limit,
    deviation_percent: null,
    message: '',
    status: isOver ? 'resolved' : 'firing',
    repeat: 0,
    ...subject,
    unit: null,
    window_start: start,
    window_end: end,
    series: `${kind}{partition="${partition}"}`,
    since,
    explanation: {
      text: '',
      observed,
      expected: limit,
      ratio: null,
      baseline: null,
      threshold: limit,
      not_fired_if: '',
      ...(isUnwatched && { unwatched: true as const }),
    },
    likely_causes: [],
    runbook: null,
    impact: null,
  };
  return withWords(event, limitWords(event, kind, locale));
}

/**
 * Alerts of limits once stood in the window that the file names first, whatever its size, and had another id there. One that still fires
 * under that id ends with the episode, as a part of the other: who was not told of it is told nothing.
 */
export function endOfEarlierId(over: AlertEvent, first: WindowSpec, span: LimitSpan): AlertEvent[] {
  if (span.endedAt === undefined) return [];
  const begun = { window: first.name, since: new Date(lastStart(first, span.since)).toISOString() };
  const id = alertId({ ...over, ...begun });
  return id === over.alert_id ? [] : [{ ...over, ...begun, alert_id: id, part_of: over.alert_id }];
}

export function limitWords(event: AlertEvent, kind: LimitKind, locale: AlertLocale): AlertWords {
  const { pipeline, labels, expected_value, status, explanation } = event;
  const texts = textsOf[locale];
  const names = { pipeline, partition: labels['partition'] ?? '', limit: String(expected_value), kind };
  const not_fired_if = fill(texts[`${kind}_limit.not_fired`], names);
  if (explanation.unwatched) {
    return { message: fill(texts['limit.unwatched'], names), text: fill(texts['limit.explain_unwatched'], names), not_fired_if };
  }
  const told = status === 'firing' ? (['message', 'explain'] as const) : (['resolved', 'explain_resolved'] as const);
  return { message: fill(texts[`${kind}_limit.${told[0]}`], names), text: fill(texts[`${kind}_limit.${told[1]}`], names), not_fired_if };
}
