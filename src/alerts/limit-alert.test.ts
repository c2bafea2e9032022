import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitAlert } from './limit-alert.ts';

const reached = {
  pipeline: 'adtech',
  partition: 'ad-events/0',
  kind: 'series',
  limit: 21,
  window: { name: '1m', sizeMs: 60_000, slideMs: 60_000 },
  startMs: Date.UTC(2026, 2, 2, 9, 48),
} as const;

test('names the partition, the limit and the mend, in the locale; its id follows from the window', () => {
  const english = limitAlert({ ...reached, locale: 'en' });
  const korean = limitAlert({ ...reached, locale: 'ko' });
  assert.match(english.message, /more than 21 segments in ad-events\/0/);
  assert.match(english.explanation.not_fired_if, /limits\.max_series/);
  assert.match(korean.message, /세그먼트가 21개를 넘었습니다/);
  assert.equal(english.alert_id, korean.alert_id);
  assert.equal(english.alert_time, '2026-03-02T09:49:00.000Z');
  assert.notEqual(english.alert_id, limitAlert({ ...reached, startMs: reached.startMs + 60_000, locale: 'en' }).alert_id);
});

test('the limit of ids is an alert of its own', () => {
  const english = limitAlert({ ...reached, kind: 'ids', locale: 'en' });
  assert.match(english.message, /more than 21 ids in ad-events\/0/);
  assert.match(english.explanation.not_fired_if, /limits\.max_ids/);
  assert.deepEqual([english.alert_type, english.measure], ['ids_limit', 'ids']);
  assert.match(limitAlert({ ...reached, kind: 'ids', locale: 'ko' }).explanation.not_fired_if, /limits\.max_ids/);
  assert.notEqual(english.alert_id, limitAlert({ ...reached, locale: 'en' }).alert_id);
});
