import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { createKnownSilences } from './known-silences.ts';
import type { Silence } from './silence.ts';

const HOUR = 3_600_000;

/** One silence from the epoch on, for an hour; `asked`: how often the book was gone through. */
function setUp() {
  const at = { now: 0, asked: 0 };
  const hour = (n: number): string => new Date(n * HOUR).toISOString();
  let silence = { id: 's', starts_at: hour(0), ends_at: hour(1) } as Silence;
  const book = {
    get: () => silence,
    holding() {
      at.asked += 1;
      return at.now < Date.parse(silence.ends_at) ? silence : undefined;
    },
  };
  const change = (hours: number): void => void (silence = { ...silence, ends_at: hour(hours) });
  return { silences: createKnownSilences(book, { now: () => at.now }), at, change };
}

const any = (): boolean => true;
const events = Array.from({ length: 1_500 }, (_, i) => ({ ...sampleAlert, alert_id: `a${i}` }));

test('what is silenced is not asked about again before its silence is over', () => {
  const { silences, at } = setUp();
  const [one] = events;
  assert.deepEqual(silences.notSilenced([one!], any), []);
  at.now = HOUR - 1;
  assert.deepEqual(silences.notSilenced([one!], any), []);
  assert.equal(at.asked, 1);
  at.now = HOUR;
  assert.deepEqual(silences.notSilenced([one!], any), [one]);
});

test('a silence that is changed is another one', () => {
  const { silences, at, change } = setUp();
  assert.equal(silences.isSilenced(events[0]!), true);
  at.now = HOUR / 2;
  change(0.25);
  assert.deepEqual(silences.notSilenced([events[0]!], any), [events[0]]);
});

test('of many it asks about a thousand at a time, and gets to all', () => {
  const { silences, at } = setUp();
  silences.notSilenced(events, any);
  assert.equal(at.asked, 1_000);
  silences.notSilenced(events, any);
  assert.equal(at.asked, 1_500);
});

test('ends are told whatever holds; the silence that was known last is named when it is over', () => {
  const { silences, at } = setUp();
  const end = { ...events[0]!, status: 'resolved' as const };
  assert.equal(silences.holding(end), undefined);
  assert.equal(silences.known(events[0]!)?.id, 's');
  at.now = 2 * HOUR;
  assert.equal(silences.holding(events[0]!), undefined);
  assert.equal(silences.known(events[0]!)?.id, 's');
});
