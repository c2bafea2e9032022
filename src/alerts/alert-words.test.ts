/** What alerts of detectors with words of their own say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import { alertWords } from './alert-words.ts';

const draws: MeasureSpec = { kind: 'count', name: 'draws', source: 'events', where: [] };

function messages(changes: Partial<AlertEvent>): string[] {
  const event = { ...sampleAlert, metric_name: 'draws', alert_type: 'draws_drop', ...changes };
  return (['en', 'ko'] as const).map((locale) => alertWords(event, draws, locale).message);
}

test('a share that fell is told as one: the segment itself may bring as much as ever', () => {
  const explanation = { ...sampleAlert.explanation, observed: 12, expected: 106, ratio: 0.113 };
  const fell = { detector: 'mix', labels: { platform: 'apple' }, deviation_percent: -88.7, explanation };
  assert.deepEqual(messages(fell), [
    '🚨 draws: share drop! apple: 12, where its usual share makes 106 (-88.7%)',
    '🚨 draws 비중 급락! apple: 12, 평소 비중이면 106 (-88.7%)',
  ]);
  assert.match(messages({ ...fell, alert_type: 'traffic_spike' })[0]!, /^📈 Traffic spike! apple/, "the file's own name comes first");
  assert.match(messages({ alert_type: 'share_drop', measure: 'share' })[0]!, /^🚨 draws drop! /, 'a measure may be called share');
});

test('the end of what was part of another alert says that the other one goes its own way', () => {
  const textOf = (more: Partial<AlertEvent>): string => alertWords({ ...sampleAlert, ...more }, draws, 'en').text;
  const end = { status: 'resolved', part_of: 'z' } as const;
  assert.match(textOf(end), / It was part of another alert, which ends by itself\.$/);
  for (const other of [{ part_of: 'z' }, { status: 'resolved' }] as const) assert.doesNotMatch(textOf(other), /part of/);
});

test('who comes too often stands in the title', () => {
  const explanation = {
    ...sampleAlert.explanation,
    observed: 100,
    expected: 50,
    baseline: null,
    keys: [{ key: '777', least: 98, most: 100 }],
  };
  assert.deepEqual(messages({ detector: 'frequency', alert_type: 'top_users_spike', direction: 'up', labels: {}, explanation }), [
    '📈 draws spike! all: 777: 100 (limit 50)',
    '📈 draws 급등! 전체: 777: 100 (기준 50)',
  ]);
});

test('between its limit and the level where it ends, an alert names both', () => {
  const words = (direction: 'down' | 'up', threshold: number): unknown => {
    const explanation = { ...sampleAlert.explanation, observed: 90, expected: 100, threshold, baseline: null };
    const event = { ...sampleAlert, metric_name: 'draws', alert_type: 'draws', detector: 'threshold', direction, explanation };
    return (['en', 'ko'] as const).map((locale) => {
      const { message, text, not_fired_if } = alertWords(event, draws, locale);
      return [message.slice(-11), text.slice(text.indexOf('100')), not_fired_if];
    });
  };
  assert.deepEqual(words('up', 80), [
    ['(limit 100)', '100 again; the alert ends only past 80.', 'Below 80 it would have ended.'],
    ['90 (기준 100)', '100 안으로 돌아왔지만, 80까지 지나야 알림이 종료됩니다.', '80보다 낮았다면 알림이 종료되었습니다.'],
  ]);
  assert.deepEqual(words('up', 100), [
    ['(limit 100)', '100.', 'At 100 or less it would not have fired.'],
    ['90 (기준 100)', '100입니다.', '100 이하였다면 알림이 울리지 않았습니다.'],
  ]);
});

test('a value that says nothing by itself is told with its name, and one that is not there is no total', () => {
  assert.match(messages({ labels: { country: '' } })[0]!, /! –: /);
  assert.match(messages({ labels: { server_id: '3', platform: 'apple', vip: 'true' } })[0]!, /! server_id 3 apple vip true: /);
});
