/** `tocsin windows` with the log in Kafka and the stores named as `run` names them: what the topic keeps no more comes from ClickHouse. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { Connection, deleteRecordsV2 } from '@platformatic/kafka';
import { parseOlapAddress } from '../../src/olap-store/clickhouse/address.ts';
import { createClickHouseStore } from '../../src/olap-store/clickhouse/clickhouse-store.ts';
import { testClickHouse } from '../support/clickhouse.ts';
import { service } from '../support/services.ts';
import { bring, withKafka } from './kafka-topic.ts';
import { ownPipeline } from './own-pipeline.ts';
import { output, tocsin } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
const EVENTS = Array.from({ length: 40 }, (_, i) =>
  JSON.stringify({
    event_id: `00000000-0000-4000-8000-00000000${String(i).padStart(4, '0')}`,
    event_type: i % 4 === 0 ? 'click' : 'impression',
    event_time: new Date(Date.UTC(2026, 2, 2, 9, 0, 30 * i)).toISOString(),
    user_id: `u${i}`,
    campaign_id: 'c1',
    country: i % 3 === 0 ? 'KR' : 'US',
    ad_format: 'banner',
    device: 'web',
    bid_price: 0.01,
    revenue: 0.01,
  }),
);

/** As the topic's retention does, but now. */
async function deleteAllOf(topic: string): Promise<void> {
  const { end } = await withKafka(kafka.address, (log) => log.bounds(topic, 0));
  const [host = '', port] = kafka.address.split(':');
  const connection = new Connection('test');
  await connection.connect(host, Number(port));
  await deleteRecordsV2.api.async(connection, [{ name: topic, partitions: [{ partitionIndex: 0, offset: BigInt(end) }] }], 10_000);
  await connection.close();
}

/** First of all: a slow machine takes longer for them than `--once` waits for a store that takes nothing. */
async function makeTables(address: string): Promise<void> {
  const parsed = parseOlapAddress(address, {});
  assert.ok(parsed.kind === 'server');
  const store = createClickHouseStore({ database: parsed.database }, { endpoint: () => parsed.endpoint });
  await store.ping();
  await store.close();
}

test('windows that the log in Kafka keeps no more are read from ClickHouse, by the options of run', { skip: kafka.skip }, async (t) => {
  const olap = await testClickHouse();
  t.after(() => olap.stop());
  await makeTables(olap.address);
  const dir = temporary(t);
  const { file, name, topic } = ownPipeline(dir, 1);
  await bring(kafka.address, topic, [EVENTS]);
  const log = ['--log', `kafka://${kafka.address}`];
  await output(['run', file, '--once', '--quiet', '--data', path.join(dir, 'data'), ...log, '--olap-store', olap.address]);

  // From another machine: without the directory of the run, and without its password.
  const asked = ['windows', '--json', '--pipeline', name, '--data', path.join(dir, 'elsewhere')];
  const env = { TOCSIN_LOG: log[1]!, TOCSIN_OLAP_STORE: olap.address, TOCSIN_HOT_STORE: 'redis://127.0.0.1:1' };
  const kept = await output(asked, { env });
  assert.ok(kept.trimEnd().split('\n').length > 40, kept);

  await deleteAllOf(`${name}.windows`);
  assert.equal(await output(asked, { env }), kept, 'from ClickHouse, told by the environment');
  const told = [...asked, ...log, '--hot-store', 'memory', '--olap-store', olap.address];
  assert.equal(await output(told), kept, 'from ClickHouse, told by options');
  const without = await tocsin([...asked, ...log, '--olap-store', 'none']);
  assert.deepEqual([without.code, without.stdout], [0, '']);
  assert.match(
    without.stderr,
    /warning: the oldest windows are no longer in the log, and not to be had from the OLAP store: there is none/,
  );
});
