import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../core/logger.ts';
import { silentLogger } from '../core/logger.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Notification, Receiver, SendResult } from '../receivers/receiver.ts';
import { defaultRetry } from './deliver.ts';
import { createNotifier } from './notifier.ts';
import type { Notifier, NotifierSettings } from './notifier.ts';
import type { Notified } from './receiver-queue.ts';

const MINUTE = 60_000;
const START = Date.parse('2025-12-18T12:00:00.000Z');

function alert(minute: number, changes: Partial<AlertEvent> = {}): AlertEvent {
  return {
    alert_id: 'a',
    alert_type: 'ctr_drop',
    status: 'firing',
    repeat: 0,
    labels: { country: 'US', ad_format: 'banner' },
    ...changes,
    alert_time: new Date(START + minute * MINUTE).toISOString(),
  } as AlertEvent;
}

interface Bell extends Receiver {
  readonly rung: string[];
}

function bell(name: string, options: { local?: boolean; answers?: (SendResult | Error)[] } = {}): Bell {
  const rung: string[] = [];
  const answers = options.answers ?? [];
  return {
    name,
    local: options.local ?? false,
    target: name,
    rung,
    async send({ alert: told }: Notification) {
      const answer = answers.shift() ?? { ok: true };
      if (answer instanceof Error) throw answer;
      if (answer.ok) rung.push(`${(Date.parse(told.alert_time) - START) / MINUTE} ${told.alert_id} ${told.status}`);
      return answer;
    },
  };
}

interface Setting extends Partial<NotifierSettings> {
  /** Minutes after START. */
  readonly now?: number;
  readonly logger?: Logger;
}

function make(receivers: readonly Receiver[], setting: Setting = {}): { notifier: Notifier; waits: number[]; clock: { minutes: number } } {
  const { now = 0, logger = silentLogger, ...settings } = setting;
  const waits: number[] = [];
  const clock = { minutes: now };
  const notifier = createNotifier(
    { pipeline: 'p', cooldownMs: 10 * MINUTE, notifyWithinMs: 15 * MINUTE, sendResolved: true, audience: 'all', ...settings },
    {
      clock: { now: () => START + clock.minutes * MINUTE, elapsed: () => 0 },
      receivers,
      logger,
      // The limit of an attempt never passes here; back-off passes at once and is noted.
      wait: async (ms) => {
        if (ms === defaultRetry.attemptTimeoutMs) return new Promise(() => {});
        waits.push(ms);
      },
    },
  );
  return { notifier, waits, clock };
}

async function feed(notifier: Notifier, events: readonly AlertEvent[], from = 0): Promise<string[]> {
  const decisions: string[] = [];
  for (const [index, event] of events.entries()) {
    for (const told of await offer(notifier, from + index, event)) decisions.push(told?.decision ?? 'stopped');
  }
  return decisions;
}

/** To every receiver. */
async function offer(notifier: Notifier, offset: number, event: AlertEvent): Promise<(Notified | undefined)[]> {
  return Promise.all(notifier.queues.map((queue) => queue.offer(offset, event)));
}

async function settle(notifier: Notifier, minute: number): Promise<Notified[]> {
  return (await Promise.all(notifier.settle(START + minute * MINUTE))).filter((told) => told !== undefined);
}

test('the same segment and type rings once in ten minutes, whatever alert it is', async () => {
  const pager = bell('pager');
  const { notifier } = make([pager]);
  const events = [
    alert(0),
    alert(1, { status: 'resolved' }),
    alert(5, { alert_id: 'b' }),
    alert(6, { alert_id: 'c', alert_type: 'ctr_spike' }),
    alert(7, { alert_id: 'd', labels: { country: 'KR', ad_format: 'banner' } }),
    alert(9, { alert_id: 'b', status: 'resolved' }),
    alert(10, { alert_id: 'e' }),
  ];
  assert.deepEqual(await feed(notifier, events), ['sent', 'sent', 'cooldown', 'sent', 'sent', 'unwanted', 'sent']);
  assert.deepEqual(pager.rung, ['0 a firing', '1 a resolved', '6 c firing', '7 d firing', '10 e firing']);
  assert.equal(notifier.counts().sent, 5);
});

