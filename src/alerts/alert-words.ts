/** What an alert says to people: its one line, and why it rang. Made of its record alone, so that it can be said again in another language. */
import { spanText, timeText, UTC } from '../core/told-time.ts';
import type { AlertEvent, AlertEvidence, AlertLocale } from '../receivers/alert-event.ts';
import { toldToSeconds } from '../receivers/alert-times.ts';
import { endingOf } from '../receivers/ending.ts';
import { fill, textsOf, titleKey, type TextKey, type Texts } from './text/texts.ts';
import {
  ageText,
  deviationText,
  factorText,
  listText,
  oddsText,
  segmentText,
  shareText,
  valueText,
  type ShownMeasure,
} from './value-text.ts';

export interface AlertWords {
  readonly message: string;
  readonly text: string;
  readonly not_fired_if: string;
}

export function withWords<Event extends AlertEvent>(event: Event, { message, text, not_fired_if }: AlertWords): Event {
  return { ...event, message, explanation: { ...event.explanation, text, not_fired_if } };
}

type Told =
  | 'firing'
  | 'share'
  | 'key'
  | 'experiment'
  | 'unseen'
  | 'limit'
  | 'resolved'
  | 'resolved_limit'
  | 'lasting'
  | 'moved'
  | 'known'
  | 'no_data'
  | 'unwatched';
type Names = Readonly<Record<string, string>>;

/** `event`: its words are not looked at. */
export function alertWords(event: AlertEvent, measure: ShownMeasure, locale: AlertLocale): AlertWords {
  const { explanation } = event;
  const { observed, expected, ratio, evidence, baseline } = explanation;
  const texts = textsOf[locale];
  const firing = event.status === 'firing';
  const seconds = toldToSeconds(event);
  const names: Names = {
    metric: event.metric_name,
    segment: segmentText(event.labels, texts),
    window: event.window,
    span: spanText(Date.parse(event.window_start), Date.parse(event.window_end), UTC, seconds),
    from: timeText(Date.parse(event.since), UTC, seconds),
    windows: fill(texts[baseline?.windows === 1 ? 'learnt.window' : 'learnt.windows'], { count: String(baseline?.windows ?? 0) }),
    observed: observed === null ? '' : valueText(observed, measure),
    expected: valueText(expected, measure),
    threshold: valueText(explanation.threshold, measure),
    newest: explanation.newest === undefined ? '' : valueText(explanation.newest, measure),
    key: explanation.keys?.[0]?.key ?? '',
    deviation: event.deviation_percent === null ? '' : ` (${deviationText(event.deviation_percent)})`,
    ratio: ratio === null ? '' : fill(texts.ratio, { ratio: ratio.toFixed(2) }),
    ...(evidence && evidenceNames(evidence, event, measure, locale)),
  };
  const told = toldOf(event);
  const begun = begunKey(told, event);
  const title = fill(texts[firing ? begun : endedKey(told, explanation)], names);
  return {
    message: fill(texts[`message.${told}`], { ...names, title }),
    text: [...whyOf(told, event).map((key) => fill(texts[key], names)), ...(firing ? moreOf(event, texts) : companyOf(event, texts))].join(
      ' ',
    ),
    not_fired_if: fill(texts[notFiredKey(told, event)], names),
  };
}

function begunKey(told: Told, { alert_type: type, direction }: AlertEvent): TextKey {
  // A variant that is better is neither a drop nor a spike.
  if (told === 'experiment') return 'title.experiment';
  const key = titleKey(type, direction);
  if (told !== 'share') return key;
  return key === 'title.drop' ? 'title.mix.drop' : key === 'title.spike' ? 'title.mix.spike' : key;
}

/** Only what was judged and found in order is back to normal. */
function endedKey(told: Told, { lasting }: AlertEvent['explanation']): TextKey {
  if (told === 'no_data' || told === 'unwatched') return 'title.no_data';
  if (!lasting) return 'title.resolved';
  return told === 'known' || told === 'moved' ? `title.${told}` : 'title.lasting';
}

/** A fixed limit is not what was expected, and is not called so. */
function isOfLimit({ explanation: { evidence, baseline } }: AlertEvent): boolean {
  return baseline === null && evidence === undefined;
}

/** Past its limit no longer, and not yet past the level where it ends. */
function isClearing({ explanation: { expected, threshold } }: AlertEvent): boolean {
  return threshold !== expected;
}

