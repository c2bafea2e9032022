import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import { createEventRing } from './event-ring.ts';

function ringAt(config: { maxEvents?: number; maxChars?: number } = {}) {
  const time = { now: 0 };
  return { time, ring: createEventRing({ epoch: 'e', ...config }, { clock: { now: () => time.now, elapsed: () => time.now } }) };
}

test('a client that comes back gets exactly what it missed, as long as it is kept', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(60), fc.nat(60), (maxEvents, published, seen) => {
      fc.pre(seen <= published);
      const { ring } = ringAt({ maxEvents });
      ring.join(() => {});
      for (let i = 1; i <= published; i++) ring.publish('reset', {});
      const from = ring.resume(`e-${seen}`);
      const missed = published - seen;
      if (missed > maxEvents) assert.equal(from, undefined);
      else {
        assert.equal(from, seen + 1);
        for (let number = from; number < ring.next; number++)
          assert.match(ring.textAt(number)!, new RegExp(`^event: reset\nid: e-${number}\n`));
        assert.equal(ring.next - from, missed);
      }
    }),
  );
});

test('dropped in large pieces, it stays the same', () => {
  const { ring } = ringAt({ maxEvents: 10 });
  ring.join(() => {});
  for (let i = 1; i <= 5_000; i++) ring.publish('reset', {});
  assert.equal(ring.next, 5_001);
  assert.match(ring.textAt(4_991)!, /id: e-4991\n/);
  assert.equal(ring.textAt(4_990), undefined);
  assert.equal(ring.textAt(5_001), undefined);
});

test('an id of another process, from the future or of another form leads nowhere', () => {
  const { ring } = ringAt();
  ring.join(() => {});
  ring.publish('reset', {});
  for (const id of ['f-1', 'e-2', 'e--1', '1', '', 'e-1e3']) assert.equal(ring.resume(id), undefined, id);
  assert.equal(ring.resume(ring.currentId()), 2);
});

test('the oldest events go when their texts are larger than maxChars', () => {
  const { ring } = ringAt({ maxChars: 1_000 });
  ring.join(() => {});
  for (let i = 1; i <= 50; i++) ring.publish('reset', {});
  assert.equal(ring.textAt(1), undefined);
  assert.ok(ring.textAt(50));
});

test('what nobody hears is not kept, and who returns later than that begins anew', () => {
  const { ring, time } = ringAt();
  ring.publish('reset', {});
  const leave = ring.join(() => {});
  ring.publish('reset', {});
  const id = ring.currentId();
  leave();
  time.now = 30_000;
  ring.publish('reset', {});
  assert.equal(ring.next - ring.resume(id)!, 1);
  time.now = 60_000;
  assert.equal(ring.isHeard(), false);
  ring.publish('reset', {});
  assert.equal(ring.resume(id), undefined);
});

test('an event that is said in several languages counts as one, and each is as long as it is kept', () => {
  const { ring } = ringAt({ maxEvents: 2 });
  ring.join(() => {});
  const alert = (message: string): AlertEvent => ({ message }) as unknown as AlertEvent;
  ring.publish('alert', alert('drop'), { ko: alert('급락') });
  ring.publish('reset', {});
  assert.match(ring.textAt(1)!, /^event: alert\nid: e-1\ndata: \{"message":"drop"\}\n\n$/);
  assert.match(ring.textAt(1, 'ko')!, /^event: alert\nid: e-1\ndata: \{"message":"급락"\}\n\n$/);
  assert.equal(ring.textAt(1, 'en'), ring.textAt(1));
  assert.equal(ring.textAt(2, 'ko'), ring.textAt(2));
  ring.publish('reset', {});
  assert.equal(ring.textAt(1, 'ko'), undefined);
  const small = ringAt({ maxChars: 200 }).ring;
  small.join(() => {});
  small.publish('alert', alert('drop'), { ko: alert('급락'.repeat(100)) });
  small.publish('reset', {});
  assert.equal(small.textAt(1), undefined, 'the other language counts too');
});
