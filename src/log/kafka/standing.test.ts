import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createStanding } from './standing.ts';

const SESSION_MS = 1_000;
const refusal = (id: string): Error => Object.assign(new Error(id), { apiId: id });

/** A member that was heard of at 0; `answers`: what the coordinator says, one after the other. */
function member(answers: (Error | 'heard')[] = []) {
  const lost = new AbortController();
  const at = { now: 0, proven: 0, asked: 0, over: false };
  const standing = createStanding({
    clock: { ...systemClock, elapsed: () => at.now },
    sessionTimeoutMs: SESSION_MS,
    provenAt: () => at.proven,
    async heartbeat() {
      at.asked += 1;
      const answer = answers.shift();
      if (answer === undefined) return new Promise(() => {});
      if (answer !== 'heard') throw answer;
      at.proven = at.now;
    },
    isOver: () => at.over,
    lost: lost.signal,
  });
  return { standing, at, lost };
}

test('while the session runs by its own clock a member need not ask', async () => {
  const { standing, at } = member();
  at.now = SESSION_MS - 1;
  assert.equal(await standing.holds(), true);
  assert.equal(at.asked, 0);
});

test('one that stood still for longer asks, and goes by the answer', async () => {
  const heard = member(['heard']);
  heard.at.now = SESSION_MS;
  assert.equal(await heard.standing.holds(), true);
  assert.equal(heard.at.asked, 1);
  for (const id of ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION']) {
    const forgotten = member([refusal(id)]);
    forgotten.at.now = SESSION_MS;
    assert.equal(await forgotten.standing.holds(), false, id);
  }
});

test('while the coordinator is away it is asked again, until it answers or the membership is lost', async () => {
  const away = (): Error => Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const back = member([away(), away(), 'heard']);
  back.at.now = SESSION_MS;
  assert.equal(await back.standing.holds(), true);
  assert.equal(back.at.asked, 3);

  const silent = member([away()]);
  silent.at.now = SESSION_MS;
  const answer = silent.standing.holds();
  silent.lost.abort();
  assert.equal(await answer, false);
});

test('an assignment that is over is not held, however fresh the session', async () => {
  const { standing, at, lost } = member();
  at.over = true;
  assert.equal(await standing.holds(), false);
  at.over = false;
  assert.equal(await standing.holds(), true);
  lost.abort();
  assert.equal(await standing.holds(), false);
});
