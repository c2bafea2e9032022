/** What a receiver is told that has a `match`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { holdWaits } from '../../test/support/held-waits.ts';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { silentLogger } from '../core/logger.ts';
import { SEVERITIES, type AlertEvent, type Severity } from '../receivers/alert-event.ts';
import { isMatched, type Match } from '../receivers/match.ts';
import { createNotifier } from './notifier.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T09:00:00.000Z');
const at = (minute: number): string => new Date(START + minute * MINUTE).toISOString();

function alert(minute: number, id: string, more: Partial<AlertEvent> = {}): AlertEvent {
  return { ...sampleAlert, alert_id: id, status: 'firing', repeat: 0, labels: { id }, alert_time: at(minute), ...more };
}

const end = (minute: number, id: string, more: Partial<AlertEvent> = {}): AlertEvent => alert(minute, id, { status: 'resolved', ...more });
const member = (id: string) => ({ alert_id: id, labels: { id }, series: id, since: at(0), told: true });

type State = ReadonlyMap<string, Uint8Array>;

function pager(match: Match | undefined, { state = new Map() as State, isAway = (): boolean => false, owed = false } = {}) {
  const rung: string[] = [];
  const clock = { minutes: 0 };
  const waits = holdWaits();
  const notifier = createNotifier(
    {
      pipeline: 'p',
      cooldownMs: 10 * MINUTE,
      notifyWithinMs: 15 * MINUTE,
      audience: owed ? 'local' : 'all',
      ...(owed && { dueBefore: 1 }),
    },
    {
      clock: { now: () => START + clock.minutes * MINUTE, elapsed: () => 0 },
      receivers: [
        {
          name: 'pager',
          match,
          local: false,
          target: 'pager',
          async send({ alert: { alert_id: id, status } }) {
            if (isAway()) return { ok: false, retryable: true, reason: 'away' };
            rung.push(`${id} ${status}`);
            return { ok: true };
          },
        },
      ],
      logger: silentLogger,
      wait: waits.wait,
    },
  );
  notifier.restore(state);
  let offset = 0;
  const offer = (event: AlertEvent) => notifier.queues[0]!.offer(offset++, event);
  return {
    notifier,
    rung,
    clock,
    offer,
    async tell(...events: AlertEvent[]): Promise<(string | undefined)[]> {
      const decisions: (string | undefined)[] = [];
      for (const event of events) decisions.push((await offer(event))?.decision);
      return decisions;
    },
    tryAgain: waits.tryAgain,
  };
}

const KOREA: Match = { labels: { country: 'KR' } };
const CRITICAL: Match = { severity: 'critical' };

test('a team hears of its segments and of roll-ups that hold them, and of the ends of these', async () => {
  const { tell, rung } = pager(KOREA);
  const decisions = await tell(
    alert(0, 'us', { labels: { country: 'US' } }),
    alert(0, 'kr', { labels: { country: 'KR', ad_format: 'banner' } }),
    alert(1, 'total', { labels: {} }),
    end(2, 'us', { labels: { country: 'US' } }),
    end(2, 'kr', { labels: { country: 'KR', ad_format: 'banner' } }),
    end(3, 'total', { labels: {} }),
  );
  assert.deepEqual(decisions, ['unwanted', 'sent', 'sent', 'unwanted', 'sent', 'sent']);
  assert.deepEqual(rung, ['kr firing', 'total firing', 'kr resolved', 'total resolved']);
});

test('what becomes grave enough rings then, and ends for who was told though it is not so grave any more', async () => {
  const { tell } = pager(CRITICAL);
  const decisions = await tell(
    alert(0, 'a', { severity: 'high' }),
    alert(10, 'a', { severity: 'critical', repeat: 1 }),
    alert(20, 'a', { severity: 'high', repeat: 2 }),
    end(21, 'a', { severity: 'high' }),
  );
  assert.deepEqual(decisions, ['unwanted', 'sent', 'unwanted', 'sent']);
});

test('an incident is as grave as the gravest alert that it is made of, and is told by who speaks', async () => {
  const speaker = (minute: number, more: Partial<AlertEvent>): AlertEvent => alert(minute, 's', { labels: {}, severity: 'high', ...more });
  const grave = { ...member('m'), severity: 'critical' } as const;
  const folded = alert(0, 'm', { severity: 'critical', part_of: 's' });
  const both = [folded, speaker(0, { members: [grave] }), end(5, 's', { labels: {}, severity: 'high' })];
  assert.deepEqual(await pager(CRITICAL).tell(...both), ['folded', 'sent', 'sent']);
  // Whoever takes the slight alone is not told of a grave incident’s parts.
  const slight = [
    alert(0, 'm', { severity: 'low', part_of: 's' }),
    speaker(0, { severity: 'critical', members: [{ ...grave, severity: 'low' }] }),
  ];
  assert.deepEqual(await pager({ severity: ['low', 'medium'] }).tell(...slight), ['folded', 'unwanted']);
  // Records of earlier versions do not say how grave a member is.
  assert.deepEqual(await pager(CRITICAL).tell(speaker(0, { members: [member('m')] })), ['unwanted']);
});

test('a graver alert that joins one which is not grave enough rings at once by itself, others do not', async () => {
  const speaker = alert(0, 's', { labels: {}, severity: 'high' });
  const joins = (severity: Severity, part_of = 's'): AlertEvent => alert(1, 'm', { severity, part_of });
  assert.deepEqual(await pager(CRITICAL).tell(speaker, joins('critical'), end(3, 'm', { part_of: 's' })), ['unwanted', 'sent', 'sent']);
  assert.deepEqual(await pager(CRITICAL).tell(speaker, joins('critical', 'another')), ['unwanted', 'folded']);
  assert.deepEqual(await pager({ severity: ['low', 'critical'] }).tell(speaker, joins('low')), ['unwanted', 'folded']);
  // What another country’s segment explains is not this team’s, however grave.
  const elsewhere = alert(0, 's', { labels: { country: 'US' }, severity: 'high' });
  const total = alert(1, 'm', { labels: {}, severity: 'critical', part_of: 's' });
  assert.deepEqual(await pager({ ...KOREA, ...CRITICAL }).tell(elsewhere, total), ['unwanted', 'folded']);
  // It ended, or became grave enough: then it speaks.
  assert.deepEqual(await pager(CRITICAL).tell(speaker, end(1, 's', { labels: {} }), joins('critical')), ['unwanted', 'unwanted', 'folded']);
});

test('that is decided when it comes: not changed by what is read while it waits for its turn, or until it may be told', async () => {
  const speaker = alert(0, 's', { labels: {}, severity: 'high' });
  const joins = alert(1, 'm', { severity: 'critical', part_of: 's' });
  const over = end(2, 's', { labels: {}, severity: 'high' });
  let isAway = true;
  const busy = pager(CRITICAL, { isAway: () => isAway });
  const offered = [alert(0, 'before', { labels: { id: 'm' }, severity: 'critical' }), speaker, joins, over].map(busy.offer);
  await new Promise(setImmediate);
  isAway = false;
  busy.tryAgain();
  assert.deepEqual(
    (await Promise.all(offered)).map((one) => one?.decision),
    ['sent', 'unwanted', 'cooldown', 'unwanted'],
  );
  const late = pager(CRITICAL);
  late.clock.minutes = 60;
  assert.deepEqual(await late.tell(speaker, joins, over), ['unwanted', 'stale', 'unwanted']);
  late.clock.minutes = 5;
  await Promise.all(late.notifier.settle(START + 5 * MINUTE));
  assert.deepEqual(late.rung, ['m firing']);
});

test('what waits to be tried again is told by the alert that takes it in, which is as grave then', async () => {
  let isAway = true;
  const { offer, tryAgain, rung } = pager(CRITICAL, { isAway: () => isAway });
  const waiting = offer(alert(0, 'm', { severity: 'critical' }));
  await new Promise(setImmediate);
  const telling = offer(alert(1, 's', { severity: 'high', members: [{ ...member('m'), severity: 'critical' }], labels: {} }));
  await new Promise(setImmediate);
  isAway = false;
  tryAgain();
  assert.deepEqual([(await waiting)?.decision, (await telling)?.decision], ['folded', 'sent']);
  assert.deepEqual(rung, ['s firing']);
});

test('what it is owed and is not its own any more, as the file has changed, is not told', async () => {
  // What an earlier run was to tell waits in one that tells nobody elsewhere.
  const before = pager(undefined, { owed: true });
  assert.deepEqual(await before.tell(alert(0, 'us', { labels: { country: 'US' } })), ['stale']);
  const state = new Map([...before.notifier.takeStateChanges()].flatMap(([key, value]) => (value ? [[key, value] as const] : [])));
  for (const [match, expected] of [
    [undefined, ['us firing']],
    [KOREA, []],
  ] as const) {
    const after = pager(match, { state });
    await Promise.all(after.notifier.settle(START));
    assert.deepEqual(after.rung, expected);
  }
});

test('whatever comes: told is what matches, and an end exactly to who was told that it fires', async () => {
  const event = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    severity: fc.constantFrom(...SEVERITIES),
    country: fc.constantFrom('KR', 'US', undefined),
    ends: fc.boolean(),
  });
  const matches = fc.constantFrom<Match | undefined>(undefined, KOREA, CRITICAL, { ...KOREA, severity: ['high', 'critical'] });
  await fc.assert(
    fc.asyncProperty(matches, fc.array(event, { maxLength: 20 }), async (match, steps) => {
      const { tell, rung, clock } = pager(match);
      const firing = new Map<string, Partial<AlertEvent>>();
      const open = new Set<string>();
      const expected: string[] = [];
      for (const [index, { id, severity, country, ends }] of steps.entries()) {
        // Beyond each cooldown, and told at once.
        const minute = 11 * index;
        clock.minutes = minute;
        const labels = firing.get(id)?.labels ?? { id, ...(country !== undefined && { country }) };
        if (ends) {
          if (!firing.delete(id)) continue;
          await tell(end(minute, id, { severity, labels }));
          if (open.delete(id)) expected.push(`${id} resolved`);
          continue;
        }
        const more = { severity, labels };
        await tell(alert(minute, id, more));
        firing.set(id, more);
        if (!isMatched(match, alert(minute, id, more))) continue;
        open.add(id);
        expected.push(`${id} firing`);
      }
      assert.deepEqual(rung, expected);
    }),
    { numRuns: 200 },
  );
});
