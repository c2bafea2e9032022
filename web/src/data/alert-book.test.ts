import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alert } from '../testing.ts';
import {
  createAlertBook,
  episodesOf,
  firingBySeries,
  gravestFiring,
  incidentsOf,
  unclearEnding,
  unclearEndings,
  yardstickOf,
} from './alert-book.ts';

test('an episode is one entry: its end keeps what the breach said', () => {
  const book = createAlertBook(10);
  assert.equal(book.put(alert('a')), true);
  assert.equal(book.put(alert('a', { repeat: 1, alert_time: '2026-01-01T00:11:00.000Z' })), false);
  assert.equal(book.put(alert('a', { status: 'resolved', current_value: 1.9, alert_time: '2026-01-01T00:12:00.000Z' })), false);
  const [episode, ...others] = book.list();
  assert.equal(others.length, 0);
  assert.equal(episode?.status, 'resolved');
  assert.equal(episode?.resolved_time, '2026-01-01T00:12:00.000Z');
  assert.equal(episode?.current_value, 0.5);
});

test('of an end it is kept that nothing is as it was', () => {
  const book = createAlertBook(10);
  const begun = alert('a');
  book.put(begun);
  const end = { ...begun.explanation, text: 'It lasts.', lasting: true } as const;
  book.put(alert('a', { status: 'resolved', alert_time: '2026-01-01T00:12:00.000Z', explanation: end }));
  assert.deepEqual(book.list()[0]?.explanation, { ...begun.explanation, lasting: true });
});

test('a reminder that comes after the end wakes nothing', () => {
  const book = createAlertBook(10);
  book.put(alert('a'));
  book.put(alert('a', { status: 'resolved', alert_time: '2026-01-01T00:12:00.000Z' }));
  book.put(alert('a', { repeat: 1, alert_time: '2026-01-01T00:11:00.000Z' }));
  assert.equal(book.list()[0]?.status, 'resolved');
});

test('the end of an alert that was never seen does not ring', () => {
  assert.equal(createAlertBook(10).put(alert('a', { status: 'resolved' })), false);
});

test('newest first; when there are too many, the oldest that is over goes first', () => {
  const book = createAlertBook(2);
  book.put(alert('old-firing', { since: '2026-01-01T00:00:00.000Z' }));
  book.put(alert('over', { since: '2026-01-01T00:01:00.000Z', status: 'resolved' }));
  book.put(alert('new-firing', { since: '2026-01-01T00:02:00.000Z' }));
  assert.deepEqual(
    book.list().map(({ alert_id }) => alert_id),
    ['new-firing', 'old-firing'],
  );
});

test('what another alert speaks for is no incident of its own, from then on and until it is left alone', () => {
  const book = createAlertBook(9);
  const shown = (): string[] => incidentsOf(book.list()).map(({ alert_id }) => alert_id);
  const member = { alert_id: 'video', labels: {}, series: '', since: '', told: true };
  book.put(alert('video'));
  assert.equal(book.put(alert('banner', { part_of: 'country' })), false);
  assert.deepEqual(shown(), ['video']);
  book.put(alert('country', { members: [member] }));
  assert.deepEqual(shown(), ['country']);
  book.put(alert('video', { repeat: 1, alert_time: '2026-01-01T00:20:00.000Z' }));
  assert.deepEqual(shown(), ['country', 'video']);
});

test('of several alerts of a series the gravest counts, and only what fires', () => {
  const book = createAlertBook(9);
  for (const [id, severity] of [
    ['a', 'medium'],
    ['b', 'critical'],
    ['c', 'low'],
  ] as const)
    book.put(alert(id, { severity }));
  book.put(alert('elsewhere', { labels: { country: 'KR' }, status: 'resolved' }));
  assert.deepEqual(
    [...firingBySeries(book.list()).values()].map(({ alert_id }) => alert_id),
    ['b'],
  );
  assert.deepEqual(
    episodesOf(book.list(), { country: 'KR' }).map(({ alert_id }) => alert_id),
    ['elsewhere'],
  );
});

test('of one moment the gravest comes first, and the gravest that fires is the one to open', () => {
  const book = createAlertBook(9);
  book.put(alert('a', { severity: 'low' }));
  book.put(alert('b', { severity: 'critical' }));
  book.put(alert('c', { severity: 'high' }));
  book.put(alert('newer', { severity: 'low', since: '2026-01-01T00:02:00.000Z' }));
  book.put(alert('over', { severity: 'critical', since: '2026-01-01T00:03:00.000Z', status: 'resolved' }));
  assert.deepEqual(
    book.list().map(({ alert_id }) => alert_id),
    ['over', 'newer', 'b', 'c', 'a'],
  );
  assert.equal(gravestFiring(book.list())?.alert_id, 'b');
  assert.equal(gravestFiring([]), undefined);
});

test('an end that is no all-clear is told apart, for an hour', () => {
  const book = createAlertBook(9);
  const end = { status: 'resolved', alert_time: '2026-01-01T00:12:00.000Z' } as const;
  const lasting = { ...alert('x').explanation, lasting: true } as const;
  for (const id of ['over', 'new-level', 'member', 'silent', 'firing']) book.put(alert(id, { detector: 'evidence' }));
  book.put(alert('over', end));
  book.put(alert('new-level', { ...end, detector: 'evidence', explanation: lasting }));
  book.put(alert('member', { ...end, explanation: lasting, part_of: 'new-level' }));
  book.put(alert('silent', { ...end, current_value: null }));
  const endings = () => book.list().flatMap((each) => (unclearEnding(each) ? [`${each.alert_id}: ${each.ending}`] : []));
  const found = ['member: caught_up', 'new-level: new_level', 'silent: no_data'];
  assert.deepEqual(endings(), found);
  assert.equal(book.list().find(({ alert_id }) => alert_id === 'silent')?.current_value, 0.5, 'it keeps the value of its beginning');
  // As the server tells them, whose values are those of the beginning too.
  const told = book.list();
  book.clear();
  book.load(told);
  assert.deepEqual(endings(), found);
  const hour = Date.parse('2026-01-01T01:12:00.000Z');
  assert.equal(unclearEndings(book.list(), hour - 1), 2, 'not what another alert speaks for');
  assert.equal(unclearEndings(book.list(), hour), 0);
});

test('what went past a fixed limit is not said to be against an expectation', () => {
  const { explanation } = alert('a');
  const evidence = { permitted_error: 0.05 } as NonNullable<typeof explanation.evidence>;
  assert.equal(yardstickOf({ explanation }), 'expected');
  assert.equal(yardstickOf({ explanation: { ...explanation, baseline: null } }), 'limit');
  assert.equal(yardstickOf({ explanation: { ...explanation, baseline: null, unseen: true } }), 'expected');
  assert.equal(yardstickOf({ explanation: { ...explanation, evidence } }), 'control');
});
