/** Rows as a ClickHouse has them, to be compared one by one with those of another place. */
import assert from 'node:assert/strict';
import { parseOlapAddress } from '../../src/olap-store/clickhouse/address.ts';
import { createClickHouseStore } from '../../src/olap-store/clickhouse/clickhouse-store.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { collect } from '../contract/olap-store.ts';

/** Every row that the store has of the pipeline, origins apart. `address`: as --olap-store takes it. */
export async function storedRows(address: string, pipeline: string): Promise<WindowRow[]> {
  const parsed = parseOlapAddress(address, {});
  assert.ok(parsed.kind === 'server');
  const store = createClickHouseStore({ database: parsed.database }, { endpoint: () => parsed.endpoint });
  try {
    return await collect(store.windows({ pipeline }, (found) => found));
  } finally {
    await store.close();
  }
}

/** By name, in order: what is left is a difference in the rows. */
export function sorted(rows: readonly WindowRow[]): WindowRow[] {
  const nameOf = ({ window, window_start, labels, origin }: WindowRow): string => JSON.stringify([window, window_start, labels, origin]);
  return rows
    .map((row) => [nameOf(row), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row);
}
