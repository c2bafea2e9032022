/** Workers with a name of their own on a real broker: one that is back within its session goes on where it was, and nobody else notices. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { service } from '../support/services.ts';
import { bring } from './kafka-topic.ts';
import { ownPipeline } from './own-pipeline.ts';
import type { Called } from '../support/in-process.ts';
import { beginFor, startFor, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
/** A restart on a busy machine takes seconds; without the name the place would be free after these. */
const SESSION_MS = 60_000;
const WAIT_MS = 60_000;

const assignments = ({ stderr }: Pick<Called, 'stderr'>): readonly string[] => stderr().match(/owns \d of 2/g) ?? [];

test(
  'a named worker that is killed or stopped and started again has its partition at once, without a rebalance',
  { skip: kafka.skip },
  async (t) => {
    const dir = temporary(t);
    const { file, topic } = ownPipeline(dir, 2, (text) => `${text}priority: 5\n`);
    await bring(kafka.address, topic, [[], []]);
    const worker = (data: string, roles: string): string[] => {
      const where = ['--data', path.join(dir, data), '--log', `kafka://${kafka.address}`, '--olap-store', 'none'];
      return ['run', file, ...where, '--roles', roles, '--session-ms', String(SESSION_MS)];
    };
    const named = (name: string, roles: string): string[] => [...worker(name, roles), '--instance-id', name];
    const owns = (one: Pick<Called, 'stderr'>): Promise<true> =>
      until('one partition each', () => assignments(one).at(-1) === 'owns 1 of 2', WAIT_MS);

    const other = beginFor(t, named('b', 'aggregate,monitor,notify'));
    await until('the first to have both', () => assignments(other).at(-1) === 'owns 2 of 2', WAIT_MS);
    const first = startFor(t, named('a', 'aggregate'));
    await Promise.all([owns(first), owns(other)]);
    assert.match(other.stderr(), /priority 5 changes nothing on Kafka, where a process has one pipeline/);

    const before = assignments(other).length;
    await first.stop('SIGKILL');
    const second = startFor(t, named('a', 'aggregate'));
    await owns(second);
    assert.deepEqual(assignments(second), ['owns 1 of 2']);
    assert.equal((await second.stop('SIGTERM')).code, 0);
    const third = beginFor(t, named('a', 'aggregate'));
    await owns(third);
    assert.equal(assignments(other).length, before, 'the other one was not disturbed');

    // A name is one process's: the newer one has it.
    const twin = startFor(t, worker('twin', 'aggregate'), { env: { TOCSIN_INSTANCE_ID: 'a' } });
    await owns(twin);
    const { code, stderr } = await third.ended;
    assert.equal(code, 2);
    assert.match(stderr.trimEnd().split('\n').at(-1)!, /under the name a and has taken over\. Give each its own --instance-id\.$/);
  },
);
