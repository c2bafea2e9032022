import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startServer } from '../../test/support/http-server.ts';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { sleep, systemClock } from '../core/clock.ts';
import { silentLogger, type Logger } from '../core/logger.ts';
import { UTC } from '../core/told-time.ts';
import { packRecords } from '../log/batch.ts';
import { createEmbeddedLog } from '../log/embedded/embedded-log.ts';
import type { Log } from '../log/log.ts';
import { defaultRetry } from '../notify/deliver.ts';
import { systemWait } from '../notify/wait.ts';
import { readGivenUp } from '../notify/notification-log.ts';
import { createNotifier, type NotifierDeps, type NotifierSettings } from '../notify/notifier.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Receiver } from '../receivers/receiver.ts';
import { webhookConfig } from '../receivers/webhook/config.ts';
import { webhookReceiver } from '../receivers/webhook/webhook.ts';
import { notifyGroup, openNotifyStage, type NotifyRun } from './notify-stage.ts';
import { topicsOf } from './topics.ts';

const TOPIC = 'p.alerts';
const SILENCES = 'p.silences';
const TIME = Date.parse('2026-03-02T09:00:00.000Z');
const QUICK = { ...defaultRetry, retryForMs: 5, firstWaitMs: 1, longestWaitMs: 1, attemptTimeoutMs: 5_000 };

function alert(n: number, changes: Partial<AlertEvent> = {}): AlertEvent {
  return { ...sampleAlert, alert_id: `alert-${n}`, labels: { n: String(n) }, alert_time: new Date(TIME).toISOString(), ...changes };
}

async function openLog(t: TestContext): Promise<Log> {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
  const log = createEmbeddedLog({ path: join(dir, 'log.sqlite'), clock: systemClock });
  t.after(async () => {
    await log.close();
    rmSync(dir, { recursive: true, force: true });
  });
  await log.ensureTopic(TOPIC, { partitions: 1 });
  await log.ensureTopic(SILENCES, { partitions: 1 });
  return log;
}

async function append(log: Log, alerts: readonly AlertEvent[]): Promise<void> {
  await log.commit({ appends: [{ topic: TOPIC, partition: 0, ...packRecords(alerts.map((each) => JSON.stringify(each))) }] });
}

interface Running {
  /** Resolves when all that is in the log has been dealt with. */
  finish(): Promise<void>;
  readonly stage: Awaited<ReturnType<typeof openNotifyStage>>;
}

async function start(
  log: Log,
  receivers: readonly Receiver[],
  options: { settings?: Partial<NotifierSettings>; absent?: NotifierDeps['absent']; logger?: Logger } & Partial<
    Omit<NotifyRun, 'signal'>
  > = {},
): Promise<Running> {
  const settings: NotifierSettings = {
    pipeline: 'p',
    cooldownMs: 0,
    notifyWithinMs: undefined,
    audience: 'all',
    retry: QUICK,
  };
  const notifier = createNotifier(
    { ...settings, ...options.settings },
    { clock: systemClock, receivers, absent: options.absent ?? [], wait: systemWait, logger: options.logger ?? silentLogger },
  );
  const stage = await openNotifyStage(
    { pipeline: 'p', topics: topicsOf('p') },
    { log, notifier, warn: (options.logger ?? silentLogger).warn },
  );
  const end = new AbortController();
  const { watermark = () => undefined, isReadToEnd = async () => false, graceMs } = options;
  const running = stage.run({ signal: end.signal, watermark, isReadToEnd, graceMs });
  return {
    stage,
    async finish() {
      end.abort();
      await running;
    },
  };
}

function webhook(name: string, origin: string): Receiver {
  const deps = { write: () => {}, colour: false, locale: 'en', zone: UTC, clock: systemClock } as const;
  return webhookReceiver.create(name, webhookConfig.parse({ url: origin }), deps);
}

