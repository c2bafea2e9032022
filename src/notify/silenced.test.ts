/** What receivers are told while silences hold, and once they end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../test/sample-alert.ts';
import { silentLogger } from '../core/logger.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Receiver, SendResult } from '../receivers/receiver.ts';
import { defaultRetry } from './deliver.ts';
import { createNotifier, type NotifierSettings } from './notifier.ts';
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
    { pipeline: 'p', cooldownMs: 10 * MINUTE, notifyWithinMs: 15 * MINUTE, sendResolved: true, audience: 'all', ...settings },
    {
      clock: { now: () => START + clock.minutes * MINUTE, elapsed: () => clock.minutes * MINUTE },
      receivers: [receiver],
      logger: silentLogger,
      wait: async (ms) => (ms === defaultRetry.attemptTimeoutMs ? new Promise(() => {}) : undefined),
    },
  );
  let offset = 0;
  return {
    notifier,
    clock,
    answers,
    rung,
    silence: (changes: Partial<Silence> = {}): void =>
      notifier.silence(
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
    endSilences: async (behind = 0) =>
      (await Promise.all(notifier.endSilences(START + (clock.minutes - behind) * MINUTE))).flatMap((told) => told?.decision ?? []),
    /** Told when the wall clock is as far as the event. */
    async tell(event: AlertEvent): Promise<string | undefined> {
      clock.minutes = Math.max(clock.minutes, (Date.parse(event.alert_time) - START) / MINUTE);
      return (await notifier.queues[0]!.offer(offset++, event))?.decision;
    },
  };
}

test('a silenced alert is not told; when the silence is over and it still fires the next reminder tells, with its true start', async () => {
  const { silence, tell, rung, notifier } = setUp();
  silence();
  assert.equal(await tell(alert(1)), 'silenced');
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
  assert.deepEqual(await again.endSilences(16), [], 'it may have ended in what is not read yet');
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
  assert.deepEqual(await endSilences(60), ['sent']);
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
  notifier.silence('{"matchers":{}}');
  assert.equal(await tell(alert(1)), 'sent');
});
