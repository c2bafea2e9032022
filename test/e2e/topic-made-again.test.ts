/** A raw topic on a real broker is deleted and made again: the run says so and what to do, and does that well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { service } from '../support/services.ts';
import { temporary } from '../support/temporary.ts';
import { countedOnKafka } from './counted-on-kafka.ts';
import { bring, withKafka } from './kafka-topic.ts';
import { until } from './tocsin.ts';

const kafka = service('kafka');

async function remove(topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.address] });
  await admin.deleteTopics({ topics: [topic] });
  await admin.close();
  await until('the topic to be gone', () =>
    withKafka(kafka.address, async (log) => (await log.topics()).every(({ name }) => name !== topic)),
  );
}

test(
  'a raw topic that was made again is not read from the middle, and counted anew where that is asked for',
  { skip: kafka.skip },
  async (t) => {
    const { topic, run } = countedOnKafka(temporary(t), kafka.address);
    const events = (count: number): string[] =>
      Array.from({ length: count }, (_, i) => JSON.stringify({ id: `${i}`, at: '2026-03-02T10:00:00Z' }));
    const accepted = async (...options: string[]): Promise<number> => (await run(...options)).accepted;

    await bring(kafka.address, topic, [events(20)]);
    assert.equal(await accepted(), 20);
    await remove(topic);
    await bring(kafka.address, topic, [events(5)]);
    await assert.rejects(run(), /-raw\/0 ends at offset 5, and it was read up to offset 20 before.*--from earliest/);
    assert.equal(await accepted('--from', 'earliest'), 5);
  },
);