/** Rings without a network. */
function bell(name: string): Receiver & { readonly rung: string[] } {
  const rung: string[] = [];
  return {
    name,
    local: false,
    target: name,
    rung,
    send: async (told) => (rung.push(`${told.alert.alert_id} ${told.alert.status}`), { ok: true }),
  };
}

test('46 alerts at once are out in three rounds of a receiver’s answers, not in 46', { timeout: 30_000 }, async (t) => {
  const log = await openLog(t);
  const held: ServerResponse[] = [];
  let rounds = 0;
  let ready: NodeJS.Timeout | undefined;
  const { origin, received } = await startServer(t, (_, response) => {
    held.push(response);
    // A round is what comes while nobody is answered: answered when all that were let out are here.
    clearTimeout(ready);
    ready = setTimeout(
      () => {
        rounds += 1;
        for (const each of held.splice(0)) each.end();
      },
      held.length === 16 || received.length === 46 ? 0 : 3_000,
    );
  });
  await append(
    log,
    Array.from({ length: 46 }, (_, n) => alert(n)),
  );
  const { finish, stage } = await start(log, [webhook('hook', origin)]);
  await finish();
  assert.equal(received.length, 46);
  // 16 + 16 + 14: at 50 ms an answer that is 150 ms.
  assert.equal(rounds, 3);
  assert.deepEqual(stage.counts(), { fired: 46, sent: 46 });
  assert.equal(await log.committed(notifyGroup('p'), TOPIC, 0), 46);
});

test('a receiver that never answers delays no other, and what it was not told stays to be told', { timeout: 30_000 }, async (t) => {
  const log = await openLog(t);
  const silent = await startServer(t, () => {});
  const pager = bell('pager');
  const alerts = Array.from({ length: 40 }, (_, n) => alert(n));
  await append(log, alerts);
  // Fewer may wait than there are: the reading of the others goes on all the same.
  const first = await start(log, [webhook('silent', silent.origin), pager], { settings: { waitingMax: 4 }, graceMs: 50 });
  while (pager.rung.length < 40 || silent.received.length < 4) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(silent.received.length, 4);
  await first.finish();
  assert.equal(await log.committed(notifyGroup('p'), TOPIC, 0), 0);

  const [late, again] = [bell('silent'), bell('pager')];
  const second = await start(log, [late, again]);
  await second.finish();
  assert.deepEqual(late.rung.toSorted(), alerts.map(({ alert_id }) => `${alert_id} firing`).toSorted());
  assert.deepEqual(again.rung, []);
  assert.equal(await log.committed(notifyGroup('p'), TOPIC, 0), 40);
  assert.deepEqual(second.stage.counts(), { fired: 40, sent: 80 });
});

test('the end of an alert never overtakes its beginning, however slow that is', { timeout: 30_000 }, async (t) => {
  const log = await openLog(t);
  const order: string[] = [];
  const { origin } = await startServer(t, ({ body }, response) => {
    const { alert_id: id, status } = JSON.parse(body) as AlertEvent;
    // Beginnings take long, and longer the earlier they are.
    const delay = status === 'firing' ? 60 - 10 * Number(id.slice(-1)) : 0;
    setTimeout(() => {
      order.push(`${id} ${status}`);
      response.end();
    }, delay);
  });
  const begun = Array.from({ length: 5 }, (_, n) => alert(n));
  await append(log, [
    ...begun,
    ...begun.map((each) => ({ ...each, status: 'resolved' as const, alert_time: new Date(TIME + 60_000).toISOString() })),
  ]);
  await (await start(log, [webhook('hook', origin)])).finish();
  assert.equal(order.length, 10);
  for (const { alert_id: id } of begun) assert.ok(order.indexOf(`${id} firing`) < order.indexOf(`${id} resolved`), order.join());
  // Not one after the other either.
  assert.notEqual(order[0], 'alert-0 firing');
});

