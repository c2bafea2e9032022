/** What receivers are told while silences hold, and once they end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { silentLogger } from '../core/logger.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Receiver, SendResult } from '../receivers/receiver.ts';
import { defaultRetry } from './deliver.ts';
import { createNotificationLog } from './notification-log.ts';
import { createNotifier, type NotifierSettings } from './notifier.ts';
import { createReceiverQueue } from './receiver-queue.ts';
import { createSilenceBook } from './silence-book.ts';
import type { Silence } from './silence.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T09:00:00.000Z');
const at = (minute: number): string => new Date(START + minute * MINUTE).toISOString();

function alert(minute: number, changes: Partial<AlertEvent> = {}): AlertEvent {
  const labels = { country: 'US', ad_format: 'banner' };
  return { ...sampleAlert, alert_id: 'a', status: 'firing', repeat: 0, since: at(0), labels, alert_time: at(minute), ...changes };
}

const reminder = (minute: number, repeat: number): AlertEvent => alert(minute, { repeat });
const end = (minute: number): AlertEvent => alert(minute, { status: 'resolved' });

function setUp(settings: Partial<NotifierSettings> = {}) {
  const rung: AlertEvent[] = [];
  const said: string[] = [];
  const clock = { minutes: 0 };
  const answers: (() => SendResult)[] = [];
  const receiver: Receiver = {
    name: 'pager',
    local: false,
    target: 'pager',
    async send({ alert: told }) {
      const answer = answers.shift()?.() ?? { ok: true };
      if (answer.ok) rung.push(told);
      return answer;
    },
  };
  const notifier = createNotifier(
    { pipeline: 'p', cooldownMs: 10 * MINUTE, notifyWithinMs: 15 * MINUTE, audience: 'all', ...settings },
    {
      clock: { now: () => START + clock.minutes * MINUTE, elapsed: () => clock.minutes * MINUTE },
      receivers: [receiver],
      logger: { ...silentLogger, info: (line) => void said.push(line) },
      wait: async (ms) => (ms === defaultRetry.attemptTimeoutMs ? new Promise(() => {}) : undefined),
    },
  );
  let offset = 0;
  return {
    notifier,
    clock,
    answers,
    rung,
    said,
    silence: (changes: Partial<Silence> = {}): void =>
      notifier.takeSilence(
        JSON.stringify({
          id: 's',
          matchers: { country: 'US' },
          starts_at: at(0),
          ends_at: at(15),
          comment: '',
          created_at: at(0),
          ...changes,
        } satisfies Silence),
      ),
    /** `behind`: by so many minutes the watermark is behind the clock. */
    endSilences: async (caughtUp = true) =>
      (await Promise.all(notifier.queues[0]!.endSilences(caughtUp))).flatMap((told) => told?.decision ?? []),
    /** Told when the wall clock is as far as the event. */
    async tell(event: AlertEvent): Promise<string | undefined> {
      clock.minutes = Math.max(clock.minutes, (Date.parse(event.alert_time) - START) / MINUTE);
      return (await notifier.queues[0]!.offer(offset++, event))?.decision;
    },
  };
}

test('a silenced alert is not told; when the silence is over and it still fires the next reminder tells, with its true start', async () => {
  const { silence, tell, rung, said, notifier } = setUp({ zone: () => 9 * 60 * MINUTE });
  silence();
  assert.equal(await tell(alert(1)), 'silenced');
  assert.match(said.join(), / is silenced until \d{4}-\d\d-\d\d \d\d:\d\d UTC\+9: not told to pager$/);
  assert.equal(await tell(reminder(11, 1)), 'silenced');
  assert.deepEqual(rung, []);
  assert.equal(await tell(reminder(21, 2)), 'sent');
  assert.deepEqual(
    rung.map(({ since, repeat }) => [since, repeat]),
    [[at(0), 2]],
  );
  assert.equal(await tell(end(25)), 'sent');
  assert.equal(notifier.counts().decisions.silenced, 2);
});

