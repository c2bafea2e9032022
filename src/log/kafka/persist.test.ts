import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../core/errors.ts';
import type { Cluster } from './cluster.ts';
import type { Groups } from './groups.ts';
import { joinGroup } from './membership.ts';
import { createPersist } from './persist.ts';

const SHOWN = 'kafka://test';
const refused = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** Each look at its clock is 0.6 s later; what it says comes to `said`. */
function patient() {
  const said: string[] = [];
  const closing = new AbortController();
  const say = (message: string): void => void said.push(message);
  let now = 0;
  const clock = { now: () => 0, elapsed: () => (now += 600) };
  const persist = createPersist(SHOWN, { clock, logger: { info: say, warn: say }, signal: closing.signal });
  return { persist, said, clock, closing };
}

/** Fails so often, and then does not. */
function failing(times: number, failure = refused): () => Promise<void> {
  return async () => {
    if (times-- > 0) throw failure();
  };
}

const WAITING = /^kafka:\/\/test: cannot (.*): connect ECONNREFUSED\. .* Waiting, and trying again\.$/;

describe('what cannot be answered just now', () => {
  it('is told when it goes on for a second, by one of those that wait, and told when that one is answered', async () => {
    const { persist, said } = patient();
    await persist('blink', failing(1));
    assert.deepEqual(said, []);
    await Promise.all([persist('read', failing(2)), persist('append', failing(2))]);
    assert.match(said[0]!, WAITING);
    assert.equal(said[1], `${SHOWN}: reached again (read).`);
    assert.equal(said.length, 2);
  });

  it('is told the next time too, where who told it was not answered but refused for good', async () => {
    const { persist, said } = patient();
    let tries = 0;
    const fenced = new AppError('log_fenced', 'another one');
    await assert.rejects(
      persist('append', async () => {
        throw tries++ < 2 ? refused() : fenced;
      }),
      fenced,
    );
    await persist('read', failing(2));
    assert.deepEqual(
      said.map((each) => WAITING.exec(each)?.[1] ?? each),
      ['append', 'read', `${SHOWN}: reached again (read).`],
    );
  });

  it('is told to be over where Kafka answers, be it a refusal', async () => {
    const { persist, said } = patient();
    const forgotten = Object.assign(new Error('The coordinator is not aware of this member.'), { apiId: 'UNKNOWN_MEMBER_ID' });
    let tries = 0;
    const joining = persist('join', async () => {
      throw tries++ < 2 ? refused() : forgotten;
    });
    await assert.rejects(joining, { code: 'log_refused' });
    assert.match(said[0]!, WAITING);
    assert.deepEqual(said.slice(1), [`${SHOWN}: reached again (join).`]);
  });

  it('is waited for until the signal', async () => {
    const { persist, said } = patient();
    const leaving = new AbortController();
    const waiting = persist('join', failing(Infinity), leaving.signal);
    leaving.abort();
    await assert.rejects(waiting, { code: 'log_unavailable' });
    assert.deepEqual(said, []);
  });

  it('is told by a member that has lost its place, and has nothing to do but to join again', { timeout: 20_000 }, async () => {
    const { persist, said, clock, closing } = patient();
    const attempt = failing(2);
    const groups = {
      call: async () => {
        await attempt();
        closing.abort();
        throw refused();
      },
      flush: async () => {},
      onClose: () => () => {},
      identify: () => {},
    } as unknown as Groups;
    const cluster = { config: { shown: SHOWN }, signal: closing.signal, persist } as Cluster;
    const events = { onAssigned() {}, onRevoked() {}, onLost() {} };
    await joinGroup({ group: 'g', topics: ['t'], sessionTimeoutMs: 1_000 }, events, { cluster, groups, clock });
    assert.deepEqual(
      said.map((each) => WAITING.exec(each)?.[1]),
      ['be a member of group g'],
    );
  });
});
