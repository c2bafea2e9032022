/** A raw topic on a real broker is deleted and made again: the run says so and what to do, and does that well. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { service } from '../support/services.ts';
import { temporary } from '../support/temporary.ts';
import { bring, withKafka } from './kafka-topic.ts';
import { output, until } from './tocsin.ts';

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
    const dir = temporary(t);
    const name = `again${randomBytes(4).toString('hex')}`;
    const file = path.join(dir, 'again.yml');
    const measures = 'measures: { n: { count: events } }';
    writeFileSync(
      file,
      `pipeline: ${name}\nsource: { topic: ${name}-raw }\nevent: { id: id, time: at }\ndimensions: []\n${measures}\nwindows: [1m]\n`,
    );
    const events = (count: number): string[] =>
      Array.from({ length: count }, (_, i) => JSON.stringify({ id: `${i}`, at: '2026-03-02T10:00:00Z' }));
    const run = async (...more: string[]): Promise<number> => {
      const args = [
        '--log',
        `kafka://${kafka.address}`,
        '--data',
        path.join(dir, 'data'),
        '--once',
        '--json',
        '--quiet',
        '--olap-store',
        'none',
      ];
      const { events: counts } = JSON.parse(await output(['run', file, ...args, ...more])) as { events: { accepted: number } };
      return counts.accepted;
    };

    await bring(kafka.address, `${name}-raw`, [events(20)]);
    assert.equal(await run(), 20);
    await remove(`${name}-raw`);
    await bring(kafka.address, `${name}-raw`, [events(5)]);
    await assert.rejects(run(), /-raw\/0 ends at offset 5, and it was read up to offset 20 before.*--from earliest/);
    assert.equal(await run('--from', 'earliest'), 5);
  },
);
