/** What receivers are told of alerts that another one takes in, and of their ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { holdWaits } from '../../test/support/held-waits.ts';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { silentLogger } from '../core/logger.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { SendResult } from '../receivers/receiver.ts';
import { createNotifier, type Notifier } from './notifier.ts';
import type { Notified } from './receiver-queue.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-02T09:00:00.000Z');
const at = (minute: number): string => new Date(START + minute * MINUTE).toISOString();
const AWAY: SendResult = { ok: false, retryable: true, reason: 'away' };

type State = ReadonlyMap<string, Uint8Array>;

function alert(minute: number, id: string, more: Partial<AlertEvent> = {}): AlertEvent {
  const { members: _, ...sample } = sampleAlert;
  return { ...sample, alert_id: id, status: 'firing', repeat: 0, labels: { id }, alert_time: at(minute), ...more };
}

const end = (minute: number, id: string, more: Partial<AlertEvent> = {}): AlertEvent => alert(minute, id, { status: 'resolved', ...more });

/** Rings with these members. */
function speaker(minute: number, id: string, members: readonly string[], more: Partial<AlertEvent> = {}): AlertEvent {
  const member = (one: string) => ({ alert_id: one, labels: { id: one }, series: one, since: at(0), told: true });
  return alert(minute, id, { members: members.map(member), ...more });
}

