import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alert } from '../testing.ts';
import { matchersOf, nextMorning, partsOf, scopesOf, silenceOf, type Silence } from './silences.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 1, 12);
const at = (hours: number): string => new Date(NOW + hours * HOUR).toISOString();

function silence(change: Partial<Silence> = {}): Silence {
  return { id: 'a', matchers: {}, starts_at: at(-1), ends_at: at(1), comment: '', created_at: at(-1), status: 'active', ...change };
}

test('a silence that holds now and concerns the alert; what was over or has not begun holds nothing', () => {
  const event = { ...alert('1'), resolved_time: null };
  const others = [silence({ status: 'pending' }), silence({ status: 'ended' }), silence({ matchers: { country: 'KR' } })];
  assert.equal(silenceOf(event, others), undefined);
  const wide = silence({ matchers: { country: 'US' } });
  assert.equal(silenceOf(event, [...others, wide]), wide);
});

test('of several the one that ends last', () => {
  const event = { ...alert('1'), resolved_time: null };
  const found = silenceOf(event, [silence(), silence({ id: 'b', ends_at: at(5) }), silence({ id: 'c', ends_at: at(2) })]);
  assert.equal(found?.id, 'b');
});

test('what is silenced from a card silences it, and is shown: this kind of alert, or whatever rings in its segment', () => {
  const event = { ...alert('1'), resolved_time: null };
  const other = { ...event, measure: 'impressions', alert_type: 'traffic_drop' };
  assert.deepEqual(scopesOf(event), ['alert', 'segment']);
  const [kind, segment] = scopesOf(event).map((scope) => silence(matchersOf(event, scope)));
  assert.deepEqual([silenceOf(event, [kind!]), silenceOf(other, [kind!])], [kind, undefined]);
  assert.deepEqual([silenceOf(event, [segment!]), silenceOf(other, [segment!])], [segment, segment]);
  assert.deepEqual([kind!, segment!].map(partsOf), [
    ['country=US', 'ad_format=banner', 'ctr_drop'],
    ['country=US', 'ad_format=banner'],
  ]);
  assert.deepEqual(scopesOf({ labels: {} }), ['alert'], 'nothing silences everything');
});

test('until tomorrow is the next 9 o’clock that is a night away', () => {
  const local = (day: number, hour: number): number => new Date(2026, 4, day, hour).getTime();
  assert.equal(nextMorning(local(20, 17)), local(21, 9));
  assert.equal(nextMorning(local(21, 1)), local(21, 9));
  assert.equal(nextMorning(local(21, 6)), local(22, 9));
  assert.equal(nextMorning(local(21, 9)), local(22, 9));
});