test('reminders ring', async () => {
  const pager = bell('pager');
  const { notifier } = make([pager]);
  assert.deepEqual(await feed(notifier, [alert(0), alert(10, { repeat: 1 }), alert(20, { repeat: 2 })]), ['sent', 'sent', 'sent']);
});

test('ends are told only where the beginning was, and only if wanted', async () => {
  const quiet = make([bell('pager')], { sendResolved: false });
  assert.deepEqual(await feed(quiet.notifier, [alert(0), alert(1, { status: 'resolved' })]), ['sent', 'unwanted']);
  assert.deepEqual(await feed(make([bell('pager')]).notifier, [alert(1, { status: 'resolved' })]), ['unwanted']);
});

test('what is too old when it arises is stale, and told once event time has caught up if it still fires', async () => {
  const pager = bell('pager');
  const { notifier } = make([pager], { now: 20 });
  const other = { alert_id: 'b', labels: { country: 'KR' } };
  assert.deepEqual(await feed(notifier, [alert(4), alert(4, other), alert(4.5, { ...other, status: 'resolved' })]), [
    'stale',
    'stale',
    'unwanted',
  ]);
  assert.deepEqual(await settle(notifier, 4.9), []);
  const told = await settle(notifier, 5);
  assert.deepEqual(
    told.map(({ alertId, decision }) => [alertId, decision]),
    [['a', 'sent']],
  );
  assert.deepEqual(await settle(notifier, 6), []);
  assert.deepEqual(await feed(notifier, [alert(6, { status: 'resolved' })], 3), ['sent']);
  assert.deepEqual(pager.rung, ['4 a firing', '6 a resolved']);
});

test('exactly as old as allowed is told', async () => {
  assert.deepEqual(await feed(make([bell('pager')], { now: 15 }).notifier, [alert(0)]), ['sent']);
});

test('a replay tells the terminal alone, however old', async () => {
  const [terminal, pager] = [bell('terminal', { local: true }), bell('pager')];
  const { notifier } = make([terminal, pager], { now: 1e6, audience: 'local' });
  assert.deepEqual(await feed(notifier, [alert(0), alert(1, { status: 'resolved' })]), ['sent', 'not_local', 'sent', 'not_local']);
  assert.deepEqual([terminal.rung.length, pager.rung.length], [2, 0]);
});

test('an alert that another one speaks for is not told, nor is its end, though it rang by itself before', async () => {
  const receiver = bell('slack');
  const { notifier } = make([receiver]);
  const folded = { part_of: 'b' };
  const events = [alert(0), alert(1, folded), alert(2, { ...folded, status: 'resolved' }), alert(3, { ...folded, alert_id: 'c' })];
  assert.deepEqual(await feed(notifier, events), ['sent', 'folded', 'folded', 'folded']);
  assert.deepEqual(receiver.rung, ['0 a firing']);
});

test('a restart rings nothing again that was recorded, and the cooldown and the held alerts go on', async () => {
  const saved = new Map<string, Uint8Array>();
  const save = (notifier: Notifier): void => {
    for (const [key, value] of notifier.takeStateChanges()) {
      assert.ok(key.startsWith('notify/p/'));
      if (value) saved.set(key, value);
      else saved.delete(key);
    }
  };
  const pager = bell('pager');
  const before = make([pager]);
  const old = alert(-30, { alert_id: 'old', labels: { country: 'JP' } });
  await feed(before.notifier, [old, alert(0)]);
  save(before.notifier);
  const after = make([pager]);
  after.notifier.restore(saved);
  assert.deepEqual(await feed(after.notifier, [old, alert(0), alert(3, { alert_id: 'b' })]), ['recorded', 'recorded', 'cooldown']);
  // The same record once more, at an offset of its own.
  assert.deepEqual(await feed(after.notifier, [alert(0)], 7), ['recorded']);
  assert.equal((await settle(after.notifier, 0)).length, 1);
  assert.deepEqual(pager.rung, ['0 a firing', '-30 old firing']);
  save(after.notifier);
  assert.deepEqual(after.notifier.takeStateChanges(), []);
  assert.equal([...saved.keys()].filter((key) => key.startsWith('notify/p/held')).length, 0);
});

