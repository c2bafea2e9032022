import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdWaits } from '../../test/support/held-waits.ts';
import { silentLogger } from '../core/logger.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Receiver, SendResult } from '../receivers/receiver.ts';
import { createNotifier, type Notifier } from './notifier.ts';
import type { Notified } from './receiver-queue.ts';

const START = Date.parse('2025-12-18T12:00:00.000Z');
/** What is under way when the first are sent. */
const AT_ONCE = 16;

interface Chat extends Receiver {
  /** Ids of the alerts in each message, in the order of the messages. */
  readonly said: string[][];
}

/** `answers`: to the messages, in their order; then all are taken. Each is answered in a later turn of the event loop. */
function chat(answers: SendResult[] = []): Chat {
  const said: string[][] = [];
  const say = async (...alerts: AlertEvent[]): Promise<SendResult> => {
    said.push(alerts.map(({ alert_id: id }) => id));
    await new Promise((resolve) => setImmediate(resolve));
    return answers.shift() ?? { ok: true };
  };
  return {
    name: 'chat',
    local: false,
    target: 'chat',
    said,
    send: ({ alert }) => say(alert),
    sendTogether: (notifications) => say(...notifications.map(({ alert }) => alert)),
  };
}

function notifierOf(receiver: Receiver) {
  const waits = holdWaits();
  const notifier = createNotifier(
    { pipeline: 'p', cooldownMs: 600_000, notifyWithinMs: 900_000, audience: 'all' },
    { clock: { now: () => START, elapsed: () => 0 }, receivers: [receiver], logger: silentLogger, wait: waits.wait },
  );
  return { notifier, waits };
}

/** One for each segment, the later ones graver. */
function alertsOf(count: number, changes: Partial<AlertEvent> = {}): AlertEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const known = {
      alert_id: String(i),
      alert_type: 'ctr_drop',
      severity: 'low',
      status: 'firing',
      repeat: 0,
      labels: { site: String(i) },
    };
    return { ...known, since: '', alert_time: new Date(START).toISOString(), deviation_percent: -i, ...changes } as unknown as AlertEvent;
  });
}

async function offer(notifier: Notifier, events: readonly AlertEvent[], from = 0): Promise<(Notified | undefined)[]> {
  return Promise.all(events.map((event, i) => notifier.queues[0]!.offer(from + i, event)));
}

const idsFrom = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(to - 1 - i));

test('of hundreds at once the first are told one by one, the others in one message, the gravest first; so are their ends', async () => {
  const receiver = chat();
  const { notifier } = notifierOf(receiver);
  const told = await offer(notifier, alertsOf(200));
  assert.ok(told.every((each) => each?.decision === 'sent'));
  assert.equal(notifier.counts().sent, 200);
  assert.equal(receiver.said.length, AT_ONCE + 1);
  assert.deepEqual(
    receiver.said.slice(0, AT_ONCE).flat(),
    Array.from({ length: AT_ONCE }, (_, i) => String(i)),
  );
  assert.deepEqual(receiver.said[AT_ONCE], idsFrom(AT_ONCE, 200));
  receiver.said.length = 0;
  await offer(notifier, alertsOf(200, { status: 'resolved' }), 200);
  assert.equal(receiver.said.length, AT_ONCE + 1);
  assert.equal(new Set(receiver.said.flat()).size, 200);
});

test('fewer are told one by one, and so are all to a receiver that takes no others', async () => {
  const receiver = chat();
  await offer(notifierOf(receiver).notifier, alertsOf(AT_ONCE + 19));
  assert.equal(receiver.said.length, AT_ONCE + 19);
  const { sendTogether: _, ...program } = chat();
  await offer(notifierOf(program).notifier, alertsOf(200));
  assert.equal(program.said.length, 200);
});

test('a pause that the chat asks for is kept by all; then they go in one message, which may fail as any other', async () => {
  const busy: SendResult = { ok: false, retryable: true, reason: 'busy', retryAfterMs: 1_000 };
  const broken: SendResult = { ok: false, retryable: true, reason: 'broken' };
  const receiver = chat([...Array.from({ length: AT_ONCE }, () => busy), broken, { ok: false, retryable: false, reason: 'gone' }]);
  const { notifier, waits } = notifierOf(receiver);
  const telling = offer(notifier, alertsOf(100));
  // The pauses are over, then the wait of each after the failure.
  while (waits.count() < AT_ONCE) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(receiver.said.length, AT_ONCE);
  waits.tryAgain();
  while (waits.count() < 100) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(receiver.said.length, AT_ONCE + 1);
  assert.equal(receiver.said.at(-1)!.length, 100);
  waits.tryAgain();
  const told = await telling;
  assert.deepEqual(new Set(told.map((each) => `${each?.decision}: ${each?.reason}`)), new Set(['failed: gone', 'sent: undefined']));
  assert.equal(notifier.counts().decisions.failed + notifier.counts().sent, 100);
});

test('what a silence holds back, or another alert speaks for, by then is not in the message', async () => {
  const pause: SendResult = { ok: false, retryable: true, reason: 'busy', retryAfterMs: 1_000 };
  const receiver = chat([pause]);
  const { notifier, waits } = notifierOf(receiver);
  const telling = offer(notifier, alertsOf(100));
  while (waits.count() < 1) await new Promise((resolve) => setImmediate(resolve));
  const silenced = {
    id: 's',
    matchers: { site: '99' },
    starts_at: new Date(START).toISOString(),
    ends_at: new Date(START + 60_000).toISOString(),
  };
  notifier.takeSilence(JSON.stringify({ ...silenced, pipeline: 'p', comment: '', created_at: silenced.starts_at }));
  receiver.said.length = 0;
  waits.tryAgain();
  const told = await telling;
  assert.equal(told[99]?.decision, 'silenced');
  assert.ok(!receiver.said.flat().includes('99'));
  assert.equal(told.filter((each) => each?.decision === 'sent').length, 99);
});
