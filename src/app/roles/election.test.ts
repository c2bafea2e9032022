/** Who goes on when two believe that they are the active one; the ledger that they take from each other is a real one. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { connectTo, freshName } from '../../../test/support/kafka-log.ts';
import { service } from '../../../test/support/services.ts';
import { silentLogger } from '../../core/logger.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import type { MembershipEvents } from '../../log/kafka/membership.ts';
import { whileElected } from './election.ts';
import { until } from '../../../test/support/until.ts';

const kafka = service('kafka');

interface Member {
  /** How often it took the ledger over. */
  readonly begun: number;
  readonly commits: number;
  /** How often it asked whether it is still the elected one. */
  readonly asked: number;
  /** What the group says to that. */
  answer: boolean;
  lose(): Promise<void>;
}

describe('the active member', { skip: kafka.skip }, () => {
  let connection: KafkaConnection;
  before(async () => {
    connection = await connectTo(kafka.address);
  });
  after(() => connection?.close());

  /** One that the group has told of its election, and that commits to the ledger all the time. */
  async function elect(t: TestContext, topic: string): Promise<Member> {
    const [stop, lost] = [new AbortController(), new AbortController()];
    const counts = { begun: 0, commits: 0, asked: 0, answer: true };
    let events: MembershipEvents | undefined;
    const holds = async (): Promise<boolean> => {
      counts.asked += 1;
      return counts.answer;
    };
    const join: KafkaConnection['join'] = async (_options, heard) => {
      events = heard;
      await heard.onAssigned([{ topic: 'elects', partition: 0 }], 1, { holds, lost: lost.signal });
      return { ended: new Promise(() => {}), leave: async () => {} };
    };
    const config = { group: 'g', topic: 'elects', what: 'notifier', sessionTimeoutMs: 2_000 };
    const running = whileElected(config, { connection: { join }, logger: silentLogger }, stop.signal, async (term) => {
      const log = await connection.log({ topic, partition: 0 });
      counts.begun += 1;
      try {
        while (!term.aborted) {
          await log.commit({ state: [['told', Buffer.from(String(counts.commits))]] });
          counts.commits += 1;
        }
      } finally {
        await log.close();
      }
    });
    t.after(async () => {
      stop.abort();
      await running;
    });
    await until(() => counts.commits > 0);
    return Object.assign(counts, {
      async lose() {
        lost.abort();
        await events!.onLost();
      },
    });
  }

  it('one that was overtaken and does not know it yet leaves the work to the one elected', async (t) => {
    const topic = freshName();
    const paused = await elect(t, topic);
    paused.answer = false;
    const elected = await elect(t, topic);
    await until(() => paused.asked >= 2);
    const { commits } = elected;
    await until(() => elected.commits > commits);
    assert.deepEqual([paused.begun, elected.begun], [1, 1], 'nobody took it from the one elected');
    await paused.lose();
    assert.equal(paused.begun, 1);
  });

  it('the one elected begins anew where one that came too late has taken the ledger from it', async (t) => {
    const topic = freshName();
    const elected = await elect(t, topic);
    const late = await elect(t, topic);
    late.answer = false;
    await until(() => elected.begun === 2 && late.asked > 0);
    const { commits } = elected;
    await until(() => elected.commits > commits + 1);
    assert.equal(late.begun, 1);
  });
});
