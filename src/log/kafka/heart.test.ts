import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createHeart } from './heart.ts';

const SESSION_MS = 30;
const refusal = (id: string): Error => Object.assign(new Error(id), { apiId: id });

/** A heart whose coordinator gives these answers, and then none; `asked`: how often. */
function heartOf(answers: (Error | 'heard')[], hasGrown = false) {
  const at = { now: 0, asked: 0 };
  const heart = createHeart({
    clock: { ...systemClock, elapsed: () => at.now },
    sessionTimeoutMs: SESSION_MS,
    async heartbeat() {
      at.asked += 1;
      const answer = answers.shift();
      if (answer === undefined) return new Promise(() => {});
      if (answer !== 'heard') throw answer;
    },
    hasGrown: async () => hasGrown,
  });
  return { heart, at };
}

const never = (): AbortSignal => new AbortController().signal;

test('who stood still for longer than its session has lost it, and does not ask', async () => {
  const { heart, at } = heartOf(['heard']);
  at.now = SESSION_MS + 1;
  assert.equal(await heart.beat(never()), 'lost');
  assert.equal(at.asked, 0);
});

test('a coordinator that does not answer within the session has ended it', async () => {
  const { heart, at } = heartOf(['heard']);
  assert.equal(await heart.beat(never()), 'lost');
  assert.equal(at.asked, 2);
});

test('a session that the coordinator does not know is lost', async () => {
  assert.equal(await heartOf(['heard', refusal('UNKNOWN_MEMBER_ID')]).heart.beat(never()), 'lost');
});

test('the group is joined again in a rebalance, and when there is more to deal out', async () => {
  assert.equal(await heartOf([refusal('REBALANCE_IN_PROGRESS')]).heart.beat(never()), 'rebalance');
  assert.equal(await heartOf(['heard'], true).heart.beat(never()), 'rebalance');
});

test('who gives back stays a member through the rebalance', async () => {
  const { heart, at } = heartOf([refusal('REBALANCE_IN_PROGRESS'), 'heard'], true);
  assert.equal(await heart.beat(never(), true), 'lost');
  assert.equal(at.asked, 3);
});

test('what will pass is asked again, what will not ends the membership', async () => {
  const forGood = refusal('GROUP_AUTHORIZATION_FAILED');
  const { heart, at } = heartOf([refusal('COORDINATOR_LOAD_IN_PROGRESS'), forGood]);
  await assert.rejects(heart.beat(never()), forGood);
  assert.equal(at.asked, 2);
});

test('it stops at once', async () => {
  const stop = new AbortController();
  const { heart, at } = heartOf([]);
  const beating = heart.beat(stop.signal);
  stop.abort();
  assert.equal(await beating, 'stopped');
  assert.equal(at.asked, 0);
});
