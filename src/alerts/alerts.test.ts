import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../detectors/detector.ts';
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import type { AlertSubject } from './alert-facts.ts';
import { createAlerts } from './alerts.ts';
import { isInCooldown, reminderDue } from './in-cooldown.ts';
import type { AlertState } from './state-machine.ts';

const MINUTE = 60_000;
const START = Date.parse('2025-12-18T02:00:00.000Z');
const ctr: MeasureSpec = { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' };
const impressions: MeasureSpec = { kind: 'count', name: 'impressions', source: 'events', where: [] };
const revenue: MeasureSpec = { kind: 'sum', name: 'revenue', field: 'revenue', unit: 'USD', currency: 'USD', source: 'events', where: [] };
const ecpm: MeasureSpec = {
  kind: 'ratio',
  name: 'ecpm',
  numerator: 'revenue',
  denominator: 'impressions',
  scale: 1000,
  unit: 'USD',
  currency: 'USD',
};

function subject(changes: Partial<AlertSubject> = {}): AlertSubject {
  return {
    pipeline: 'adtech',
    detector: 'ema-threshold',
    measure: ctr,
    window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
    direction: 'down',
    labels: { country: 'US', ad_format: 'banner' },
    metricName: 'CTR',
    naming: {},
    falseAlarmsPerDay: 1,
    ...changes,
  };
}

function verdict(changes: Partial<Verdict> = {}): Verdict {
  return { direction: 'down', status: 'firing', observed: 2, expected: 5, threshold: 2.5, baselineWindows: 37, ...changes };
}

function at(minute: number, volume = 1000): { startMs: number; endMs: number; volume: number } {
  return { startMs: START + minute * MINUTE, endMs: START + (minute + 1) * MINUTE, volume };
}

function first(locale: AlertLocale, about: AlertSubject, what: Verdict): AlertEvent {
  const step = createAlerts({ repeatAfterMs: 10 * MINUTE, locale }).judge(undefined, about, what, at(57));
  assert.equal(step.change, 'fired');
  return step.write();
}

/** One letter a minute: F firing, P pending, C clear, - not judged. Gives what was told, by minute. */
function story(minutes: string): string[] {
  const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' });
  let state: AlertState | undefined;
  const told: string[] = [];
  [...minutes].forEach((letter, minute) => {
    if (letter === '-') return;
    const status = letter === 'F' ? 'firing' : letter === 'P' ? 'pending' : 'clear';
    const step = alerts.judge(state, subject(), verdict({ status }), at(minute));
    state = step.state && JSON.parse(JSON.stringify(step.state));
    if (step.change === undefined) return;
    const event = step.write();
    const repeat = event.repeat > 0 ? ` ${event.repeat}` : '';
    const cooldown = event.cooldown_until === undefined ? '' : `, cooldown until ${(Date.parse(event.cooldown_until) - START) / MINUTE}`;
    told.push(`${minute} ${event.status}${repeat} since ${(Date.parse(event.since) - START) / MINUTE}${cooldown}`);
  });
  return told;
}

test('a record has the known fields, and the general form beside them', () => {
  assert.deepEqual(first('ko', subject({ naming: { hints: ['광고 소재 오류'], runbook: 'https://wiki.example/ctr' } }), verdict()), {
    alert_id: '6f7a6f96-dbd7-8eaa-a849-929b658ad264',
    alert_time: '2025-12-18T02:58:00.000Z',
    alert_type: 'ctr_drop',
    severity: 'medium',
    country: 'US',
    ad_format: 'banner',
    metric_name: 'CTR',
    current_value: 2,
    expected_value: 5,
    deviation_percent: -60,
    message: '🚨 CTR 급락! US banner: 5.00% → 2.00% (-60.0%)',
    status: 'firing',
    repeat: 0,
    pipeline: 'adtech',
    detector: 'ema-threshold',
    measure: 'ctr',
    unit: '%',
    direction: 'down',
    window: '1m',
    window_start: '2025-12-18T02:57:00.000Z',
    window_end: '2025-12-18T02:58:00.000Z',
    labels: { country: 'US', ad_format: 'banner' },
    series: 'ctr{country="US",ad_format="banner"}',
    since: '2025-12-18T02:57:00.000Z',
    explanation: {
      text: 'US banner의 CTR 값이 1m 윈도우(2025-12-18 02:57–02:58 UTC)에서 2.00%입니다 (예상의 0.40배). 예상 값은 윈도우 37개의 이동 평균인 5.00%입니다.',
      observed: 2,
      expected: 5,
      ratio: 0.4,
      baseline: { windows: 37 },
      threshold: 2.5,
      not_fired_if: '2.50% 이상이었다면 알림이 울리지 않았습니다.',
    },
    likely_causes: ['광고 소재 오류'],
    runbook: 'https://wiki.example/ctr',
    impact: null,
  });
});

test('what an event calls a runbook is a label, and no runbook', () => {
  const { runbook, labels } = first('en', subject({ labels: { runbook: 'https://elsewhere.example' } }), verdict());
  assert.deepEqual([runbook, labels['runbook']], [null, 'https://elsewhere.example']);
});

test('each kind of alert is told in the words known for it, in both languages', () => {
  const spike = { direction: 'up', observed: 114, expected: 31, threshold: 93 } as const;
  const told = (locale: AlertLocale): string[] =>
    [
      first(locale, subject(), verdict()),
      first(
        locale,
        subject({ direction: 'up', labels: { country: 'UK', ad_format: 'banner' } }),
        verdict({ ...spike, observed: 5.77, expected: 0.064 }),
      ),
      first(
        locale,
        subject({ direction: 'up', measure: impressions, metricName: 'impressions', naming: { alertType: 'traffic_spike' } }),
        verdict(spike),
      ),
      first(locale, subject({ measure: ecpm, naming: { alertType: 'revenue_drop' } }), verdict({ observed: 1, expected: 2.5 })),
      first(locale, subject({ measure: impressions, metricName: 'impressions', labels: {} }), verdict({ observed: 3, expected: 9.25 })),
      first(locale, subject({ measure: impressions, metricName: 'orders', direction: 'up' }), verdict(spike)),
    ].map((event) => event.message);
  assert.deepEqual(told('ko'), [
    '🚨 CTR 급락! US banner: 5.00% → 2.00% (-60.0%)',
    '🤖 CTR 급등 (봇 의심)! UK banner: 0.06% → 5.77% (+8915.6%)',
    '📈 트래픽 급증! US banner: 31 → 114 (+267.7%)',
    '💸 수익 급락! US banner: $2.50 → $1.00 (-60.0%)',
    '🚨 impressions 급락! 전체: 9.3 → 3 (-67.6%)',
    '📈 orders 급등! US banner: 31 → 114 (+267.7%)',
  ]);
  assert.deepEqual(told('en'), [
    '🚨 CTR drop! US banner: 5.00% → 2.00% (-60.0%)',
    '🤖 CTR spike (bots?)! UK banner: 0.06% → 5.77% (+8915.6%)',
    '📈 Traffic spike! US banner: 31 → 114 (+267.7%)',
    '💸 Revenue drop! US banner: $2.50 → $1.00 (-60.0%)',
    '🚨 impressions drop! all: 9.3 → 3 (-67.6%)',
    '📈 orders spike! US banner: 31 → 114 (+267.7%)',
  ]);
});

test('the id is that of the episode: the same for all its records, another for any other', () => {
  const id = first('en', subject(), verdict()).alert_id;
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const reordered = subject({ labels: { ad_format: 'banner', country: 'US' } });
  assert.equal(first('ko', reordered, verdict({ observed: 1 })).alert_id, id);
  const others = [
    subject({ pipeline: 'other' }),
    subject({ detector: 'threshold' }),
    subject({ measure: impressions }),
    subject({ direction: 'up' }),
    subject({ window: { name: '5m', sizeMs: 5 * MINUTE, slideMs: 5 * MINUTE } }),
    subject({ labels: { country: 'US' } }),
    subject({ labels: { country: 'US', ad_format: 'video' } }),
  ].map((about) => first('en', about, verdict({ direction: about.direction })).alert_id);
  assert.equal(new Set([id, ...others]).size, 8);
});

test('a big drop or rise is high, the file may say otherwise', () => {
  const severity = (direction: 'down' | 'up', observed: number, naming = {}): string =>
    first('en', subject({ direction, naming }), verdict({ direction, observed, expected: 10 })).severity;
  assert.deepEqual(
    [severity('down', 3), severity('down', 2.99), severity('up', 50), severity('up', 50.1)],
    ['medium', 'high', 'medium', 'high'],
  );
  assert.equal(severity('down', 2.99, { severity: 'critical' }), 'critical');
});

test('money is told for an hour at the pace of the window', () => {
  const impact = (measure: MeasureSpec): unknown => first('en', subject({ measure }), verdict()).impact;
  assert.deepEqual(impact(revenue), { money_per_hour: 180, currency: 'USD' });
  assert.deepEqual(impact(ecpm), { money_per_hour: 180, currency: 'USD' });
  assert.equal(impact(ctr), null);
  assert.equal(impact({ ...revenue, kind: 'max' }), null);
});

test('a dimension called like a field does not hide the field', () => {
  const event = first('en', subject({ labels: { status: 'x', city: 'y' } }), verdict());
  assert.deepEqual([event.status, event['city'], event.labels], ['firing', 'y', { status: 'x', city: 'y' }]);
  const labels = { members: 'yes', part_of: 'us', look: 'new', cooldown_until: 'no', likely_causes_in: 'all' };
  const lacking = first('en', subject({ labels }), verdict());
  for (const name of Object.keys(labels)) assert.equal(lacking[name], undefined, name);
  assert.deepEqual(lacking.labels, labels);
});

test('an episode fires once, reminds at the cooldown, and ends once', () => {
  assert.deepEqual(story('CFFFC'), ['1 firing since 1', '4 resolved since 1']);
  assert.deepEqual(story(`C${'F'.repeat(22)}C`), ['1 firing since 1', '11 firing 1 since 1', '21 firing 2 since 1', '23 resolved since 1']);
});

test('pending tells nothing; the episode begins with its first pending window', () => {
  assert.deepEqual(story('CPPCPPFC'), ['6 firing since 4', '7 resolved since 4']);
});

test('windows that cannot be judged end nothing', () => {
  assert.deepEqual(story('F--F--C'), ['0 firing since 0', '6 resolved since 0']);
});

test('an episode that begins within the cooldown of the last is reminded of when that is over', () => {
  assert.deepEqual(story('FCCFFFFFFFFC'), [
    '0 firing since 0',
    '1 resolved since 0',
    '3 firing since 3, cooldown until 11',
    '10 firing 1 since 3',
    '11 resolved since 3',
  ]);
});

test('of one that began within the cooldown a reminder is due while it fires, none has come, and nobody speaks for it', () => {
  const cooldown_until = '2025-12-18T03:08:00.000Z';
  const begun = { cooldown_until, repeat: 0, status: 'firing' } as const;
  const cases = [
    begun,
    { ...begun, status: 'resolved' as const },
    { ...begun, part_of: 'x' },
    { ...begun, repeat: 1 },
    { repeat: 0, status: 'firing' as const },
  ];
  assert.deepEqual(cases.map(isInCooldown), [true, true, true, false, false]);
  assert.deepEqual(cases.map(reminderDue), [cooldown_until, undefined, undefined, undefined, undefined]);
});

test('an alert that ends because it lasts gives no all-clear, in both languages', () => {
  const said = (locale: 'en' | 'ko'): [string, string, unknown] => {
    const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale });
    const about = subject({ detector: 'seasonal' });
    const { state } = alerts.judge(undefined, about, verdict({ observed: 1 }), at(0));
    const { message, explanation } = alerts.judge(state, about, verdict({ status: 'clear', isLasting: true }), at(90)).write();
    return [message, explanation.text, explanation.lasting];
  };
  const [message, text, lasting] = said('en');
  assert.match(message, /^☑️ CTR has a new level: US banner: /);
  assert.match(text, /now counts as usual.* not an all-clear/);
  assert.equal(lasting, true);
  assert.match(said('ko')[1], /정상으로 돌아왔다는 뜻은 아닙니다/);
});

