/** Records in a topic of a real broker, as another producer would have brought them. */
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { packRecords, recordAt } from '../../src/log/batch.ts';
import { connectKafka, type KafkaConnection } from '../../src/log/kafka/connection.ts';
import { parseKafkaUrl } from '../../src/log/kafka/url.ts';
import type { Log } from '../../src/log/log.ts';

/** `signal`: of a test that may end while the broker is away; it is not waited for then. */
export async function withKafka<T>(
  address: string,
  work: (log: Log, connection: KafkaConnection) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const deps = { clock: systemClock, logger: silentLogger, ...(signal && { signal }) };
  const connection = await connectKafka(parseKafkaUrl(`kafka://${address}`, {}), deps);
  try {
    return await work(await connection.log({ topic: 'nobody.state', partition: 0 }, { readOnly: true }), connection);
  } finally {
    await connection.close();
  }
}

/** Appends records, by partition; makes the topic where it is not there. */
export async function bring(address: string, topic: string, byPartition: readonly (readonly (string | Uint8Array)[])[]): Promise<void> {
  await withKafka(address, async (log) => {
    await log.ensureTopic(topic, { partitions: byPartition.length });
    for (const [partition, records] of byPartition.entries()) {
      for (let at = 0; at < records.length; at += 1_000) {
        await log.commit({ appends: [{ topic, partition, ...packRecords(records.slice(at, at + 1_000)) }] });
      }
    }
  });
}

/** All values of a partition. */
export async function valuesOf(address: string, topic: string, partition = 0): Promise<string[]> {
  return withKafka(address, async (log) => {
    const values: string[] = [];
    for (let offset = 0; ;) {
      const batch = await log.read(topic, partition, offset, { maxBytes: 1 << 20 });
      if (!batch) return values;
      for (let i = 0; i < batch.count; i++) values.push(Buffer.from(recordAt(batch, i)).toString());
      offset = batch.firstOffset + batch.count;
    }
  });
}
