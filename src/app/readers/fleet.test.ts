/** Who does what on a real broker, also where nobody does it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connectTo, freshName } from '../../../test/support/kafka-log.ts';
import { service } from '../../../test/support/services.ts';
import type { KafkaConnection } from '../../log/kafka/connection.ts';
import { packRecords } from '../../log/batch.ts';
import { olapGroup } from '../../pipeline/olap-writer.ts';
import { statePlace } from '../../pipeline/stage-topics.ts';
import { topicsOf } from '../../pipeline/topics.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { readFleet, type Fleet } from './fleet.ts';

const kafka = service('kafka');

describe('the fleet', { skip: kafka.skip }, () => {
  let connection: KafkaConnection;
  before(async () => {
    connection = await connectTo(kafka.address);
  });
  after(() => connection?.close());

  async function fleetOf(name: string, olapStore: string): Promise<Fleet['roles']> {
    const log = await connection.log(statePlace(name, 'monitor'), { readOnly: true });
    const of: PipelineRecord = {
      name,
      file: 'my.yml',
      sources: [],
      dimensions: [],
      measures: [],
      windows: [],
      rollups: [],
      topics: topicsOf(name),
      olapStore,
      clock: 'append',
    };
    const { roles } = await readFleet(connection, log, of);
    await log.close();
    return roles;
  }
  const namesOf = (roles: Fleet['roles']): string[] => roles.map(({ role, members }) => `${role}: ${members.length}`);

  it('names a role that nobody plays, where it should be played or once was', async () => {
    const name = freshName();
    const always = ['aggregate: 0', 'monitor: 0', 'notify: 0'];
    assert.deepEqual(namesOf(await fleetOf(name, 'none')), always);
    assert.deepEqual(namesOf(await fleetOf(name, 'embedded')), always);
    assert.deepEqual(namesOf(await fleetOf(name, 'http://clickhouse:8123/')), [...always, 'store: 0']);

    for (const role of ['store', 'sources'] as const) await (await connection.log(statePlace(name, role))).close();
    assert.deepEqual(namesOf(await fleetOf(name, 'embedded')), [...always, 'store: 0', 'ingest: 0']);
    assert.deepEqual(namesOf(await fleetOf(name, 'none')), [...always, 'ingest: 0'], 'switched off on purpose');
  });

  it("counts the store's lag by the group that elects its writer, as Kafka's own tools do", async () => {
    const name = freshName();
    const { windows } = topicsOf(name);
    const log = await connection.log(statePlace(name, 'store'));
    await log.ensureTopic(windows, { partitions: 1 });
    await log.commit({ appends: [{ topic: windows, partition: 0, ...packRecords(['1', '2', '3']) }] });
    const joined = { group: olapGroup(name), topics: [windows], sessionTimeoutMs: 6_000 };
    const membership = await connection.join(joined, { onAssigned: () => {}, onRevoked: () => {}, onLost: () => {} });
    await log.commit({ offsets: [{ group: olapGroup(name), topic: windows, partition: 0, offset: 2 }] });
    // Kafka is told of an offset before its member goes.
    await membership.leave();
    await log.close();
    const store = (await fleetOf(name, 'http://clickhouse:8123/')).find(({ role }) => role === 'store');
    assert.deepEqual(store, { role: 'store', group: `${name}.store`, members: [], lag: 1 });
  });
});