test(
  'when the grace of a stop is over nothing more is read: what was not come to is told after the next start',
  { timeout: 30_000 },
  async (t) => {
    const log = await openLog(t);
    const pager = bell('pager');
    const count = 600;
    await append(
      log,
      Array.from({ length: count }, (_, n) => alert(n)),
    );
    const silent: Receiver = { ...pager, send: () => new Promise(() => {}) };
    const first = await start(log, [silent], { settings: { waitingMax: 10 }, graceMs: 0 });
    await until(t, () => first.stage.waiting() === 10);
    await first.finish();
    assert.equal(first.stage.waiting(), 10);
    await (await start(log, [pager])).finish();
    assert.equal(new Set(pager.rung).size, count);
  },
);

test('a receiver that is busy gets its pause, then one at a time, and all of them in the end', { timeout: 30_000 }, async (t) => {
  const log = await openLog(t);
  let [busy, mostAfter, open] = [0, 0, 0];
  const { origin } = await startServer(t, (_, response) => {
    open += 1;
    setTimeout(() => {
      open -= 1;
      if (busy < 16) {
        busy += 1;
        response.writeHead(429, { 'retry-after': '0' }).end();
      } else response.end();
    }, 5);
    if (busy === 16) mostAfter ||= open;
  });
  await append(
    log,
    Array.from({ length: 30 }, (_, n) => alert(n)),
  );
  const { finish, stage } = await start(log, [webhook('hook', origin)], { settings: { retry: { ...QUICK, retryForMs: 0 } } });
  await finish();
  assert.equal(mostAfter, 1);
  assert.equal(stage.counts().sent, 30);
});

test('what is given up is recorded with its reason, and warned of once', { timeout: 30_000 }, async (t) => {
  const log = await openLog(t);
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const { origin, received } = await startServer(t, (_, response) => response.writeHead(404).end('gone'));
  await append(
    log,
    Array.from({ length: 5 }, (_, n) => alert(n)),
  );
  const { finish, stage } = await start(log, [webhook('hook', origin)], { logger });
  await finish();
  // A final no is not tried again, and does not come back after a restart.
  assert.equal(received.length, 5);
  assert.equal(await log.committed(notifyGroup('p'), TOPIC, 0), 5);
  assert.deepEqual(stage.counts(), { fired: 5, sent: 0 });
  assert.equal(warnings.length, 1);
  const recorded = readGivenUp('p', await log.state('notify/p/'));
  assert.deepEqual(
    recorded.map(({ receiver, alert_id, reason }) => [receiver, alert_id, reason]).toSorted((a, b) => String(a).localeCompare(String(b))),
    Array.from({ length: 5 }, (_, n) => ['hook', `alert-${n}`, `${origin} answered 404: gone`]),
  );
});

test('what a receiver could not be told before another alert took it in is told no more after a restart, nor is its end', async (t) => {
  const log = await openLog(t);
  let isBack = false;
  let refused = 0;
  const told: string[] = [];
  const { origin } = await startServer(t, ({ body }, response) => {
    const { alert_id: id, status } = JSON.parse(body) as AlertEvent;
    if (!isBack && id === 'alert-1') {
      refused += 1;
      return void response.writeHead(500).end();
    }
    told.push(`${id} ${status}`);
    response.end();
  });
  const patient = { settings: { retry: defaultRetry }, graceMs: 0 };
  const first = await start(log, [webhook('hook', origin)], patient);
  await append(log, [alert(1)]);
  await until(t, () => refused === 1);
  const member = { alert_id: 'alert-1', labels: { n: '1' }, series: 'ctr', since: alert(1).since, told: true };
  await append(log, [alert(2, { labels: {}, members: [member] })]);
  await until(t, () => told.length === 1);
  await until(t, () => first.stage.counts().sent === 1);
  await first.finish();
  isBack = true;
  const second = await start(log, [webhook('hook', origin)]);
  await append(log, [alert(1, { status: 'resolved', part_of: 'alert-2' }), alert(2, { status: 'resolved', labels: {} })]);
  await second.finish();
  assert.deepEqual(told, ['alert-2 firing', 'alert-2 resolved']);
  assert.deepEqual(
    second.stage.decided().map(({ decision, count }) => [decision, count]),
    [
      ['sent', 1],
      ['recorded', 1],
      ['folded', 2],
    ],
  );
});

