/** A raw topic on a real broker gets more partitions: the next run counts these too, and goes on where the others were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packRecords } from '../../src/log/batch.ts';
import { service } from '../support/services.ts';
import { temporary } from '../support/temporary.ts';
import { countedOnKafka } from './counted-on-kafka.ts';
import { withKafka } from './kafka-topic.ts';
import { objects } from './tocsin.ts';

const kafka = service('kafka');
const DAY = '2026-03-02T10:';

interface Shown {
  readonly window_start: string;
  readonly n: number;
}

test('where partitions were added between two runs, all are counted, and each record once', { skip: kafka.skip }, async (t) => {
  const { name, topic, log, run } = countedOnKafka(temporary(t), kafka.address);
  const send = (partitions: number, minute: number): Promise<void> =>
    withKafka(kafka.address, async (topics) => {
      await topics.ensureTopic(topic, { partitions, mayGrow: true });
      for (let partition = 0; partition < partitions; partition++) {
        const values = Array.from({ length: 10 }, (_, i) =>
          JSON.stringify({ id: `${partition}/${minute}/${i}`, at: `${DAY}${minute}:00Z` }),
        );
        await topics.commit({ appends: [{ topic, partition, ...packRecords(values) }] });
      }
    });
  await send(1, 10);
  assert.equal((await run()).accepted, 10);
  await send(3, 11);
  assert.equal((await run()).accepted, 40);
  const shown = await objects<Shown>(['windows', ...log, '--pipeline', name, '--json']);
  assert.deepEqual(Object.fromEntries(shown.map((row) => [row.window_start, row.n])), {
    [`${DAY}10:00.000Z`]: 10,
    [`${DAY}11:00.000Z`]: 30,
  });
});
