import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sampleAlert } from '../../test/sample-alert.ts';
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

test('it holds from its start to its end, or to when it was ended', () => {
  const times = (one: Silence) => [-1, 0, 59, 60].map((minute) => statusOf(one, START + minute * MINUTE));
  assert.deepEqual(times(silence()), ['pending', 'active', 'active', 'ended']);
  assert.deepEqual(times(silence({ ended_at: at(10) })), ['pending', 'active', 'ended', 'ended']);
  assert.deepEqual(times(silence({ ended_at: at(-2) })), ['ended', 'ended', 'ended', 'ended'], 'before it began');
});

test('the book knows the newest record of each, and of those that hold the one that ends last', () => {
  const book = createSilenceBook();
  for (const one of [silence(), silence({ id: 'b', ends_at: at(90) }), silence({ id: 'c', starts_at: at(20), ends_at: at(300) })]) {
    assert.ok(book.take(JSON.stringify(one)));
  }
  assert.equal(book.holding(alert, START + MINUTE)?.id, 'b');
  assert.equal(book.holding(alert, START + 20 * MINUTE)?.id, 'c');
  book.take(JSON.stringify(silence({ id: 'b', ends_at: at(90), ended_at: at(1) })));
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
        assert.equal(book.take(record), found !== undefined);
        if (found) concerns(found, alert);
      },
    ),
  );
  for (const broken of [{ ends_at: 'tomorrow' }, { measure: 3 }, { id: undefined }, { matchers: { country: 1 } }]) {
    assert.equal(book.take(JSON.stringify({ ...silence(), ...broken })), false, JSON.stringify(broken));
  }
});
