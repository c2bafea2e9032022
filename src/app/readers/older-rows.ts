/** Rows of windows that the log keeps no more, from the OLAP store. */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { openEmbeddedStore } from '../../olap-store/chdb/open.ts';
import { parseOlapAddress } from '../../olap-store/clickhouse/address.ts';
import { createClickHouseStore } from '../../olap-store/clickhouse/clickhouse-store.ts';
import type { OlapStore } from '../../olap-store/olap-store.ts';
import type { OlderRows } from './windows.ts';

/**
 * `store`: `embedded`, or the address of a ClickHouse server.
 * @throws AppError `olap_unavailable`, `olap_refused`, `data_format`, `usage` for a wrong address
 */
export async function openOlderRows(
  dir: string,
  pipeline: string,
  store: string,
  deps: { clock: Clock },
): Promise<{ rows: OlderRows; close(): Promise<void> }> {
  const olap = await openStore(dir, store, deps);
  return {
    // Origins stay apart here: they are added up together with those that the log has.
    // Of a topic that holds no window whole any more, all of them are wanted: SQL knows no infinity.
    rows: ({ to, ...query }) => olap.windows({ pipeline, ...query, ...(to < Infinity && { to }) }, (rows) => rows),
    close: () => olap.close(),
  };
}

/**
 * The store of a data directory for one command, once it has answered.
 * @throws AppError `olap_unavailable`
 */
export async function openStore(dir: string, store: string, deps: { clock: Clock }): Promise<OlapStore> {
  const address = parseOlapAddress(store, process.env);
  if (address.kind === 'none') throw new AppError('olap_unavailable', 'there is none; name one with --olap-store embedded or http://…');
  const olap =
    address.kind === 'embedded'
      ? await openEmbeddedStore(dir, deps)
      : createClickHouseStore({ database: address.database }, { endpoint: () => address.endpoint });
  try {
    await olap.ping();
    return olap;
  } catch (error) {
    await olap.close();
    throw error;
  }
}