test('a silence that was there before the alert holds for it, through a restart too; what comes after its end is told', async (t) => {
  const log = await openLog(t);
  const pager = bell('pager');
  const silence = {
    id: 's',
    matchers: { n: '1' },
    starts_at: '2026-03-02T08:00:00.000Z',
    ends_at: '2999-01-01T00:00:00.000Z',
    comment: '',
  };
  const say = (more: object) =>
    log.commit({
      appends: [
        { topic: SILENCES, partition: 0, ...packRecords([JSON.stringify({ ...silence, created_at: silence.starts_at, ...more })]) },
      ],
    });
  const first = await start(log, [pager]);
  await say({});
  await append(log, [alert(1), alert(2)]);
  await first.finish();
  const second = await start(log, [pager]);
  await append(log, [alert(1, { alert_time: new Date(TIME + 60_000).toISOString(), repeat: 1 })]);
  await second.finish();
  assert.deepEqual(pager.rung, ['alert-2 firing']);
  assert.deepEqual(second.stage.decided(), [{ receiver: 'pager', decision: 'silenced', count: 1 }]);
  const third = await start(log, [pager]);
  await say({ ended_at: '2026-03-02T10:00:00.000Z' });
  await append(log, [alert(1, { alert_time: new Date(TIME + 120_000).toISOString(), repeat: 2 })]);
  await third.finish();
  assert.deepEqual(pager.rung, ['alert-2 firing', 'alert-1 firing']);
});

/** Of the alerts with this label `n`, for an hour from now on. */
async function putSilence(log: Log, n: string, more: object = {}): Promise<void> {
  const at = (ms: number) => new Date(systemClock.now() + ms).toISOString();
  const one = { id: `s${n}`, matchers: { n }, starts_at: at(0), created_at: at(0), ends_at: at(3_600_000), comment: '', ...more };
  await log.commit({ appends: [{ topic: SILENCES, partition: 0, ...packRecords([JSON.stringify(one)]) }] });
}

const now = (): string => new Date(systemClock.now()).toISOString();
const QUARTER = { notifyWithinMs: 900_000 };

/** Or until the test's time is up: what it waits for ends then too. */
async function until({ signal }: TestContext, isSo: () => boolean): Promise<void> {
  while (!isSo() && !signal.aborted) await sleep(2, signal);
}

test(
  'the events have ended, and a silence ends: what still fires is told when all is read, and nothing of the past',
  { timeout: 30_000 },
  async (t) => {
    const log = await openLog(t);
    const pager = bell('pager');
    await putSilence(log, '1');
    const reading = { toEnd: false, asked: 0 };
    const isReadToEnd = async () => ((reading.asked += 1), reading.toEnd);
    // Where the last event was, long ago.
    const watermark = () => systemClock.now() - 7_200_000;
    const { finish, stage } = await start(log, [pager], { settings: QUARTER, watermark, isReadToEnd });
    await append(log, [alert(1, { alert_time: now() }), alert(2)]);
    await until(t, () => stage.decided().length === 2);
    await putSilence(log, '1', { ended_at: now() });
    const { asked } = reading;
    await until(t, () => reading.asked >= asked + 2);
    assert.deepEqual(pager.rung, [], 'it may have ended in what is not read');
    reading.toEnd = true;
    await until(t, () => pager.rung.length > 0);
    await finish();
    assert.deepEqual(pager.rung, ['alert-1 firing']);
  },
);

