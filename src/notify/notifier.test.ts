import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../core/logger.ts';
import { silentLogger } from '../core/logger.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Notification, Receiver, SendResult } from '../receivers/receiver.ts';
import { defaultRetry, retryOfOneRun } from './deliver.ts';
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
  let elapsed = 0;
  const notifier = createNotifier(
    { pipeline: 'p', cooldownMs: 10 * MINUTE, notifyWithinMs: 15 * MINUTE, audience: 'all', ...settings },
    {
      clock: { now: () => START + clock.minutes * MINUTE, elapsed: () => elapsed },
      receivers,
      logger,
      // The limit of an attempt never passes here; back-off passes at once and is noted.
      wait: async (ms) => {
        if (ms === defaultRetry.attemptTimeoutMs) return new Promise(() => {});
        waits.push(ms);
        elapsed += ms;
      },
    },
  );
  return { notifier, waits, clock };
}

/** What a notifier has written, on top of what was there. */
function stateOf(notifier: Notifier, before: ReadonlyMap<string, Uint8Array> = new Map()): Map<string, Uint8Array> {
  const saved = new Map(before);
  for (const [key, value] of notifier.takeStateChanges()) {
    if (value) saved.set(key, value);
    else saved.delete(key);
  }
  return saved;
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

test('a terminal is told in the order of the alerts; others are told side by side', async () => {
  const [terminal, pager] = [bell('console', { local: true }), bell('pager')];
  const { notifier } = make([terminal, pager]);
  const korea = { labels: { country: 'KR', ad_format: 'banner' } };
  const events = [
    alert(0),
    alert(1, { status: 'resolved' }),
    alert(2, { alert_id: 'b', ...korea }),
    alert(3, { alert_id: 'c', alert_type: 'x' }),
  ];
  await Promise.all(events.map((event, offset) => offer(notifier, offset, event)));
  assert.deepEqual(terminal.rung, ['0 a firing', '1 a resolved', '2 b firing', '3 c firing']);
  assert.deepEqual(pager.rung.toSorted(), terminal.rung);
});

test('reminders ring', async () => {
  const pager = bell('pager');
  const { notifier } = make([pager]);
  assert.deepEqual(await feed(notifier, [alert(0), alert(10, { repeat: 1 }), alert(20, { repeat: 2 })]), ['sent', 'sent', 'sent']);
});

test('ends are told only where the beginning was', async () => {
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

test('what the pipeline itself waits for late events makes no alert stale, nor event time too far behind to settle', async () => {
  const pager = bell('pager');
  const { notifier } = make([pager], { now: 36, outOfOrdernessMs: 20 * MINUTE });
  const older = alert(0, { alert_id: 'b', labels: { country: 'KR' } });
  assert.deepEqual(await feed(notifier, [alert(1), older]), ['sent', 'stale']);
  assert.deepEqual(await settle(notifier, 0.9), []);
  assert.equal((await settle(notifier, 1)).length, 1);
  assert.deepEqual(pager.rung, ['1 a firing', '0 b firing']);
});

test('a replay tells the terminal alone, however old', async () => {
  const [terminal, pager] = [bell('terminal', { local: true }), bell('pager')];
  const { notifier } = make([terminal, pager], { now: 1e6, audience: 'local' });
  assert.deepEqual(await feed(notifier, [alert(0), alert(1, { status: 'resolved' })]), ['sent', 'not_local', 'sent', 'not_local']);
  assert.deepEqual([terminal.rung.length, pager.rung.length], [2, 0]);
});

test('a run that tells nobody elsewhere leaves what was due, and the end of what was told, to the next one', async () => {
  let saved = new Map<string, Uint8Array>();
  const pager = bell('pager');
  const run = (setting: Setting): Notifier => {
    const { notifier } = make([pager], setting);
    notifier.restore(saved);
    return notifier;
  };
  const [due, over, own] = ['due', 'over', 'own'].map((id) => ({ alert_id: id, labels: { id } }));
  const first = run({});
  assert.deepEqual(await feed(first, [alert(0)]), ['sent']);
  saved = stateOf(first, saved);
  const replay = run({ audience: 'local', notifyWithinMs: undefined, dueBefore: 4 });
  const owed = [alert(1, due), alert(1, over), alert(2, { ...over, status: 'resolved' })];
  assert.deepEqual(await feed(replay, owed, 1), ['stale', 'stale', 'unwanted']);
  assert.deepEqual(await feed(replay, [alert(3, own), alert(4, { status: 'resolved' })], 4), ['not_local', 'stale']);
  assert.deepEqual(await settle(replay, 5), []);
  assert.deepEqual(pager.rung, ['0 a firing']);
  saved = stateOf(replay, saved);
  const next = run({ now: 5 });
  assert.equal((await Promise.all(next.tellEnds())).length, 1);
  assert.equal((await settle(next, 5)).length, 1);
  assert.deepEqual(pager.rung, ['0 a firing', '4 a resolved', '1 due firing']);
  assert.deepEqual([...next.tellEnds(), ...(await settle(next, 6))], []);
});

test('an end that waits is told before what begins after it, whatever their ids', async () => {
  for (const [before, after] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const pager = bell('pager');
    const first = make([pager]);
    await feed(first.notifier, [alert(0, { alert_id: before })]);
    const told = stateOf(first.notifier);
    const replay = make([pager], { audience: 'local', notifyWithinMs: undefined, dueBefore: 9 });
    replay.notifier.restore(told);
    const owed = [alert(5, { alert_id: before, status: 'resolved' }), alert(30, { alert_id: after })];
    assert.deepEqual(await feed(replay.notifier, owed, 1), ['stale', 'stale']);
    const next = make([pager], { now: 31 });
    next.notifier.restore(stateOf(replay.notifier, told));
    // What is read next comes at once, too.
    const ends = next.notifier.tellEnds();
    await Promise.all([...ends, offer(next.notifier, 3, alert(31, { alert_id: after, repeat: 1 }))]);
    assert.deepEqual(pager.rung, [`0 ${before} firing`, `5 ${before} resolved`, `31 ${after} firing`]);
  }
});

test('what is owed and then spoken for by another alert is told no more', async () => {
  const { notifier } = make([bell('pager')], { audience: 'local', notifyWithinMs: undefined, dueBefore: 1 });
  assert.deepEqual(await feed(notifier, [alert(0), alert(1, { part_of: 'z' })]), ['stale', 'not_local']);
  const { notifier: other } = make([bell('pager')], { audience: 'local', notifyWithinMs: undefined, dueBefore: 1 });
  const speaker = alert(1, { alert_id: 'z', labels: {}, members: [{ alert_id: 'a' }] as never });
  assert.deepEqual(await feed(other, [alert(0), speaker]), ['stale', 'not_local']);
  for (const each of [notifier, other]) assert.equal([...stateOf(each).keys()].filter((key) => key.startsWith('notify/p/held')).length, 0);
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

test('the end of what an earlier version told is told, once', async () => {
  const pager = bell('pager');
  const before = make([pager]);
  await feed(before.notifier, [alert(0), alert(0, { alert_id: 'over', labels: { country: 'JP' } })]);
  // Of the last bell it noted there whether its end is owed.
  const noted = [...stateOf(before.notifier)].flatMap(([key, bytes]) => {
    const value = JSON.parse(Buffer.from(bytes).toString()) as { alertId?: string };
    if (key.includes('/open/')) return [];
    return [
      [key, Buffer.from(JSON.stringify(value.alertId === undefined ? value : { ...value, resolved: value.alertId === 'over' }))] as const,
    ];
  });
  const after = make([pager]);
  after.notifier.restore(noted);
  const ends = [alert(1, { status: 'resolved' }), alert(1, { alert_id: 'over', labels: { country: 'JP' }, status: 'resolved' })];
  assert.deepEqual(await feed(after.notifier, ends, 2), ['sent', 'recorded']);
  const again = make([pager]);
  again.notifier.restore(stateOf(after.notifier, new Map(noted)));
  assert.deepEqual(await feed(again.notifier, [alert(2, { status: 'resolved' })], 4), ['recorded']);
});

test('a segment that is far behind the others has its cooldown all the same', async () => {
  const pager = bell('pager');
  const arrived = Promise.withResolvers<{ ok: true }>();
  const send: Receiver['send'] = (told, signal) => (told.alert.alert_id === 'slow' ? arrived.promise : pager.send(told, signal));
  const { notifier } = make([{ ...pager, send }], { notifyWithinMs: undefined });
  const slow = offer(notifier, 0, alert(0, { alert_id: 'slow', labels: { country: 'JP' } }));
  const others = [alert(0), alert(30, { alert_id: 'far', labels: { country: 'KR' } }), alert(5, { alert_id: 'b' })];
  assert.deepEqual(await feed(notifier, others, 1), ['sent', 'sent', 'cooldown']);
  arrived.resolve({ ok: true });
  assert.equal((await slow)[0]!.decision, 'sent');
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

const busy: SendResult = { ok: false, retryable: true, reason: 'busy' };

/** A bell that fails for so long, by its own answers, and what the logger was told meanwhile. */
function failing(answer: SendResult): { pager: Bell; logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const logger = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(`warning: ${line}`) };
  return { pager: bell('pager', { answers: Array.from({ length: 1_000 }, () => answer) }), logger, lines };
}

test('a failure is tried again with a growing wait, which differs between notifications', async () => {
  const recovers = make([bell('pager', { answers: [busy, new Error('connection lost'), ...Array.from({ length: 6 }, () => busy)] })]);
  assert.deepEqual(await feed(recovers.notifier, [alert(0)]), ['sent']);
  const upTo = [1, 2, 4, 8, 16, 30, 30, 30].map((seconds) => seconds * 1_000);
  assert.equal(recovers.waits.length, upTo.length);
  for (const [index, ms] of recovers.waits.entries())
    assert.ok(ms >= upTo[index]! / 2 && ms <= upTo[index]!, `${ms} after failure ${index + 1}`);

  const again = make([bell('pager', { answers: [busy] })]);
  const other = make([bell('pager', { answers: [busy] })]);
  await feed(again.notifier, [alert(0)]);
  await feed(other.notifier, [alert(0, { alert_id: 'b' })]);
  assert.equal(again.waits[0], recovers.waits[0]);
  assert.notEqual(other.waits[0], recovers.waits[0]);
});

test('attempts end after a quarter of an hour, or at a final no', async () => {
  const { pager, logger, lines } = failing(busy);
  const never = make([pager], { logger });
  assert.deepEqual(await feed(never.notifier, [alert(0)]), ['failed']);
  assert.equal(Math.round(never.waits.reduce((sum, ms) => sum + ms, 0)), 15 * MINUTE);
  assert.ok(never.waits.length < 75, `${never.waits.length} attempts`);
  assert.deepEqual(lines, [
    'warning: pager does not take notifications: busy; tried again for 15m',
    'warning: alert a could not be sent to pager: busy',
  ]);

  const refused = make([bell('pager', { answers: [{ ok: false, retryable: false, reason: 'no such channel' }] })]);
  assert.deepEqual(await offer(refused.notifier, 0, alert(0)), [
    { alertId: 'a', receiver: 'pager', decision: 'failed', reason: 'no such channel' },
  ]);
  assert.deepEqual(refused.waits, []);
});

test('an outage of some minutes loses no bell; what was given up rings with its reminder', async () => {
  const outage = bell('pager', { answers: Array.from({ length: 12 }, () => busy) });
  const { notifier, waits } = make([outage]);
  assert.deepEqual(await feed(notifier, [alert(0)]), ['sent']);
  assert.ok(waits.reduce((sum, ms) => sum + ms, 0) > 2 * MINUTE);

  const { pager, logger, lines } = failing(busy);
  const never = make([pager], { logger, retry: { ...defaultRetry, retryForMs: 0 } });
  assert.deepEqual(await feed(never.notifier, [alert(0)]), ['failed']);
  assert.deepEqual(never.waits, []);
  const rings = make([bell('pager', { answers: [busy] })], { logger, retry: { ...defaultRetry, retryForMs: 0 } });
  // It was not told: so no cooldown holds the reminder back.
  assert.deepEqual(await feed(rings.notifier, [alert(0), alert(1, { repeat: 1 })]), ['failed', 'sent']);
  assert.equal(lines.at(-1), 'pager takes notifications again; given up before that: 1');
});

test('what waits to be tried again holds up its own segment alone, ends with the run, and is begun anew by the next', async () => {
  const rung: string[] = [];
  const picky: Receiver = {
    name: 'pager',
    local: false,
    target: '',
    send: async ({ alert: told }) => (told.alert_id === 'a' ? busy : (rung.push(`${told.alert_id} ${told.status}`), { ok: true })),
  };
  const settings: NotifierSettings = {
    pipeline: 'p',
    cooldownMs: 0,
    notifyWithinMs: undefined,
    audience: 'all',
    concurrency: 1,
  };
  const clock = { now: () => START, elapsed: () => 0 };
  // No back-off ends here.
  const wait = async (_: number, signal: AbortSignal): Promise<void> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  const first = createNotifier(settings, { clock, receivers: [picky], logger: silentLogger, wait });
  const held = [offer(first, 0, alert(0)), offer(first, 1, alert(1, { status: 'resolved' }))];
  const other = { alert_id: 'b', labels: { country: 'KR' } };
  assert.deepEqual(await feed(first, [alert(0, other), alert(1, { ...other, status: 'resolved' })], 2), ['sent', 'sent']);
  assert.equal(first.waiting(), 2);
  first.stop();
  assert.deepEqual((await Promise.all(held)).flat(), [undefined, undefined]);
  assert.equal(first.queues[0]!.next(), undefined);

  const again = make([bell('pager')]);
  again.notifier.restore(first.takeStateChanges().flatMap(([key, value]) => (value ? [[key, value] as const] : [])));
  assert.deepEqual(await feed(again.notifier, [alert(0), alert(1, { status: 'resolved' })]), ['sent', 'sent']);
});

test('a receiver that keeps asking for a pause gets an hour of them', async () => {
  const { pager } = failing({ ...busy, retryAfterMs: 60_000 });
  const asked = make([pager]);
  assert.deepEqual(await feed(asked.notifier, [alert(0)]), ['failed']);
  assert.deepEqual(new Set(asked.waits), new Set([60_000]));
  assert.equal(asked.waits.length, 59);
});

test('a run that ends gives a dead receiver up together, untried, and tries it once more later', async () => {
  const { pager, logger, lines } = failing(busy);
  let attempts = 0;
  const counted: Receiver = { ...pager, send: async (told, signal) => (attempts++, pager.send(told, signal)) };
  const { notifier, waits } = make([counted], { retry: retryOfOneRun, logger });
  const events = Array.from({ length: 100 }, (_, n) => alert(0, { alert_id: `a${n}`, labels: { n: String(n) } }));
  assert.deepEqual(new Set(await feed(notifier, events)), new Set(['failed']));
  assert.equal(Math.round(waits.reduce((sum, ms) => sum + ms, 0)), 15_000);
  assert.equal(attempts, waits.length + 1);
  assert.equal(lines.at(-1), 'warning: alert a0 could not be sent to pager: busy');

  // A pause that is longer than the run would wait is not kept, by nobody.
  const long = failing({ ...busy, retryAfterMs: 300_000 });
  const short = make([long.pager], { retry: retryOfOneRun });
  assert.deepEqual(new Set(await feed(short.notifier, events)), new Set(['failed']));
  assert.deepEqual(short.waits, []);
});

test('a receiver that does not answer is given up on, and told so', async () => {
  const signals: AbortSignal[] = [];
  let elapsed = 0;
  const silent: Receiver = {
    name: 'silent',
    local: false,
    target: '',
    send: (_, signal) => (signals.push(signal), new Promise<SendResult>(() => {})),
  };
  const notifier = createNotifier(
    { pipeline: 'p', cooldownMs: 0, notifyWithinMs: undefined, audience: 'all', retry: retryOfOneRun },
    {
      clock: { now: () => START, elapsed: () => elapsed },
      receivers: [silent],
      logger: silentLogger,
      wait: async (ms) => void (elapsed += ms),
    },
  );
  const [result] = await offer(notifier, 0, alert(0));
  assert.deepEqual([result?.decision, result?.reason], ['failed', 'no answer within 10000 ms']);
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, true],
  );
});

test('one receiver that fails keeps no other from ringing', async () => {
  const pager = bell('pager');
  const broken = bell('broken', { answers: [{ ok: false, retryable: false, reason: 'gone' }] });
  assert.deepEqual(await feed(make([broken, pager]).notifier, [alert(0)]), ['failed', 'sent']);
  assert.deepEqual(pager.rung, ['0 a firing']);
});