test('what had been expected is not the new level, also where the end is said only once that is learnt', () => {
  const about = subject({ detector: 'seasonal' });
  const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' });
  const { state } = alerts.judge(undefined, about, verdict({ observed: 1 }), at(0));
  const ended = (minute: number, changes: Partial<Verdict>): AlertEvent =>
    alerts.judge(state, about, verdict({ status: 'clear', observed: 1, ...changes }), at(minute)).write();
  const later = ended(3, { isLasting: true, expected: 1, threshold: 0.5 });
  assert.deepEqual([later.expected_value, later.explanation.threshold, later.deviation_percent], [5, 2.5, -80]);
  assert.match(later.message, /1\.00% \(expected until now: 5\.00%\)$/);
  // The window at hand knows best, where it was the one that ended it.
  assert.equal(ended(1, { isLasting: true, expected: 6 }).expected_value, 6);
  assert.equal(ended(3, { observed: 3, expected: 4 }).expected_value, 4);
});

test('an average that has learnt the break gives no all-clear: it says so, and what it was before', () => {
  const ended = (locale: AlertLocale, observed: number): AlertEvent => {
    const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale });
    const began = alerts.judge(undefined, subject(), verdict({ observed: 1 }), at(0)).state;
    const { state } = alerts.judge(began, subject(), verdict({ observed: 1, expected: 3, threshold: 1.5 }), at(1));
    const told = verdict({ status: 'clear', observed, expected: 2, threshold: 1 });
    const end = alerts.judge(JSON.parse(JSON.stringify(state)), subject(), told, at(5));
    assert.equal(end.state?.begun, undefined, 'what belongs to the episode goes with it');
    return end.write();
  };
  const learnt = ended('en', 1.2);
  assert.equal(learnt.message, '☑️ CTR: the moving average has caught up: US banner: 1.20% (average before: 5.00%)');
  assert.match(
    learnt.explanation.text,
    /only because the average has learnt the change\. Before the alert it was 5\.00%\. .*not an all-clear/,
  );
  assert.deepEqual([learnt.explanation.lasting, learnt.expected_value, learnt.deviation_percent], [true, 5, -76]);
  assert.match(ended('ko', 1.2).message, /^☑️ CTR 이동 평균이 따라감: US banner: 1\.20% \(이전 평균 5\.00%\)$/);
  assert.match(ended('ko', 1.2).explanation.text, /정상으로 돌아왔다는 뜻은 아닙니다/);
  // Of half the way back nothing rang in the beginning either.
  const over = ended('en', 2.5);
  assert.equal(over.message, '✅ CTR back to normal: US banner: 2.50% (expected 2.00%)');
  assert.equal(over.explanation.lasting, undefined);
});

