/** A broker that is killed and comes back, under a writer and a reader: what was acknowledged is there once, and both go on by themselves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startKafka } from '../../../scripts/services/kafka.ts';
import { connectTo } from '../../../test/support/kafka-log.ts';
import { service } from '../../../test/support/services.ts';
import { systemClock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { packRecords, recordAt } from '../batch.ts';
import { connectKafka } from './connection.ts';
import type { KafkaLog } from './kafka-log.ts';
import { parseKafkaUrl } from './url.ts';
import { until } from '../../../test/support/until.ts';

const LEDGER = { topic: 'p.ledger', partition: 0 };
const RECORDS_PER_UNIT = 20;

describe('a broker restarts', { skip: service('kafka').skip }, () => {
  it('nothing acknowledged is lost, nothing is there twice, and the reader sees each record once', { timeout: 90_000 }, async () => {
    const broker = await startKafka();
    try {
      const said: string[] = [];
      const logger: Logger = { info: (message) => said.push(message), warn: (message) => said.push(message) };
      const connection = await connectKafka(parseKafkaUrl(`kafka://${broker.address}`, {}), { clock: systemClock, logger });
      const log = await connection.log(LEDGER);
      await log.ensureTopic('t', { partitions: 1 });
      const writer = { done: false, ended: false, acknowledged: 0 };

      async function write(): Promise<void> {
        for (; !writer.done; writer.acknowledged++) {
          const { acknowledged } = writer;
          const values = Array.from({ length: RECORDS_PER_UNIT }, (_, i) => `${acknowledged}/${i}`);
          await log.commit({
            appends: [{ topic: 't', partition: 0, ...packRecords(values) }],
            state: [['last', Buffer.from(String(acknowledged))]],
            offsets: [{ group: 'g', topic: 't', partition: 0, offset: acknowledged }],
          });
        }
      }

      const writing = write();
      const reading = readUntil(log, () => writer.ended && writer.acknowledged * RECORDS_PER_UNIT);
      await until(() => writer.acknowledged > 50);
      await broker.kill();
      await broker.restart();
      const before = writer.acknowledged;
      await until(() => writer.acknowledged > before + 20);
      writer.done = true;
      await writing;
      writer.ended = true;
      const { acknowledged } = writer;
      const expected = Array.from({ length: acknowledged * RECORDS_PER_UNIT }, (_, i) => {
        return `${Math.floor(i / RECORDS_PER_UNIT)}/${i % RECORDS_PER_UNIT}`;
      });
      assert.deepEqual(await reading, expected);
      assert.match(
        said.join('\n'),
        /cannot .*: .* Is Kafka running there, and is --log right\? Waiting, and trying again\.\n.*reached again/s,
      );
      await connection.close();

      const again = await connectTo(broker.address);
      const reopened = await again.log(LEDGER);
      assert.deepEqual(await reopened.state('last'), [['last', Buffer.from(String(acknowledged - 1))]]);
      assert.equal(await reopened.committed('g', 't', 0), acknowledged - 1);
      assert.equal((await again.lag('g', ['t']))[0]!.offset, acknowledged - 1, "Kafka's own tools see the offset too");

      await broker.kill();
      const pending = reopened.commit({ state: [['last', null]] });
      const since = systemClock.elapsed();
      await Promise.all([assert.rejects(pending, { code: 'log_unavailable' }), again.close()]);
      assert.ok(systemClock.elapsed() - since < 9_000, 'a connection can be closed while nobody answers');
    } finally {
      await broker.stop();
    }
  });
});

/** `end`: how many records there are once that is known. */
async function readUntil(log: KafkaLog, end: () => number | false): Promise<string[]> {
  const found: string[] = [];
  for (let next = 0; end() === false || found.length < Number(end());) {
    const batch = await log.read('t', 0, next, { maxBytes: 4_000, waitMs: 100 });
    if (!batch) continue;
    assert.equal(batch.firstOffset, next);
    for (let i = 0; i < batch.count; i++) found.push(Buffer.from(recordAt(batch, i)).toString());
    next += batch.count;
  }
  return found;
}