test('when the silence is over an alert that still fires is told at once, as it was told of last; also one without reminders, once', async () => {
  const { silence, tell, endSilences, clock, rung, notifier } = setUp();
  silence({ ends_at: at(90) });
  assert.equal(await tell(alert(1)), 'silenced');
  assert.equal(await tell(reminder(11, 1)), 'silenced');
  assert.equal(await tell(alert(2, { alert_id: 'over', alert_type: 'x' })), 'silenced');
  assert.equal(await tell(alert(3, { alert_id: 'over', alert_type: 'x', status: 'resolved' })), 'unwanted');
  assert.equal(await tell(alert(2, { alert_id: 'member', alert_type: 'y' })), 'silenced');
  assert.equal(await tell(alert(3, { alert_id: 'member', alert_type: 'y', part_of: 'a' })), 'folded');
  assert.deepEqual(await endSilences(), []);
  // A restart in between, long after.
  const again = setUp();
  again.notifier.restore(notifier.takeStateChanges().flatMap(([key, value]) => (value ? [[key, value] as const] : [])));
  again.silence({ ends_at: at(90) });
  again.clock.minutes = 89;
  assert.deepEqual(await again.endSilences(), []);
  again.clock.minutes = 90;
  assert.deepEqual(await again.endSilences(false), [], 'it may have ended in what is not read yet');
  assert.deepEqual(await again.endSilences(), ['sent']);
  assert.deepEqual(await again.endSilences(), []);
  assert.deepEqual(
    again.rung.map(({ alert_id, since, repeat }) => [alert_id, since, repeat]),
    [['a', at(0), 1]],
  );
  assert.deepEqual([rung, clock.minutes], [[], 11]);
});

test('that reading is behind is told though event time is not caught up with', async () => {
  const { silence, tell, endSilences, clock } = setUp();
  silence({ matchers: {}, measure: 'lag' });
  assert.equal(await tell(alert(1, { detector: 'lag', measure: 'lag', labels: {} })), 'silenced');
  clock.minutes = 15;
  assert.deepEqual(await endSilences(false), ['sent']);
});

test('an alert that begins and ends within a silence is never told', async () => {
  const { silence, tell, rung } = setUp();
  silence();
  assert.equal(await tell(alert(1)), 'silenced');
  assert.equal(await tell(end(5)), 'unwanted');
  assert.deepEqual(rung, []);
});

test('the end of an alert that was told before the silence is told all the same', async () => {
  const { silence, tell, rung } = setUp();
  assert.equal(await tell(alert(1)), 'sent');
  silence({ starts_at: at(2), ends_at: at(60) });
  assert.equal(await tell(reminder(11, 1)), 'silenced');
  assert.equal(await tell(end(20)), 'sent');
  assert.deepEqual(
    rung.map(({ status }) => status),
    ['firing', 'resolved'],
  );
});

test('the end of an alert that was told before a silence of weeks is told too', async () => {
  const { silence, tell, rung } = setUp();
  const day = 24 * 60;
  assert.equal(await tell(alert(1)), 'sent');
  silence({ starts_at: at(2), ends_at: at(30 * day) });
  for (let hour = 1; hour < 8 * 24; hour++) assert.equal(await tell(reminder(60 * hour, hour)), 'silenced');
  const other = { alert_id: 'b', labels: { country: 'KR' } };
  assert.equal(await tell(alert(8 * day, other)), 'sent');
  assert.equal(await tell(end(8 * day + 1)), 'sent');
  assert.deepEqual(
    rung.map(({ alert_id, status }) => `${alert_id} ${status}`),
    ['a firing', 'b firing', 'a resolved'],
  );
});

