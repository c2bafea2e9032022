/** The contract on a ClickHouse server that somebody gave the tests; the embedded engine is under the same one beside it. */
import { testClickHouse } from '../../../test/support/clickhouse.ts';
import { testOlapStore } from '../../../test/contract/olap-store.ts';
import { parseOlapAddress } from './address.ts';
import { createClickHouseStore } from './clickhouse-store.ts';

const skip = process.env['TOCSIN_TEST_CLICKHOUSE'] ? undefined : 'no server is named in TOCSIN_TEST_CLICKHOUSE';

testOlapStore(
  'a ClickHouse that was given',
  async () => {
    const server = await testClickHouse();
    const parsed = parseOlapAddress(server.address, {});
    if (parsed.kind !== 'server') throw new Error(`${server.address} is no server`);
    const store = createClickHouseStore({ batchRows: 3, columnRows: 3, database: parsed.database }, { endpoint: () => parsed.endpoint });
    return {
      store,
      dispose: async () => {
        await store.close();
        await server.stop();
      },
    };
  },
  skip,
);
