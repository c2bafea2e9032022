import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { createSilenceBook } from './silence-book.ts';
import { concerns, parseSilence, statusOf, type Silence } from './silence.ts';

const START = Date.parse('2026-03-02T09:00:00.000Z');
const MINUTE = 60_000;
const at = (minute: number): string => new Date(START + minute * MINUTE).toISOString();

function silence(changes: Partial<Silence> = {}): Silence {
  return { id: 'a', matchers: { country: 'US' }, starts_at: at(0), ends_at: at(60), comment: '', created_at: at(0), ...changes };
}

const alert = { ...sampleAlert, labels: { country: 'US', ad_format: 'banner' }, measure: 'ctr', alert_type: 'ctr_drop' };

test('a silence concerns alerts that have all it names, finer segments too', () => {
  assert.ok(concerns(silence(), alert));
  assert.ok(concerns(silence({ matchers: { country: 'US', ad_format: 'banner' }, measure: 'ctr', alert_type: 'ctr_drop' }), alert));
  assert.ok(concerns(silence({ matchers: {}, alert_id: alert.alert_id }), alert));
  for (const other of [
    { matchers: { country: 'KR' } },
    { matchers: { country: 'US', ad_format: 'video' } },
    { measure: 'ecpm' },
    { alert_type: 'ctr_spike' },
    { alert_id: 'another' },
  ]) {
    assert.ok(!concerns(silence(other), alert), JSON.stringify(other));
  }
  assert.ok(!concerns(silence({ matchers: { country: 'US', ad_format: 'banner' } }), { ...alert, labels: { country: 'US' } }), 'a roll-up');
  assert.ok(!concerns(silence({ matchers: { toString: 'x' } }), alert), 'what every object has is no label');
});

const times = (one: Silence) => [-1, 0, 59, 60].map((minute) => statusOf(one, START + minute * MINUTE));

test('it holds from its start to its end', () => {
  assert.deepEqual(times(silence({ created_at: at(-5) })), ['pending', 'active', 'active', 'ended']);
});

test('what began when it was asked for has begun, and what was ended is over, for who has an earlier clock too', () => {
  assert.deepEqual(times(silence()), ['active', 'active', 'active', 'ended']);
  for (const ended_at of [at(-2), at(10), at(70)]) assert.deepEqual(times(silence({ ended_at })), Array(4).fill('ended'), ended_at);
  const book = createSilenceBook();
  book.take(JSON.stringify(silence()), START);
  assert.equal(book.holding(alert, START - 5_000)?.id, 'a');
  book.take(JSON.stringify(silence({ ended_at: at(30) })), START);
  assert.equal(book.holding(alert, START + MINUTE), undefined);
});

test('of too many the book forgets the oldest that is over, and not one that holds', () => {
  const book = createSilenceBook();
  const takeAt = (minute: number, changes: Partial<Silence>) => book.take(JSON.stringify(silence(changes)), START + minute * MINUTE);
  takeAt(0, { id: 'long', ends_at: at(43_200) });
  const KR = { country: 'KR' };
  for (let i = 0; i < 10_000; i++) takeAt(i, { id: `short${i}`, matchers: KR, starts_at: at(i), ends_at: at(i + 1), created_at: at(i) });
  assert.deepEqual([book.all().length, book.get('short0'), book.get('short1')?.id], [10_000, undefined, 'short1']);
  assert.equal(book.holding(alert, START + 10_000 * MINUTE)?.id, 'long');
  // Of such a topic too no more are kept.
  for (let i = 0; i < 10_000; i++) takeAt(0, { id: `other${i}`, matchers: KR, created_at: at(-1), ends_at: at(43_200) });
  assert.equal(book.all().length, 10_000);
});

test('the book knows the newest record of each, and of those that hold the one that ends last', () => {
  const book = createSilenceBook();
  for (const one of [silence(), silence({ id: 'b', ends_at: at(90) }), silence({ id: 'c', starts_at: at(20), ends_at: at(300) })]) {
    assert.ok(book.take(JSON.stringify(one), START));
  }
  assert.equal(book.holding(alert, START + MINUTE)?.id, 'b');
  assert.equal(book.holding(alert, START + 20 * MINUTE)?.id, 'c');
  book.take(JSON.stringify(silence({ id: 'b', ends_at: at(90), ended_at: at(1) })), START);
  assert.equal(book.holding(alert, START + MINUTE)?.id, 'a');
  assert.equal(book.holding({ ...alert, labels: { country: 'KR' } }, START + MINUTE), undefined);
  assert.deepEqual(
    book.all().map(({ id }) => id),
    ['c', 'b', 'a'],
  );
});

test('what is no silence is left out, whatever it is', () => {
  const book = createSilenceBook();
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.jsonValue().map((value) => JSON.stringify({ ...silence(), matchers: value })),
      ),
      (record) => {
        const found = parseSilence(record);
        assert.equal(book.take(record, START), found !== undefined);
        if (found) concerns(found, alert);
      },
    ),
  );
  const broken = [
    { ends_at: 'tomorrow' },
    { measure: 3 },
    { id: undefined },
    { matchers: { country: 1 } },
    { matchers: ['US'] },
    { matchers: {} },
  ];
  for (const one of broken) {
    assert.equal(book.take(JSON.stringify({ ...silence(), ...one }), START), false, JSON.stringify(one));
  }
});