test('a value that was new ends as one of the known ones, with an all-clear only where little is left of it', () => {
  const ended = (locale: AlertLocale, changes: Partial<Verdict> = {}): AlertEvent => {
    const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale });
    const about = subject({ detector: 'mix', direction: 'up', measure: impressions, metricName: 'Impressions', labels: { country: 'XX' } });
    const told: Verdict = verdict({ direction: 'up', observed: 30, expected: 8, threshold: 8, baselineWindows: null, isUnseen: true });
    const { state } = alerts.judge(undefined, about, told, at(0));
    return alerts.judge(state, about, { ...told, status: 'clear', ...changes }, at(90)).write();
  };
  const lasting = ended('en', { isLasting: true });
  assert.equal(lasting.message, '☑️ Impressions has a new value: XX is now one of the known values (30)');
  assert.match(lasting.explanation.text, /no longer alerts as new/);
  assert.deepEqual([lasting.explanation.unseen, lasting.explanation.lasting], [true, true]);
  const gone = ended('en', { observed: 1 });
  assert.equal(gone.message, '✅ Impressions back to normal: XX is now one of the known values (1)');
  assert.equal(gone.explanation.lasting, undefined);
  for (const { message, explanation } of [lasting, gone])
    assert.doesNotMatch(message + explanation.text + explanation.not_fired_if, /expected|limit|or less/);
  assert.match(ended('ko').message, /이제 알려진 값/);
});