test('the notification log stays within its size, and forgets what is over', async () => {
  const size = (changes: readonly (readonly [string, Uint8Array | null])[]): number =>
    changes.filter(([key, value]) => value && key.includes('/told/')).length;
  const full = make([bell('pager')], { maxEntries: 3, notifyWithinMs: undefined });
  await feed(
    full.notifier,
    Array.from({ length: 9 }, (_, index) => alert(index, { alert_id: `a${index}`, labels: { n: String(index) } })),
  );
  assert.equal(size(full.notifier.takeStateChanges()), 3);
  const over = make([bell('pager')], { notifyWithinMs: undefined });
  const episodes = Array.from({ length: 9 }, (_, index) => index * 20).flatMap((minute) => {
    const episode = { alert_id: `a${minute}`, labels: { n: String(minute) } };
    return [alert(minute, episode), alert(minute + 1, { ...episode, status: 'resolved' })];
  });
  await feed(over.notifier, episodes);
  assert.equal(size(over.notifier.takeStateChanges()), 1);
});

test('a failure is tried again with a growing wait, and ends at the last attempt or at a final no', async () => {
  const busy: SendResult = { ok: false, retryable: true, reason: 'busy' };
  const recovers = make([bell('pager', { answers: [busy, new Error('connection lost')] })]);
  assert.deepEqual(await feed(recovers.notifier, [alert(0)]), ['sent']);
  assert.deepEqual(recovers.waits, [1_000, 2_000]);

  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const never = make([bell('pager', { answers: [busy, busy, busy, busy, busy] })], { logger });
  assert.deepEqual(await feed(never.notifier, [alert(0)]), ['failed']);
  assert.deepEqual(never.waits, [1_000, 2_000, 4_000, 8_000]);
  assert.deepEqual(warnings, ['alert a could not be sent to pager: busy']);
  // It was not told: so no cooldown holds the reminder back.
  assert.deepEqual(await feed(never.notifier, [alert(1, { repeat: 1 })], 1), ['sent']);

  const refused = make([bell('pager', { answers: [{ ok: false, retryable: false, reason: 'no such channel' }] })]);
  assert.deepEqual(await offer(refused.notifier, 0, alert(0)), [
    { alertId: 'a', receiver: 'pager', decision: 'failed', reason: 'no such channel' },
  ]);
  assert.deepEqual(refused.waits, []);
});

test('a receiver that does not answer is given up on, and told so', async () => {
  const signals: AbortSignal[] = [];
  const silent: Receiver = {
    name: 'silent',
    local: false,
    target: '',
    send: (_, signal) => (signals.push(signal), new Promise<SendResult>(() => {})),
  };
  const notifier = createNotifier(
    { pipeline: 'p', cooldownMs: 0, notifyWithinMs: undefined, sendResolved: true, audience: 'all' },
    { clock: { now: () => START, elapsed: () => 0 }, receivers: [silent], logger: silentLogger, wait: async () => {} },
  );
  const [result] = await offer(notifier, 0, alert(0));
  assert.deepEqual([result?.decision, result?.reason], ['failed', 'no answer within 10000 ms']);
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, true, true, true, true],
  );
});

test('one receiver that fails keeps no other from ringing', async () => {
  const pager = bell('pager');
  const broken = bell('broken', { answers: [{ ok: false, retryable: false, reason: 'gone' }] });
  assert.deepEqual(await feed(make([broken, pager]).notifier, [alert(0)]), ['failed', 'sent']);
  assert.deepEqual(pager.rung, ['0 a firing']);
});