function toldOf(event: AlertEvent): Told {
  const { observed, evidence, keys, lasting, unseen, unwatched } = event.explanation;
  const { status } = event;
  const isLimit = isOfLimit(event);
  if (status === 'firing' && evidence?.permitted_error !== undefined) return 'experiment';
  // What is new has no limit that it went past: it is told once it holds enough.
  if (status === 'firing' && isLimit && unseen) return 'unseen';
  if (status === 'firing' && isLimit) return keys ? 'key' : 'limit';
  if (status === 'firing') return event.detector === 'mix' ? 'share' : 'firing';
  if (unwatched) return 'unwatched';
  if (observed === null) return 'no_data';
  if (isLimit && unseen) return 'known';
  if (lasting) return endingOf(event) === 'caught_up' ? 'moved' : 'lasting';
  return isLimit ? 'resolved_limit' : 'resolved';
}

function whyOf(told: Told, event: AlertEvent): TextKey[] {
  const { evidence, going_on: isGoingOn, newest, ratio, unseen } = event.explanation;
  const { detector } = event;
  const ofSpan = (key: 'evidence' | 'going_on' | 'experiment'): TextKey => (ratio === null ? `explain.${key}_alone` : `explain.${key}`);
  if (told === 'experiment') return [ofSpan('experiment'), 'explain.experiment_odds'];
  // A designed rate is not learnt.
  const odds = detector === 'expected-rate' ? 'explain.designed_odds' : 'explain.odds';
  if (told === 'share' && !isGoingOn && ratio !== null) return ['explain.share', odds];
  if (told === 'firing' || told === 'share') {
    if (!evidence) return ['explain.learnt'];
    return [ofSpan(isGoingOn ? 'going_on' : 'evidence'), ...(newest === undefined ? [] : ['explain.newest' as const]), odds];
  }
  if (told === 'key') return ['explain.limit'];
  if (told === 'limit' && isClearing(event)) return ['explain.clearing'];
  if (told === 'no_data' && !unseen) return ['explain.no_data', isOfLimit(event) ? 'explain.no_data_limit' : 'explain.no_data_expected'];
  return [told === 'unseen' ? 'explain.new_value' : `explain.${told}`];
}

function moreOf(event: AlertEvent, texts: Texts): string[] {
  const { explanation, members = [], look } = event;
  const { contributors = [], keys = [], unseen } = explanation;
  const seconds = toldToSeconds(event);
  const said = <T>(key: TextKey, list: readonly T[], textOf: (entry: T) => string): string[] =>
    list.length === 0 ? [] : [fill(texts[key], { list: listText(list, textOf, texts) })];
  return [
    ...said('explain.contributors', contributors, ({ labels, share }) => `${segmentText(labels, texts)} ${shareText(share)}`),
    ...said('explain.keys', keys, ({ key, least, most }) => `${key} (${least === most ? least : `${least}–${most}`})`),
    ...said(
      'explain.members',
      members,
      ({ labels, since }) => `${segmentText(labels, texts)} (${timeText(Date.parse(since), UTC, seconds)})`,
    ),
    ...(unseen ? [texts['explain.unseen']] : []),
    ...(look ? [texts[look.open_from === undefined ? 'explain.open' : 'explain.silent']] : []),
  ];
}

/** Of an alert that has ended: whoever spoke for it may still fire. */
function companyOf({ part_of: speaker }: AlertEvent, texts: Texts): string[] {
  return speaker === undefined ? [] : [texts['explain.part_of']];
}

function notFiredKey(told: Told, event: AlertEvent): TextKey {
  const { evidence } = event.explanation;
  const { direction } = event;
  if (told === 'unseen' || told === 'known') return 'not_fired.unseen';
  if (told === 'limit' && isClearing(event)) return `not_fired.clearing.${direction}`;
  if (!evidence) return `not_fired.${direction}`;
  return evidence.permitted_error === undefined ? 'not_fired.evidence' : 'not_fired.experiment';
}

function evidenceNames(evidence: AlertEvidence, event: AlertEvent, measure: ShownMeasure, locale: AlertLocale): Names {
  const { expected_range, ratio_range, since } = evidence;
  const { explanation, window_start, window_end } = event;
  const sizeMs = Date.parse(window_end) - Date.parse(window_start);
  const until = evidence.until === undefined ? Date.parse(event.since) + sizeMs : Date.parse(evidence.until);
  return {
    ratio: factorText(explanation.ratio ?? 0),
    ratio_low: factorText(ratio_range[0]),
    ratio_high: factorText(ratio_range[1]),
    low: valueText(expected_range[0], measure),
    high: valueText(expected_range[1], measure),
    since: spanText(Date.parse(since), until, UTC, toldToSeconds(event)),
    one_in: oddsText(evidence.one_in, locale),
    needed: oddsText(evidence.needed, locale),
    budget: String(evidence.false_alarms_per_day ?? 0),
    error: shareText(evidence.permitted_error ?? 0),
    age: ageText(explanation.baseline?.age_ms ?? 0, textsOf[locale]),
  };
}
