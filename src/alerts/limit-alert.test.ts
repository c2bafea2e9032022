import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endingOf } from '../receivers/ending.ts';
import { limitAlert } from './limit-alert.ts';

const reached = {
  pipeline: 'adtech',
  partition: 'ad-events/0',
  kind: 'series',
  limit: 21,
  window: { name: '1m', sizeMs: 60_000, slideMs: 60_000 },
  span: { since: Date.UTC(2026, 2, 2, 9, 48, 7) },
} as const;

test('names the partition, the limit and the mend, in the locale; its id follows from the window', () => {
  const english = limitAlert({ ...reached, locale: 'en' });
  const korean = limitAlert({ ...reached, locale: 'ko' });
  assert.match(english.message, /more than 21 segments in ad-events\/0/);
  assert.match(english.explanation.not_fired_if, /limits\.max_series/);
  assert.match(korean.message, /세그먼트가 21개를 넘었습니다/);
  assert.equal(english.alert_id, korean.alert_id);
  assert.equal(english.alert_time, '2026-03-02T09:49:00.000Z');
  assert.notEqual(english.alert_id, limitAlert({ ...reached, span: { since: reached.span.since + 60_000 }, locale: 'en' }).alert_id);
});

test('its end is another record of the same alert, in the window in which it had been over for long enough', () => {
  for (const kind of ['series', 'ids'] as const) {
    const begun = limitAlert({ ...reached, kind, locale: 'en' });
    const over = limitAlert({ ...reached, kind, span: { ...reached.span, endedAt: Date.UTC(2026, 2, 2, 11, 20, 30) }, locale: 'en' });
    const { alert_id, status, since, window_start, alert_time, current_value } = over;
    assert.deepEqual([alert_id, status, since], [begun.alert_id, 'resolved', begun.since]);
    assert.deepEqual([window_start, alert_time, current_value], ['2026-03-02T11:20:00.000Z', '2026-03-02T11:21:00.000Z', 21]);
    assert.match(over.explanation.text, /for an hour of event time/);
    const korean = limitAlert({ ...reached, kind, span: { ...reached.span, endedAt: 0 }, locale: 'ko' });
    assert.match(korean.explanation.text, /이벤트 시간으로 한 시간 동안/);
    assert.notEqual(over.message, begun.message);
  }
});

test('the limit of ids is an alert of its own', () => {
  const english = limitAlert({ ...reached, kind: 'ids', locale: 'en' });
  assert.match(english.message, /more than 21 ids in ad-events\/0/);
  assert.match(english.explanation.not_fired_if, /limits\.max_ids.*--new-revision/);
  assert.deepEqual([english.alert_type, english.measure], ['ids_limit', 'ids']);
  assert.match(limitAlert({ ...reached, kind: 'ids', locale: 'ko' }).explanation.not_fired_if, /limits\.max_ids/);
  assert.notEqual(english.alert_id, limitAlert({ ...reached, locale: 'en' }).alert_id);
});

test('an end that nobody judged has no value, and is no all-clear, in both languages', () => {
  const told = limitAlert({ ...reached, locale: 'en' });
  const span = { ...reached.span, endedAt: Date.UTC(2026, 2, 2, 9, 59) };
  const over = limitAlert({ ...reached, span, told, isUnwatched: true, locale: 'en' });
  assert.deepEqual([over.alert_id, over.status, over.current_value, endingOf(over)], [told.alert_id, 'resolved', null, 'unwatched']);
  assert.match(over.message, /alert on limits\.max_series in ad-events\/0 has ended/);
  assert.match(over.explanation.text, /no longer read, or was read again .*not an all-clear/);
  const korean = limitAlert({ ...reached, span, told, isUnwatched: true, locale: 'ko' });
  assert.match(korean.explanation.text, /정상으로 돌아왔다는 뜻은 아닙니다/);
});