/** A life of a notifier on what an earlier one left. */
function live(state: State = new Map(), takes: (event: AlertEvent) => boolean = () => true) {
  const rung: string[] = [];
  const clock = { minutes: 0 };
  const waits = holdWaits();
  const notifier: Notifier = createNotifier(
    { pipeline: 'p', cooldownMs: 10 * MINUTE, notifyWithinMs: undefined, audience: 'all' },
    {
      clock: { now: () => START + clock.minutes * MINUTE, elapsed: () => 0 },
      receivers: [
        {
          name: 'pager',
          local: false,
          target: 'pager',
          async send({ alert: event }) {
            if (!takes(event)) return AWAY;
            rung.push(`${event.alert_id} ${event.status}${event.repeat > 0 ? ` ${event.repeat}` : ''}`);
            return { ok: true };
          },
        },
      ],
      logger: silentLogger,
      wait: waits.wait,
    },
  );
  notifier.restore(state);
  const queue = notifier.queues[0]!;
  return {
    notifier,
    rung,
    clock,
    waiting: waits.count,
    offer: async (offset: number, event: AlertEvent): Promise<string | undefined> => (await queue.offer(offset, event))?.decision,
    tell: async (events: readonly AlertEvent[], from = 0): Promise<(string | undefined)[]> => {
      const decisions: (string | undefined)[] = [];
      for (const [index, event] of events.entries()) decisions.push((await queue.offer(from + index, event))?.decision);
      return decisions;
    },
    tryAgain: waits.tryAgain,
    endSilences: () => Promise.all(queue.endSilences(true)),
    /** As if killed: with what was written on top of what was there. */
    kill(): State {
      const saved = new Map(state);
      for (const [key, value] of notifier.takeStateChanges()) {
        if (value) saved.set(key, value);
        else saved.delete(key);
      }
      notifier.stop();
      return saved;
    },
  };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

test('who was told that an alert fires is told that it is over, whoever speaks for it by then; others are not', async () => {
  const { tell, rung } = live();
  const folded = { part_of: 'z' };
  const events = [
    alert(0, 'a'),
    speaker(1, 'z', ['a', 'b']),
    alert(1, 'b', folded),
    end(5, 'a', folded),
    end(6, 'b', folded),
    end(6, 'a', folded),
    end(7, 'z'),
  ];
  assert.deepEqual(await tell(events), ['sent', 'sent', 'folded', 'sent', 'folded', 'recorded', 'sent']);
  assert.deepEqual(rung, ['a firing', 'z firing', 'a resolved', 'z resolved']);
});

test('its end is owed though another alert of its segment was told of since, and after a restart', async () => {
  const first = live();
  const rule = { labels: { id: 'a' }, detector: 'threshold' };
  await first.tell([alert(0, 'a'), speaker(1, 'z', ['a']), alert(12, 'rule', rule)]);
  const second = live(first.kill());
  assert.deepEqual(await second.tell([end(13, 'a', { part_of: 'z' }), end(14, 'rule', rule)], 3), ['sent', 'sent']);
  assert.deepEqual(second.rung, ['a resolved', 'rule resolved']);
});

test('one that is left alone again is a reminder to who was told, and its end is told once', async () => {
  const { tell, rung } = live();
  await tell([alert(0, 'a'), speaker(1, 'z', ['a']), end(5, 'z'), alert(15, 'a', { repeat: 1 }), end(20, 'a')]);
  assert.deepEqual(rung, ['a firing', 'z firing', 'z resolved', 'a firing 1', 'a resolved']);
});

test('who takes notifications is told of an alert and of the one that takes it in, also where they come at once', async () => {
  const { offer, rung } = live();
  const decisions = await Promise.all([offer(0, alert(0, 'a')), offer(1, speaker(0, 'z', ['a'])), offer(2, end(3, 'a', { part_of: 'z' }))]);
  assert.deepEqual(decisions, ['sent', 'sent', 'sent']);
  assert.deepEqual(rung.toSorted(), ['a firing', 'a resolved', 'z firing']);
});

test('what waits to be tried again ends when another alert takes it in, and so nothing is told of its end; what is freed rings', async () => {
  let isAway = true;
  const { offer, tell, rung, waiting, tryAgain } = live(undefined, () => !isAway);
  const told = [offer(0, alert(0, 'a')), offer(1, alert(0, 'b'))];
  await until(() => waiting() === 2);
  told.push(offer(2, speaker(1, 'z', ['a', 'b'])), offer(3, end(2, 'a', { part_of: 'z' })));
  await until(() => waiting() === 3);
  isAway = false;
  tryAgain();
  assert.deepEqual(await Promise.all(told), ['folded', 'folded', 'sent', 'folded']);
  assert.deepEqual(await tell([end(3, 'z'), alert(12, 'b', { repeat: 1 }), end(13, 'b')], 4), ['sent', 'sent', 'sent']);
  assert.deepEqual(rung, ['z firing', 'z resolved', 'b firing 1', 'b resolved']);
});

test('that holds through a kill: the receiver is back, the other alert was told, and what it took in is not', async () => {
  const first = live(undefined, ({ alert_id: id }) => id === 'z');
  void first.offer(0, alert(0, 'x'));
  void first.offer(1, alert(0, 'a'));
  await until(() => first.waiting() === 2);
  assert.equal(await first.offer(2, speaker(1, 'z', ['a'])), 'sent');
  const second = live(first.kill());
  const events = [alert(0, 'x'), alert(0, 'a'), speaker(1, 'z', ['a']), end(4, 'a', { part_of: 'z' })];
  assert.deepEqual(await second.tell(events), ['sent', 'folded', 'recorded', 'folded']);
  assert.deepEqual(second.rung, ['x firing']);
});

test('what a silence kept back is not told after it where another alert has taken it in', async () => {
  const silence = { id: 's', matchers: { id: 'a' }, starts_at: at(0), ends_at: at(5), created_at: at(0), comment: '' };
  const { notifier, tell, clock, endSilences, rung } = live();
  notifier.takeSilence(JSON.stringify(silence));
  assert.deepEqual(await tell([alert(0, 'a'), speaker(1, 'z', ['a'])]), ['silenced', 'sent']);
  clock.minutes = 6;
  assert.deepEqual(await endSilences(), []);
  assert.deepEqual(rung, ['z firing']);
});

test('whatever folds, fails and dies: an end is told to who was told of the beginning, and to nobody else', async () => {
  const members = ['a', 'b', 'c'] as const;
  /** One step of the story: an alert of the segment begins or ends, the roll-up takes in all that fire or ends, the receiver goes or comes, a kill. */
  const step = fc.constantFrom(...members, 'roll-up', 'receiver', 'kill');
  let foldedEnds = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
      let isAway = false;
      const events: AlertEvent[] = [];
      const lives = [live(undefined, () => !isAway)];
      const offered: Promise<Notified | string | undefined>[] = [];
      const firing = new Map<string, { id: string; part_of?: string }>();
      let rollUp: string | undefined;
      const offer = (event: AlertEvent): void => {
        events.push(event);
        offered.push(lives.at(-1)!.offer(events.length - 1, event));
      };
      const restart = (): void => {
        lives.push(live(lives.at(-1)!.kill(), () => !isAway));
        const next = lives.at(-1)!.notifier.queues[0]!.next() ?? 0;
        for (const [offset, event] of events.entries()) if (offset >= next) offered.push(lives.at(-1)!.offer(offset, event));
      };
      for (const [index, what] of [...steps, ...members, 'roll-up'].entries()) {
        const minute = 20 * index;
        const fires = firing.get(what);
        if (what === 'receiver') isAway = !isAway;
        else if (what === 'kill') restart();
        else if (what === 'roll-up' && rollUp !== undefined) {
          offer(end(minute, rollUp, { labels: {} }));
          rollUp = undefined;
        } else if (what === 'roll-up') {
          rollUp = `z${index}`;
          for (const one of firing.values()) one.part_of = rollUp;
          const taken = [...firing.values()].map(({ id }) => id);
          offer(speaker(minute, rollUp, taken, { labels: {} }));
        } else if (fires) {
          offer(end(minute, fires.id, { labels: { id: what }, ...(fires.part_of !== undefined && { part_of: fires.part_of }) }));
          firing.delete(what);
        } else {
          const id = `${what}${index}`;
          const company = rollUp === undefined ? {} : { part_of: rollUp };
          offer(alert(minute, id, { labels: { id: what }, ...company }));
          firing.set(what, { id, ...company });
        }
        await new Promise(setImmediate);
      }
      isAway = false;
      const last = lives.at(-1)!;
      while (last.notifier.waiting() > 0) {
        last.tryAgain();
        await new Promise(setImmediate);
      }
      await Promise.all(offered);
      const rung = lives.flatMap((each) => each.rung);
      for (const { alert_id: id, part_of: by } of events.filter(({ status }) => status === 'resolved')) {
        const times = (status: string): number => rung.filter((line) => line === `${id} ${status}`).length;
        assert.equal(times('resolved') > 0, times('firing') > 0, `${id} in ${rung.join(', ')}`);
        if (times('resolved') > 0) assert.ok(rung.lastIndexOf(`${id} resolved`) > rung.indexOf(`${id} firing`));
        if (by !== undefined && times('resolved') > 0) foldedEnds += 1;
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(foldedEnds > 4, `${foldedEnds} ends of folded alerts`);
});
