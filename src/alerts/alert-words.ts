/** What an alert says to people: its one line, and why it rang. */
import type { Direction, Grounds, KeyCount } from '../detectors/detector.ts';
import type { AlertEvidence, AlertExplanation, AlertLocale, AlertLook, AlertMember } from '../receivers/alert-event.ts';
import { valuesOf, type AlertFacts, type AlertSubject } from './alert-facts.ts';
import type { WindowTime } from './state-machine.ts';
import { fill, textsOf, titleKey, type TextKey, type Texts } from './text/texts.ts';
import {
  ageText,
  deviationText,
  factorText,
  listText,
  oddsText,
  segmentText,
  seriesText,
  shareText,
  spanText,
  valueText,
} from './value-text.ts';

interface Chosen {
  readonly locale: AlertLocale;
  readonly alertType: string;
  readonly deviation: number | null;
  readonly members: readonly AlertMember[];
  /** Set: the window is not final. */
  readonly look: AlertLook | undefined;
}

type Told = 'firing' | 'limit' | 'resolved' | 'resolved_limit' | 'no_data';
type Names = Readonly<Record<string, string>>;

export function alertWords(
  subject: AlertSubject,
  facts: AlertFacts,
  at: WindowTime,
  chosen: Chosen,
): { message: string; explanation: AlertExplanation } {
  const { measure, direction } = subject;
  const { judged } = facts;
  const { grounds } = judged;
  const { observed, expected } = valuesOf(facts);
  const texts = textsOf[chosen.locale];
  const firing = facts.status === 'firing';
  const share = grounds?.ratio ?? (observed === null || expected === 0 ? null : observed / expected);
  const names: Names = {
    metric: subject.metricName,
    segment: segmentText(subject.labels, texts),
    window: subject.window.name,
    span: spanText(new Date(at.startMs).toISOString(), new Date(at.endMs).toISOString()),
    windows: String(judged.baselineWindows ?? 0),
    observed: observed === null ? '' : valueText(observed, measure),
    expected: valueText(expected, measure),
    threshold: valueText(judged.threshold, measure),
    deviation: chosen.deviation === null ? '' : ` (${deviationText(chosen.deviation)})`,
    ratio: share === null ? '' : fill(texts.ratio, { ratio: share.toFixed(2) }),
    ...(grounds && groundsNames(grounds, subject, facts, texts, chosen.locale)),
  };
  const title = fill(texts[firing ? titleKey(chosen.alertType, direction, texts) : 'title.resolved'], names);
  // A fixed limit is not what was expected, and is not called so.
  const isLimit = judged.baselineWindows === null && grounds === undefined;
  const firingAs = isLimit ? 'limit' : 'firing';
  const endedAs = isLimit ? 'resolved_limit' : 'resolved';
  const told: Told = firing ? firingAs : observed === null ? 'no_data' : endedAs;
  const reason: TextKey = told === 'firing' ? 'explain.learnt' : `explain.${told}`;
  const why: TextKey[] = firing && grounds ? ['explain.evidence', 'explain.odds'] : [reason];
  const more = [
    ...(firing && grounds ? contributorsText(grounds, texts) : []),
    ...(firing ? [...keysText(judged.keys ?? [], texts), ...membersText(chosen.members, texts)] : []),
    ...(firing && judged.isUnseen ? [texts['explain.unseen']] : []),
    ...(firing && chosen.look ? [texts[chosen.look.open_from === undefined ? 'explain.open' : 'explain.silent']] : []),
  ];
  return {
    message: fill(texts[`message.${told}`], { ...names, title }),
    explanation: {
      text: [...why.map((key) => fill(texts[key], names)), ...more].join(' '),
      observed,
      expected,
      ratio: share === null ? null : Math.round(share * 1e4) / 1e4,
      baseline: baselineOf(facts),
      threshold: judged.threshold,
      not_fired_if: fill(texts[notFiredKey(grounds, direction)], names),
      ...(grounds && { evidence: evidenceOf(grounds, subject) }),
      ...(firing && judged.keys && { keys: judged.keys }),
      ...(grounds && grounds.contributors.length > 0 && { contributors: contributorsOf(grounds, measure.name) }),
    },
  };
}

function notFiredKey(grounds: Grounds | undefined, direction: Direction): TextKey {
  if (!grounds) return `not_fired.${direction}`;
  return grounds.permittedError === undefined ? 'not_fired.evidence' : 'not_fired.experiment';
}

function groundsNames(
  grounds: Grounds,
  { measure, window, falseAlarmsPerDay }: AlertSubject,
  { since }: AlertFacts,
  texts: Texts,
  locale: AlertLocale,
): Names {
  const { expectedRange, ratioRange } = grounds;
  const oneIn = (log: number): string => oddsText(log, locale);
  return {
    ratio: factorText(grounds.ratio),
    ratio_low: factorText(ratioRange[0]),
    ratio_high: factorText(ratioRange[1]),
    low: valueText(expectedRange[0], measure),
    high: valueText(expectedRange[1], measure),
    since: spanText(new Date(grounds.sinceMs).toISOString(), new Date(since + window.sizeMs).toISOString()),
    one_in: oneIn(grounds.logEvidence),
    needed: oneIn(grounds.logThreshold),
    budget: String(falseAlarmsPerDay),
    error: shareText(grounds.permittedError ?? 0),
    age: ageText(grounds.baselineAgeMs, texts),
  };
}

function evidenceOf(grounds: Grounds, { falseAlarmsPerDay }: AlertSubject): AlertEvidence {
  return {
    one_in: grounds.oneIn,
    needed: twoDigits(Math.exp(grounds.logThreshold)),
    log: grounds.logEvidence,
    log_needed: grounds.logThreshold,
    ...(grounds.permittedError === undefined ? { false_alarms_per_day: falseAlarmsPerDay } : { permitted_error: grounds.permittedError }),
    since: new Date(grounds.sinceMs).toISOString(),
    expected_range: grounds.expectedRange,
    ratio_range: grounds.ratioRange,
  };
}

function twoDigits(value: number): number {
  return Number(Math.min(value, 1e300).toPrecision(2));
}

function baselineOf({ judged: { baselineWindows, grounds } }: AlertFacts): AlertExplanation['baseline'] {
  if (baselineWindows === null) return null;
  return grounds ? { windows: baselineWindows, age_ms: grounds.baselineAgeMs } : { windows: baselineWindows };
}

function contributorsOf({ contributors }: Grounds, measure: string): NonNullable<AlertExplanation['contributors']> {
  return contributors.map(({ labels, share }) => ({ labels, series: seriesText(measure, labels), share: Math.round(share * 1e4) / 1e4 }));
}

function contributorsText({ contributors }: Grounds, texts: Texts): string[] {
  if (contributors.length === 0) return [];
  const list = contributors.map(({ labels, share }) => `${segmentText(labels, texts)} ${shareText(share)}`);
  return [fill(texts['explain.contributors'], { list: listText(list, texts) })];
}

function keysText(keys: readonly KeyCount[], texts: Texts): string[] {
  if (keys.length === 0) return [];
  const list = keys.map(({ key, least, most }) => `${key} (${least === most ? least : `${least}–${most}`})`);
  return [fill(texts['explain.keys'], { list: listText(list, texts) })];
}

function membersText(members: readonly AlertMember[], texts: Texts): string[] {
  if (members.length === 0) return [];
  const list = members.map(({ labels, since }) => `${segmentText(labels, texts)} (${since.slice(11, 16)} UTC)`);
  return [fill(texts['explain.members'], { list: listText(list, texts) })];
}
