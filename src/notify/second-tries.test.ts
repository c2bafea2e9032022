import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../core/logger.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import { createNotifier, type Notifier } from './notifier.ts';
import type { Notified } from './receiver-queue.ts';

const MINUTE = 60_000;
const START = Date.parse('2025-12-18T12:00:00.000Z');

function alert(minute: number, id: string, changes: Partial<AlertEvent> = {}): AlertEvent {
  return {
    alert_id: id,
    alert_type: 'ctr_drop',
    status: 'firing',
    detector: 'evidence',
    repeat: 0,
    labels: { id },
    ...changes,
    alert_time: new Date(START + minute * MINUTE).toISOString(),
  } as AlertEvent;
}

const limit = (minute: number, id: string, changes: Partial<AlertEvent> = {}): AlertEvent =>
  alert(minute, id, { detector: 'limits', alert_type: 'series_limit', labels: { partition: 'raw/0' }, ...changes });

/** One receiver that is there or not, and notifiers one after the other on what the one before has recorded. */
function begin() {
  const state = new Map<string, Uint8Array>();
  const at = { minutes: 0, isAway: false, refused: '', attempts: 0 };
  const told: string[] = [];
  const warnings: string[] = [];
  function open(): Notifier {
    const notifier = createNotifier(
      { pipeline: 'p', cooldownMs: 90 * MINUTE, notifyWithinMs: 15 * MINUTE, audience: 'all' },
      {
        clock: { now: () => START + at.minutes * MINUTE, elapsed: () => at.minutes * MINUTE },
        receivers: [
          {
            name: 'pager',
            local: false,
            target: '',
            async send({ alert: { alert_id, status } }) {
              at.attempts += 1;
              if (at.isAway || at.refused === alert_id) return { ok: false, retryable: false, reason: 'gone' };
              told.push(`${alert_id} ${status}`);
              return { ok: true };
            },
          },
        ],
        logger: { ...silentLogger, warn: (line) => void warnings.push(line) },
        wait: async (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      },
    );
    notifier.restore(state);
    return notifier;
  }
  let offset = 0;
  return {
    at,
    told,
    warnings,
    open,
    async offer(notifier: Notifier, event: AlertEvent): Promise<string | undefined> {
      return (await notifier.queues[0]!.offer(offset++, event))?.decision;
    },
    save(notifier: Notifier): void {
      for (const [key, value] of notifier.takeStateChanges()) {
        if (value) state.set(key, value);
        else state.delete(key);
      }
    },
  };
}

async function decisions(tellings: readonly Promise<Notified | undefined>[]): Promise<(string | undefined)[]> {
  return (await Promise.all(tellings)).map((notified) => notified?.decision);
}

test('an end that could not be told is tried again a minute later, through a restart, and warned of and counted once', async () => {
  const { at, told, warnings, open, offer, save } = begin();
  const first = open();
  await offer(first, alert(0, 'a'));
  at.isAway = true;
  assert.equal(await offer(first, alert(1, 'a', { status: 'resolved' })), 'failed');
  assert.deepEqual(first.tellEnds(), []);
  at.minutes = 1;
  assert.deepEqual(await decisions(first.tellEnds()), [undefined]);
  assert.equal(at.attempts, 3);
  assert.deepEqual([first.counts().decisions.failed, warnings.length], [1, 1]);
  save(first);

  const second = open();
  at.isAway = false;
  assert.deepEqual(await decisions(second.tellEnds()), ['sent']);
  at.minutes = 5;
  assert.deepEqual(second.tellEnds(), []);
  assert.deepEqual(told, ['a firing', 'a resolved']);
  save(second);
  assert.deepEqual(open().tellEnds(), []);
});

test('while a receiver is away one of many ends is tried a minute, in turn; when it takes one all others go', async () => {
  const { at, told, open, offer } = begin();
  const notifier = open();
  const ids = ['a', 'b', 'c', 'd'];
  for (const id of ids) await offer(notifier, alert(0, id));
  at.isAway = true;
  for (const id of ids) await offer(notifier, alert(1, id, { status: 'resolved' }));
  at.attempts = 0;
  for (at.minutes = 1; at.minutes < 11; at.minutes += 0.25) await decisions(notifier.tellEnds());
  assert.equal(at.attempts, 10);
  at.isAway = false;
  at.minutes = 12;
  assert.deepEqual(await decisions(notifier.tellEnds()), ['sent']);
  assert.equal((await decisions(notifier.tellEnds())).length, 3);
  assert.deepEqual(told.slice(4).toSorted(), ['a resolved', 'b resolved', 'c resolved', 'd resolved']);
});

test('many ends that wait at a start do not all go to a receiver that is away', async () => {
  const { at, open, offer, save } = begin();
  const first = open();
  const ids = Array.from({ length: 50 }, (_, n) => `a${n}`);
  for (const id of ids) await offer(first, alert(0, id));
  at.isAway = true;
  for (const id of ids) await offer(first, alert(1, id, { status: 'resolved' }));
  save(first);
  const second = open();
  at.attempts = 0;
  const tried = await decisions(second.tellEnds());
  // As many as go at once, and those let in meanwhile.
  assert.ok(at.attempts <= 32, `${at.attempts} attempts`);
  assert.equal(tried.filter((decision) => decision === 'failed').length, at.attempts);
  at.isAway = false;
  at.minutes = 1;
  assert.deepEqual(await decisions(second.tellEnds()), ['sent']);
  assert.equal((await decisions(second.tellEnds())).filter((decision) => decision === 'sent').length, 49);
});

test('an end is given up a day after it', async () => {
  const { at, told, open, offer, save } = begin();
  const notifier = open();
  await offer(notifier, alert(0, 'a'));
  at.isAway = true;
  await offer(notifier, alert(1, 'a', { status: 'resolved' }));
  at.minutes = 24 * 60 + 2;
  await decisions(notifier.tellEnds());
  at.isAway = false;
  at.minutes += 2;
  assert.deepEqual(notifier.tellEnds(), []);
  save(notifier);
  assert.deepEqual(open().tellEnds(), []);
  assert.deepEqual(told, ['a firing']);
});

test('an alert on a limit that could not be told, or fell into the cooldown, is told later: no reminder comes', async () => {
  const { at, told, open, offer, save } = begin();
  const first = open();
  const settle = (notifier: Notifier) => decisions(notifier.settle(START + at.minutes * MINUTE));
  at.isAway = true;
  assert.equal(await offer(first, limit(0, 'a')), 'failed');
  assert.deepEqual(await settle(first), []);
  at.isAway = false;
  at.minutes = 1;
  assert.deepEqual(await settle(first), ['sent']);
  at.minutes = 70;
  await offer(first, limit(70, 'a', { status: 'resolved' }));
  at.minutes = 75;
  assert.equal(await offer(first, limit(75, 'b')), 'cooldown');
  await settle(first);
  assert.equal(told.length, 2);
  save(first);

  const second = open();
  at.minutes = 89;
  await settle(second);
  assert.equal(told.length, 2);
  at.minutes = 90;
  assert.deepEqual(await settle(second), ['sent']);
  assert.deepEqual(await settle(second), []);
  await offer(second, limit(95, 'b', { status: 'resolved' }));
  assert.deepEqual(told, ['a firing', 'a resolved', 'b firing', 'b resolved']);
});

test('what an experiment decided while another alert of its segment cooled down, or the receiver was away, is told later', async () => {
  const { at, told, open, offer } = begin();
  const notifier = open();
  const settle = () => decisions(notifier.settle(START + at.minutes * MINUTE));
  const labels = { banner: 'new' };
  await offer(notifier, alert(0, 'drop', { labels }));
  at.minutes = 5;
  assert.equal(await offer(notifier, alert(5, 'decided', { labels, detector: 'experiment' })), 'cooldown');
  assert.deepEqual(await settle(), [undefined]);
  at.minutes = 90;
  assert.deepEqual(await settle(), ['sent']);
  at.isAway = true;
  assert.equal(await offer(notifier, alert(90, 'other', { detector: 'experiment' })), 'failed');
  at.isAway = false;
  at.minutes = 92;
  assert.deepEqual(await settle(), ['sent']);
  assert.deepEqual(told, ['drop firing', 'decided firing', 'other firing']);
});

test('an alert on a limit that ends within the cooldown is told no more, nor is its end', async () => {
  const { at, told, open, offer } = begin();
  const notifier = open();
  await offer(notifier, limit(0, 'a'));
  await offer(notifier, limit(1, 'a', { status: 'resolved' }));
  await offer(notifier, limit(10, 'b'));
  assert.equal(await offer(notifier, limit(80, 'b', { status: 'resolved' })), 'unwanted');
  at.minutes = 200;
  assert.deepEqual(notifier.settle(START + 200 * MINUTE), []);
  assert.deepEqual(told, ['a firing', 'a resolved']);
});

test('an end that is refused for good holds up no alert on a limit, nor that one it', async () => {
  const { at, told, open, offer } = begin();
  const notifier = open();
  await offer(notifier, alert(0, 'end'));
  at.isAway = true;
  await offer(notifier, limit(1, 'limit'));
  await offer(notifier, alert(1, 'end', { status: 'resolved' }));
  at.isAway = false;
  const goOn = async (minutes: number, isCaughtUp: boolean): Promise<void> => {
    for (const until = at.minutes + minutes; at.minutes < until; at.minutes += 0.25) {
      await decisions(notifier.tellEnds());
      if (isCaughtUp) await decisions(notifier.settle(START + at.minutes * MINUTE));
    }
  };
  at.refused = 'end';
  await goOn(4, false);
  assert.equal(at.attempts, 6, 'the end is tried each minute');
  await goOn(3, true);
  assert.deepEqual(told, ['end firing', 'limit firing']);
  await offer(notifier, limit(8, 'limit', { status: 'resolved' }));

  at.refused = 'other';
  await offer(notifier, limit(8, 'other', { labels: { partition: 'raw/1' } }));
  await goOn(2, true);
  assert.deepEqual(told.slice(2), ['limit resolved', 'end resolved']);
});

test('an alert on a limit whose silence ends is tried, though the receiver took nothing when it was tried last', async () => {
  const { at, told, open, offer } = begin();
  const notifier = open();
  const [created_at, ends_at] = [-1, 5].map((minute) => new Date(START + minute * MINUTE).toISOString());
  notifier.takeSilence(
    JSON.stringify({ id: 's', matchers: { partition: 'raw/0' }, starts_at: created_at, ends_at, comment: 'x', created_at }),
  );
  assert.equal(await offer(notifier, limit(0, 'silenced')), 'silenced');
  at.isAway = true;
  assert.equal(await offer(notifier, alert(1, 'drop')), 'failed');
  assert.equal(await offer(notifier, limit(1, 'held', { labels: { partition: 'raw/1' } })), 'failed');
  at.isAway = false;
  at.minutes = 6;
  assert.deepEqual(await decisions(notifier.queues[0]!.endSilences(true)), ['sent']);
  assert.deepEqual(told, ['silenced firing']);
});

test('of alerts on limits that wait, one that somebody has silenced keeps no other from its turn', async () => {
  const { at, told, open, offer } = begin();
  const notifier = open();
  at.isAway = true;
  for (const id of ['a', 'b']) await offer(notifier, limit(0, id, { labels: { partition: id } }));
  const [created_at, ends_at] = [0, 60].map((minute) => new Date(START + minute * MINUTE).toISOString());
  notifier.takeSilence(JSON.stringify({ id: 's', matchers: { partition: 'a' }, starts_at: created_at, ends_at, comment: 'x', created_at }));
  at.isAway = false;
  at.minutes = 2;
  assert.deepEqual(await decisions(notifier.settle(START + at.minutes * MINUTE)), ['sent']);
  assert.deepEqual(told, ['b firing']);
});