test(
  'of a silenced alert whose end stands in the log nothing is told after a start, though its silence is over',
  { timeout: 30_000 },
  async (t) => {
    const log = await openLog(t);
    const pager = bell('pager');
    await putSilence(log, '1');
    await append(log, [alert(1, { alert_time: now() })]);
    await (await start(log, [pager], { settings: QUARTER })).finish();
    await putSilence(log, '1', { ended_at: now() });
    await append(log, [alert(1, { status: 'resolved', alert_time: now() })]);
    const { finish, stage } = await start(log, [pager], { settings: QUARTER, watermark: systemClock.now });
    await until(t, () => stage.decided().length === 1);
    await finish();
    assert.deepEqual([pager.rung, stage.decided().map(({ decision }) => decision)], [[], ['unwanted']]);
  },
);

test('of an alert that was too old, and whose end stands in the log, nothing is told after a start', { timeout: 30_000 }, async (t) => {
  const log = await openLog(t);
  const pager = bell('pager');
  await append(log, [alert(1), alert(2)]);
  await (await start(log, [pager], { settings: QUARTER })).finish();
  await append(log, [alert(1, { status: 'resolved', alert_time: now() })]);
  const { finish } = await start(log, [pager], { settings: QUARTER, watermark: systemClock.now });
  await until(t, () => pager.rung.length > 0);
  await finish();
  assert.deepEqual(pager.rung, ['alert-2 firing']);
});

test('an end that a receiver could not take is told after the next start', { timeout: 30_000 }, async (t) => {
  const log = await openLog(t);
  const pager = bell('pager');
  await append(log, [alert(1, { alert_time: now() })]);
  await (await start(log, [pager])).finish();
  await append(log, [alert(1, { status: 'resolved', alert_time: now() })]);
  const away: Receiver = { ...pager, send: async () => ({ ok: false, retryable: true, reason: 'away' }) };
  const second = await start(log, [away]);
  await second.finish();
  assert.deepEqual(second.stage.decided(), [{ receiver: 'pager', decision: 'failed', count: 1 }]);
  const { finish } = await start(log, [pager]);
  await until(t, () => pager.rung.length > 1);
  await finish();
  assert.deepEqual(pager.rung, ['alert-1 firing', 'alert-1 resolved']);
});

test(
  'all silences are known before anybody is told of anything: also of what waited from an earlier life',
  { timeout: 30_000 },
  async (t) => {
    const log = await openLog(t);
    const pager = bell('pager');
    await append(log, [alert(1), alert(2)]);
    const first = await start(log, [pager], { settings: QUARTER });
    await first.finish();
    assert.deepEqual(first.stage.decided(), [{ receiver: 'pager', decision: 'stale', count: 2 }]);
    await putSilence(log, '1');
    // Event time is caught up with from the first moment on.
    const { finish } = await start(log, [pager], { settings: QUARTER, watermark: systemClock.now });
    await until(t, () => pager.rung.length > 0);
    await finish();
    assert.deepEqual(pager.rung, ['alert-2 firing']);
  },
);

test(
  'a receiver that was not there is not told later of what ended meanwhile; what still fires its next reminder tells',
  { timeout: 30_000 },
  async (t) => {
    const log = await openLog(t);
    const [pager, other] = [bell('pager'), bell('other')];
    await putSilence(log, '1');
    await append(log, [alert(1, { alert_time: now() }), alert(2)]);
    await (await start(log, [pager, other], { settings: QUARTER })).finish();
    await append(log, [alert(1, { status: 'resolved', alert_time: now() }), alert(2, { status: 'resolved', alert_time: now() })]);
    await (await start(log, [other], { settings: QUARTER })).finish();
    await putSilence(log, '1', { ended_at: now() });
    // Its delivery shows that the others had their time: one that begins now.
    await append(log, [alert(3, { alert_time: now() })]);
    const { finish } = await start(log, [pager, other], { settings: QUARTER, watermark: systemClock.now });
    await until(t, () => pager.rung.length > 0);
    // What waits is looked at four times a second.
    await sleep(1_000, t.signal);
    await finish();
    assert.deepEqual(pager.rung, ['alert-3 firing']);
  },
);

