/** What counts of a windows topic: of each row its newest version, final ones and the last corrections. */
import type { WindowRecord, WindowRow } from '../../src/windows/row.ts';

/** By the rows' names, in their order; without what hangs on when a partition was idle. */
export function lastRows(texts: readonly string[]): Map<string, string> {
  const newest = new Map<string, WindowRow>();
  for (const text of texts) {
    const record = JSON.parse(text) as WindowRecord;
    if (record.kind !== 'row') continue;
    const name = JSON.stringify([record.window, record.window_start, record.labels, record.origin]);
    const known = newest.get(name);
    if (!known || BigInt(record.version) > BigInt(known.version)) newest.set(name, record);
  }
  return new Map([...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, row]) => [name, JSON.stringify(row)]));
}