test('while a silence holds nothing is asked again of what it silences, unless the silence is another', async () => {
  const clock = { nowMs: START };
  const book = createSilenceBook();
  const take = (changes: Partial<Silence> = {}): void => {
    const one = { id: 's', matchers: { country: 'US' }, starts_at: at(0), ends_at: at(90), comment: '', created_at: at(0), ...changes };
    book.take(JSON.stringify(one), clock.nowMs);
  };
  let asked = 0;
  const rung: string[] = [];
  const queue = createReceiverQueue(
    {
      cooldownMs: 0,
      notifyWithinMs: undefined,
      audience: 'all',
      retry: defaultRetry,
      concurrency: 16,
      waitingMax: 256,
      dueBefore: 0,
    },
    {
      receiver: { name: 'r', local: false, target: 'r', send: async (told) => (rung.push(told.alert.alert_id), { ok: true }) },
      log: createNotificationLog({ pipeline: 'p', cooldownMs: 0, maxEntries: 10_000 }),
      silences: { get: book.get, holding: (event, nowMs) => ((asked += 1), book.holding(event, nowMs)) },
      clock: { now: () => clock.nowMs, elapsed: () => clock.nowMs },
      logger: silentLogger,
      wait: async () => new Promise(() => {}),
      stop: new AbortController().signal,
      onDecided: () => {},
    },
  );
  const poll = async (): Promise<number> => {
    const before = asked;
    await Promise.all(queue.endSilences(true));
    return asked - before;
  };
  take();
  take({ id: 'later', ends_at: at(91), matchers: { country: 'US', n: '7' } });
  for (let n = 0; n < 3_000; n++) await queue.offer(n, alert(0, { alert_id: `a${n}`, labels: { country: 'US', n: `${n}` } }));
  assert.equal(await poll(), 0);
  take({ id: 'other', matchers: { country: 'KR' } });
  assert.equal(await poll(), 0, 'one that is new can only silence more');
  take({ ends_at: at(95) });
  assert.deepEqual([await poll(), await poll(), await poll(), await poll()], [1_000, 1_000, 999, 0], 'a thousand at a time');
  clock.nowMs = START + 91 * MINUTE;
  assert.equal(await poll(), 1);
  assert.deepEqual(rung, []);
  clock.nowMs = START + 95 * MINUTE;
  for (let i = 0; i < 3; i++) await poll();
  assert.equal(new Set(rung).size, 3_000);
  assert.deepEqual([rung.length, await poll(), queue.hasSilenced()], [3_000, 0, false]);
});

test('what is not to be told now waits for its reminder, and is not asked for again', async () => {
  const { silence, tell, endSilences, notifier, clock } = setUp();
  silence({ starts_at: at(0), ends_at: at(5) });
  assert.equal(await tell(alert(1)), 'silenced');
  clock.minutes = 5;
  // The bell of another alert of the segment rings first.
  assert.equal(await tell(alert(6, { alert_id: 'b' })), 'sent');
  assert.deepEqual(await endSilences(), []);
  assert.equal(notifier.queues[0]!.hasSilenced(), false);
  assert.equal(await tell(reminder(17, 1)), 'sent');
});

test('one that is ended early keeps nothing back any more', async () => {
  const { silence, tell } = setUp();
  silence({ ends_at: at(600) });
  assert.equal(await tell(alert(1)), 'silenced');
  silence({ ends_at: at(600), ended_at: at(2) });
  assert.equal(await tell(reminder(11, 1)), 'sent');
});

test('others are told, and folded members follow the one that speaks for them', async () => {
  const { silence, tell } = setUp();
  silence({ matchers: { country: 'US', ad_format: 'banner' } });
  assert.equal(await tell(alert(1, { alert_id: 'b', labels: { country: 'KR', ad_format: 'banner' } })), 'sent');
  assert.equal(await tell(alert(2, { alert_id: 'c', labels: { country: 'US' }, alert_type: 'x' })), 'sent', 'the roll-up');
  assert.equal(await tell(alert(3, { alert_id: 'd', part_of: 'c' })), 'folded');
});

test('a stale alert waits for the silence too, and is told once when both are over', async () => {
  const { silence, tell, notifier, clock, rung } = setUp();
  clock.minutes = 60;
  silence({ starts_at: at(55), ends_at: at(70) });
  assert.equal(await tell(alert(1)), 'stale');
  const settle = async () => (await Promise.all(notifier.settle(START + clock.minutes * MINUTE))).filter((told) => told !== undefined);
  assert.deepEqual(await settle(), []);
  clock.minutes = 70;
  assert.deepEqual(
    (await settle()).map(({ decision }) => decision),
    ['sent'],
  );
  assert.deepEqual(await settle(), []);
  assert.deepEqual(
    rung.map(({ since }) => since),
    [at(0)],
  );
});

test('a silence that begins while a receiver is tried again and again ends that', async () => {
  const { silence, tell, answers, rung, notifier } = setUp();
  answers.push(
    () => ({ ok: false, retryable: true, reason: 'away' }),
    () => {
      silence();
      return { ok: false, retryable: true, reason: 'away' };
    },
  );
  assert.equal(await tell(alert(1)), 'silenced');
  assert.deepEqual(rung, []);
  assert.equal(notifier.counts().decisions.failed, 0);
  assert.equal(await tell(reminder(21, 1)), 'sent');
});

test('what is no silence is warned of and silences nothing', async () => {
  const { tell, notifier } = setUp();
  notifier.takeSilence('{"matchers":{}}');
  assert.equal(await tell(alert(1)), 'sent');
});