test(
  'a replay in a shell that lacks the address of a receiver leaves to the next run what that one is owed',
  { timeout: 30_000 },
  async (t) => {
    const log = await openLog(t);
    const [pager, dead] = [bell('pager'), await startServer(t, () => {})];
    await append(log, [alert(1, { alert_time: now() })]);
    await (await start(log, [webhook('pager', dead.origin)], { settings: QUARTER, graceMs: 0 })).finish();
    assert.equal(await log.committed(notifyGroup('p'), TOPIC, 0), 0);
    const replay = await start(log, [], { settings: { audience: 'local', dueBefore: 1 }, absent: [{ name: 'pager' }] });
    await append(log, [alert(2, { alert_time: now() })]);
    await replay.finish();
    assert.deepEqual(replay.stage.decided(), []);
    assert.equal(await log.committed(notifyGroup('p'), TOPIC, 0), 2);
    const { finish } = await start(log, [pager], { settings: QUARTER, watermark: systemClock.now });
    await until(t, () => pager.rung.length > 0);
    await append(log, [alert(3, { alert_time: now() })]);
    await until(t, () => pager.rung.length > 1);
    await finish();
    assert.deepEqual(pager.rung, ['alert-1 firing', 'alert-3 firing']);
  },
);

test('with nobody to tell alerts are counted, once over all runs', async (t) => {
  const log = await openLog(t);
  await append(log, [alert(0), alert(0, { repeat: 1 }), alert(1), alert(1, { status: 'resolved' })]);
  await (await start(log, [])).finish();
  await append(log, [alert(2)]);
  const { finish, stage } = await start(log, []);
  await finish();
  assert.deepEqual(stage.counts(), { fired: 3, sent: 0 });
});

test(
  'what others write on the alerts topic stops nobody: it is left out, warned of once, and dealt with',
  { timeout: 30_000 },
  async (t) => {
    const log = await openLog(t);
    const pager = bell('pager');
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const { labels: _, ...without } = alert(9);
    const junk = ['', 'a test', 'null', '[]', '{}', '1', JSON.stringify(without), JSON.stringify({ ...alert(9), alert_time: 'soon' })];
    await log.commit({
      appends: [{ topic: TOPIC, partition: 0, ...packRecords([JSON.stringify(alert(1)), ...junk, JSON.stringify(alert(2)), 'the last']) }],
    });
    await (await start(log, [pager], { logger })).finish();
    assert.deepEqual(pager.rung.toSorted(), ['alert-1 firing', 'alert-2 firing']);
    assert.deepEqual(warnings, ['record 1 on the alerts of p (p.alerts) is none, and is left out, as are others like it: it is empty']);
    assert.equal(await log.committed(notifyGroup('p'), TOPIC, 0), junk.length + 3);
    const second = await start(log, [pager], { logger });
    await second.finish();
    assert.deepEqual([second.stage.decided(), warnings.length], [[], 1]);
  },
);

test(
  'a receiver that was not there for a while is told of the ends of what it was told, and of nothing else that it has missed',
  { timeout: 30_000 },
  async (t) => {
    const log = await openLog(t);
    const [pager, other] = [bell('pager'), bell('other')];
    await append(log, [alert(1), alert(2), alert(3)]);
    await (await start(log, [pager, other])).finish();
    const later = new Date(TIME + 60_000).toISOString();
    const over = (n: number): AlertEvent => alert(n, { status: 'resolved', alert_time: later });
    await append(log, [over(1), alert(4), over(4), alert(2, { repeat: 1, alert_time: later }), alert(5)]);
    await (await start(log, [other])).finish();
    const told = pager.rung.splice(0);
    assert.equal(told.length, 3);

    const third = await start(log, [pager, other]);
    await append(log, [over(2), over(5)]);
    await third.finish();
    assert.deepEqual(pager.rung.toSorted(), ['alert-1 resolved', 'alert-2 resolved']);
    assert.equal(await log.committed(notifyGroup('p'), TOPIC, 0), 10);
    await (await start(log, [pager, other])).finish();
    assert.equal(pager.rung.length, 2);
  },
);
