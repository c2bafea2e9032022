/** A run that is asked to stop while it waits for others in its consumer group ends in good order. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { connectTo } from '../support/kafka-log.ts';
import { service } from '../support/services.ts';
import { bring } from './kafka-topic.ts';
import { ownPipeline } from './own-pipeline.ts';
import { startFor, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');

test('stopped while another member of the group holds the rebalance up: it leaves at once', { skip: kafka.skip }, async (t) => {
  const dir = temporary(t);
  const { file, name, topic } = ownPipeline(dir, 1);
  await bring(kafka.address, topic, [[]]);
  const connection = await connectTo(kafka.address);
  t.after(() => connection.close());
  // It is asked to give its partition back, and takes its time; the group waits for it.
  const [asked, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const onRevoked = (): Promise<void> => {
    asked.resolve();
    return done.promise;
  };
  await connection.join({ group: name, topics: [topic], sessionTimeoutMs: 60_000 }, { onAssigned: () => {}, onRevoked, onLost: () => {} });

  const running = startFor(t, [
    'run',
    file,
    '--data',
    path.join(dir, 'data'),
    '--log',
    `kafka://${kafka.address}`,
    '--olap-store',
    'none',
    '--roles',
    'aggregate',
    '--session-ms',
    '60000',
  ]);
  await Promise.race([asked.promise, running.ended]);
  await until('the run to have begun', () => running.stderr().includes('Ctrl-C ends it'));
  const { code, stderr } = await running.stop('SIGTERM');
  assert.equal(code, 0, stderr);
  assert.equal((await connection.members(name)).length, 1, 'it has left, and nobody waits for it');
  done.resolve();
});
