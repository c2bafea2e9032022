/** How an alert of a detector that weighs evidence explains itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Direction, Grounds, Verdict } from '../detectors/detector.ts';
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import type { AlertSubject, Company } from './alert-facts.ts';
import { createAlerts } from './alerts.ts';
import { severityOfGrounds } from './severity.ts';
import type { AlertState } from './state-machine.ts';
import { textsOf } from './text/texts.ts';
import { ageText, oddsText } from './value-text.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T09:00:00.000Z');
const at = { startMs: START, endMs: START + MINUTE, volume: 1000, parts: { amount: 9, exposure: 1000 } };
const ecpm: MeasureSpec = {
  kind: 'ratio',
  name: 'ecpm',
  numerator: 'revenue',
  denominator: 'impressions',
  scale: 1000,
  unit: 'USD',
  currency: 'USD',
};
const ctr: MeasureSpec = { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' };

const grounds: Grounds = {
  logEvidence: Math.log(7.4e6),
  logThreshold: Math.log(1.2e6),
  oneIn: 7.4e6,
  sinceMs: START - 24 * MINUTE,
  observed: 1.04,
  expected: 2,
  expectedRange: [1.8, 2.21],
  ratio: 0.52,
  ratioRange: [0.43, 0.63],
  baselineAgeMs: 75 * 3_600_000,
  contributors: [
    { labels: { country: 'KR', ad_format: 'video' }, share: 0.614 },
    { labels: { country: 'KR', ad_format: 'banner' }, share: 0.3 },
  ],
};

function alertOf(
  measure: MeasureSpec,
  locale: AlertLocale,
  company?: Company,
  changes: Partial<Verdict> = {},
  detector = 'evidence',
  why: Pick<Verdict, 'grounds'> = { grounds },
): AlertEvent {
  return createAlerts({ repeatAfterMs: 10 * MINUTE, locale })
    .judge(undefined, subjectOf(measure, detector), verdictOf({ ...why, ...changes }), at)
    .write(company);
}

function subjectOf(measure: MeasureSpec, detector: string): AlertSubject {
  return {
    pipeline: 'adtech',
    detector,
    measure,
    window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
    direction: 'down',
    labels: { country: 'KR' },
    metricName: measure.name.toUpperCase(),
    naming: {},
    falseAlarmsPerDay: 1,
  };
}

function verdictOf(changes: Partial<Verdict>): Verdict {
  const one: Verdict = { direction: 'down', status: 'firing', observed: 0.9, expected: 2.05, threshold: 1.3, baselineWindows: 4500 };
  return { ...one, ...changes };
}

test('an experiment speaks of the error that it may make, and not of a budget', () => {
  const { message, explanation } = alertOf(ctr, 'en', undefined, { grounds: { ...grounds, permittedError: 0.05, baselineAgeMs: MINUTE } });
  assert.equal(explanation.evidence?.permitted_error, 0.05);
  assert.equal('false_alarms_per_day' in explanation.evidence, false);
  assert.match(explanation.not_fired_if, /permitted error of 5% for the whole experiment/);
  assert.equal(
    explanation.text,
    'CTR of KR was 1.04% over 2026-03-02 08:36–09:01 UTC: 0.52 times (95%: 0.43 to 0.63) that of the control, 2.00%. ' +
      'Evidence 1 : 7.4 million: if there were no difference, results this far apart would come up once in 7.4 million. Compared over 1 minute.' +
      ' Most of the change comes from KR video 61%, KR banner 30%.',
  );
  assert.equal(message, '🏁 CTR decided! KR: 1.04%, control 2.00% (-48.0%)');
});

test('it says what was seen over which span, what was expected, how sure it is, and out of which budget', () => {
  const event = alertOf(ctr, 'en');
  assert.equal(event.message, '🚨 CTR drop! KR: 2.00% → 1.04% (-48.0%)');
  assert.deepEqual([event.current_value, event.expected_value, event.deviation_percent, event.severity], [1.04, 2, -48, 'medium']);
  assert.deepEqual(event.explanation, {
    text:
      'CTR of KR was 1.04% over 2026-03-02 08:36–09:01 UTC: 0.52 times (95%: 0.43 to 0.63) what was expected, 2.00% (95%: 1.80% to 2.21%). ' +
      'Evidence 1 : 7.4 million: by chance alone, data this far out come up once in 7.4 million. The baseline was learnt over 3 days. Most of the change comes from KR video 61%, KR banner 30%.',
    observed: 1.04,
    expected: 2,
    ratio: 0.52,
    baseline: { windows: 4500, age_ms: 270_000_000 },
    threshold: 1.3,
    not_fired_if:
      'With evidence below 1 : 1.2 million it would not have fired: that is what the false-alarm budget, 1 a day for the whole pipeline, requires of a single series.',
    evidence: {
      one_in: 7.4e6,
      needed: 1.2e6,
      log: Math.log(7.4e6),
      log_needed: Math.log(1.2e6),
      false_alarms_per_day: 1,
      since: '2026-03-02T08:36:00.000Z',
      expected_range: [1.8, 2.21],
      ratio_range: [0.43, 0.63],
    },
    contributors: [
      { labels: { country: 'KR', ad_format: 'video' }, series: 'ctr{country="KR",ad_format="video"}', share: 0.614 },
      { labels: { country: 'KR', ad_format: 'banner' }, series: 'ctr{country="KR",ad_format="banner"}', share: 0.3 },
    ],
  });
});

test('a designed rate was not learnt, and is not said to be', () => {
  const said = (locale: AlertLocale): string => alertOf(ctr, locale, undefined, {}, 'expected-rate').explanation.text;
  assert.match(said('en'), /expected value is the designed rate, watched for 3 days/);
  assert.doesNotMatch(said('en'), /[Ll]earnt/);
  assert.match(said('ko'), /설계된 확률이며, 3일 동안/);
});

test('the same in Korean, with whom it speaks for, and that the window is open', () => {
  const member = {
    alert_id: 'b',
    labels: { country: 'KR', ad_format: 'video' },
    series: '',
    since: '2026-03-02T08:40:00.000Z',
    told: true,
  };
  const look = { number: 0, value: 0.9, volume: 1000, amount: 9, exposure: 1000, verdict: {} as Verdict };
  const event = alertOf(ctr, 'ko', { members: [member], look });
  assert.equal(
    event.explanation.text,
    'KR의 CTR 값이 2026-03-02 08:36–09:01 UTC 동안 1.04%입니다. 예상 값 2.00%(95%: 1.80%~2.21%)의 0.52배(95%: 0.43~0.63)입니다. ' +
      '증거 1 : 740만. 우연만으로 이만큼 벗어날 가능성은 740만분의 1입니다. 기준은 3일 동안 학습했습니다. ' +
      '변화의 대부분을 차지하는 곳: KR video 61%, KR banner 30%. 포함된 알림: KR video (2026-03-02 08:40 UTC). 윈도우가 아직 열려 있어, 지금까지 집계된 값입니다.',
  );
  assert.deepEqual([event.members, event.look], [[member], look]);
  assert.equal('part_of' in event, false);
});

test('the keys of heavy hitters and a value never seen before are said', () => {
  const keys = [
    { key: 'user-17', least: 96, most: 100 },
    { key: 'user-4', least: 12, most: 12 },
  ];
  const { explanation } = alertOf(ctr, 'en', undefined, { keys, isUnseen: true });
  assert.match(explanation.text, /Most frequent keys: user-17 \(96–100\), user-4 \(12\)\. This value had never been seen before\.$/);
  assert.deepEqual(explanation.keys, keys);
});

test('a value never seen before has no limit that it went past: it is told from its share of the window on', () => {
  const { message, explanation } = alertOf(
    ctr,
    'en',
    undefined,
    { isUnseen: true, baselineWindows: null, observed: 9, expected: 8, threshold: 8 },
    'mix',
    {},
  );
  assert.match(message, /: 9\.0*%, never seen before \(new values alert from 8\.0*% on\)$/);
  assert.match(explanation.text, /; new values alert from 8\.0*% on\. This value had never been seen before\.$/);
  assert.doesNotMatch(message + explanation.text + explanation.not_fired_if, /limit|or less/);
  const korean = alertOf(ctr, 'ko', undefined, { isUnseen: true, baselineWindows: null }, 'mix', {});
  assert.match(korean.message, /처음 나타난 값/);
  assert.doesNotMatch(korean.explanation.text, /기준값은/);
});

test('what it costs is told for an hour, from the span and not from its noisiest window', () => {
  // (2 - 1.04) USD for each 1,000 of 1,000 impressions a minute.
  assert.deepEqual(alertOf(ecpm, 'en').impact, { money_per_hour: 57.6, currency: 'USD' });
});

test('severity needs both: a large effect, and enough evidence that it is large', () => {
  const severity = (direction: Direction, ratio: number, ratioRange: readonly [number, number], surplus = 1): string =>
    severityOfGrounds(direction, { ...grounds, ratio, ratioRange, logEvidence: grounds.logThreshold + surplus }, false);
  assert.deepEqual(
    [
      severity('down', 0.7, [0.5, 0.9]),
      severity('down', 0.5, [0.4, 0.65]),
      severity('down', 0.2, [0.05, 0.6]),
      severity('down', 0.2, [0.1, 0.4]),
      severity('down', 0.1, [0.05, 0.2]),
      severity('down', 0, [0, 0.2], 20),
      severity('up', 1.5, [1.1, 2]),
      severity('up', 3, [2, 4]),
      severity('up', 8, [3, 20], 20),
      severity('up', 8, [6, 11], 20),
    ],
    ['low', 'medium', 'medium', 'high', 'high', 'critical', 'low', 'medium', 'high', 'critical'],
  );
});

test('large numbers have names, very large ones a power of ten; ages are in whole units', () => {
  const odds = (value: number, locale: AlertLocale = 'en'): string => oddsText(value, locale);
  assert.deepEqual(
    [odds(740), odds(7_432), odds(7.4e6), odds(1.2e9), odds(3e14), odds(2e21), odds(1e300)],
    ['740', '7,400', '7.4 million', '1.2 billion', '300 trillion', '10^21', '10^300'],
  );
  assert.deepEqual([odds(7_432, 'ko'), odds(7.4e6, 'ko'), odds(1.2e9, 'ko'), odds(3e14, 'ko')], ['7,400', '740만', '12억', '300조']);
  const age = (minutes: number): string => ageText(minutes * MINUTE, textsOf.en);
  assert.deepEqual([age(90), age(121), age(47 * 60), age(72 * 60)], ['90 minutes', '2 hours', '47 hours', '3 days']);
});

test('a silence is never low, however little was expected; of the whole pipeline it is high at least', () => {
  const silence = (isWhole: boolean, high: number, surplus: number): string =>
    severityOfGrounds(
      'down',
      { ...grounds, observed: 0, ratio: 0, ratioRange: [0, high], logEvidence: grounds.logThreshold + surplus },
      isWhole,
    );
  assert.deepEqual([silence(false, 0.9, 1), silence(false, 0.4, 1), silence(false, 0.2, 20)], ['medium', 'high', 'critical']);
  assert.deepEqual([silence(true, 0.9, 1), silence(true, 0.9, 20), silence(true, 0.2, 20)], ['high', 'critical', 'critical']);
  const drop = { ...grounds, observed: 0.1, ratio: 0.5, ratioRange: [0.2, 0.9] as const };
  assert.equal(severityOfGrounds('down', drop, true), 'low', 'what still comes is no silence');
  const oneIsGone = alertOf({ ...ctr }, 'en', undefined, { grounds: { ...grounds, observed: 0, ratio: 0, ratioRange: [0, 0.9] } });
  assert.equal(oneIsGone.severity, 'medium');
});

test('a reminder tells of the episode so far, whatever its first span was like', () => {
  const alerts = createAlerts({ repeatAfterMs: 2 * MINUTE, locale: 'en' });
  const about = subjectOf(ctr, 'evidence');
  const play = (windows: readonly [observed: number, exposure: number][], looksFirst = false): AlertEvent => {
    let state: AlertState | undefined;
    let event: AlertEvent | undefined;
    const judge = (minute: number, observed: number, exposure: number): void => {
      const time = { startMs: START + minute * MINUTE, endMs: START + (minute + 1) * MINUTE };
      const step = alerts.judge(state, about, verdictOf({ observed, grounds }), {
        ...time,
        volume: exposure,
        parts: { amount: 0, exposure },
      });
      state = JSON.parse(JSON.stringify(step.state));
      event = step.write();
    };
    if (looksFirst) judge(0, 9, 5_000);
    windows.forEach(([observed, exposure], minute) => judge(minute, observed, exposure));
    return event!;
  };
  const windows = [
    [0.5, 1_000],
    [1.7, 3_000],
    [0.8, 4_000],
  ] as const;
  for (const looksFirst of [false, true]) {
    const {
      repeat,
      current_value: current,
      message,
      explanation,
    } = play(
      windows.map(([observed, exposure]) => [observed, exposure]),
      looksFirst,
    );
    assert.equal(repeat, 1);
    // (0.5 + 3 x 1.7 + 4 x 0.8) / 8
    assert.ok(Math.abs(current! - 1.1) < 1e-9, String(current));
    assert.equal(message, '🚨 CTR drop! KR: 2.05% → 1.10% (-46.3%)');
    assert.match(
      explanation.text,
      /^CTR of KR has been 1\.10% on average since 2026-03-02 09:00 UTC: 0\.54 times what was expected, 2\.05%\. In the last window it was 0\.80%\. Evidence/,
    );
    assert.deepEqual([explanation.going_on, explanation.ratio, explanation.evidence?.ratio_range], [true, 0.5366, [0.43, 0.63]]);
  }
  assert.equal(play([[0.5, 1_000]]).explanation.going_on, undefined);
});

test('a reminder of an experiment tells how it stands now', () => {
  const alerts = createAlerts({ repeatAfterMs: MINUTE, locale: 'en' });
  const about = subjectOf(ctr, 'experiment');
  const verdict = (untilMs: number) => verdictOf({ grounds: { ...grounds, untilMs, permittedError: 0.05 } });
  const { state } = alerts.judge(undefined, about, verdict(at.endMs), at);
  const later = { ...at, startMs: START + 9 * MINUTE, endMs: START + 10 * MINUTE };
  assert.match(
    alerts.judge(state, about, verdict(later.endMs), later).write().explanation.text,
    /was 1\.04% over 2026-03-02 08:36–09:10 UTC/,
  );
});