test('an alert that lost its series ends without a value', () => {
  const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale: 'en' });
  const { state } = alerts.judge(undefined, subject(), verdict({ observed: 1 }), at(0));
  assert.ok(state);
  const lost = alerts.lose(state, subject(), at(90));
  const event = lost.write();
  assert.equal(lost.state?.status, 'resolved');
  assert.equal(lost.change, 'resolved');
  assert.deepEqual(
    [event.status, event.current_value, event.expected_value, event.severity, event.impact, event.message],
    ['resolved', null, 5, 'high', null, '☑️ CTR alert ended: US banner: no more data'],
  );
  assert.match(event.explanation.text, /the alert has ended\. Last expected: 5\.00%\.$/);
  assert.equal(alerts.lose({ ...state, status: 'pending' }, subject(), at(90)).change, undefined);
});

test('an end without data names a limit as what it is, and a new value none', () => {
  const lost = (locale: AlertLocale, changes: Partial<Verdict> = {}): string => {
    const alerts = createAlerts({ repeatAfterMs: 10 * MINUTE, locale });
    const { state } = alerts.judge(undefined, subject(), verdict({ baselineWindows: null, ...changes }), at(0));
    return alerts.lose(JSON.parse(JSON.stringify(state)), subject(), at(90)).write().explanation.text;
  };
  assert.match(lost('en'), /the alert has ended\. The limit is 5\.00%\.$/);
  assert.match(lost('ko'), /종료합니다\. 기준값은 5\.00%입니다\.$/);
  assert.match(lost('en', { isUnseen: true }), /the alert has ended\.$/);
});
