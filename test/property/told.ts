/** What a run told, read back from the log, and the laws that it keeps whatever the scenario. */
import assert from 'node:assert/strict';
import { labelsKey } from '../../src/core/labels.ts';
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import type { Log } from '../../src/log/log.ts';
import type { ClosedRecord, WindowRecord, WindowRow } from '../../src/windows/row.ts';
import { allRecords, allTexts } from './driver.ts';

export interface Told {
  readonly records: readonly WindowRecord[];
  /** Newest row of each window, start, labels and origin. */
  readonly last: readonly WindowRow[];
  /** The first final rows that hold at-final values. */
  readonly first: readonly WindowRow[];
  readonly closed: readonly ClosedRecord[];
  readonly letters: readonly { key: string; letter: DeadLetter }[];
  /** As they stand in the log. */
  readonly alerts: readonly string[];
}

export function nameOf(row: WindowRow): string {
  return [row.window, row.window_start, labelsKey(row.labels), row.origin].join(' ');
}

/** `from`: the offsets on the topics from which on it counts. `repeats`: what stands there twice, word for word, counts once. */
export async function readTold(log: Log, pipeline: string, from = { windows: 0, letters: 0 }, repeats = false): Promise<Told> {
  const once = <T>(items: readonly T[], textOf: (item: T) => string): T[] =>
    repeats ? [...new Map(items.map((item) => [textOf(item), item])).values()] : [...items];
  const texts = once((await allTexts(log, `${pipeline}.windows`)).slice(from.windows), (text) => text);
  const records = texts.map((text) => JSON.parse(text) as WindowRecord);
  const stored = once((await allRecords(log, `${pipeline}.dlq`, 0)).slice(from.letters), ({ key }) => key);
  const letters = stored.map(({ key, bytes }) => {
    return { key, letter: JSON.parse(Buffer.from(bytes ?? []).toString()) as DeadLetter };
  });
  const byName = new Map<string, WindowRow[]>();
  for (const row of records) {
    if (row.kind !== 'row') continue;
    const rows = byName.get(nameOf(row)) ?? [];
    byName.set(nameOf(row), rows);
    rows.push(row);
  }
  for (const [name, rows] of byName) assertMonotonic(name, rows);
  return {
    records,
    last: [...byName.values()].map((rows) => rows.at(-1)!),
    first: firstFinals(records),
    closed: records.filter((record) => record.kind === 'closed'),
    letters,
    alerts: once(await allTexts(log, `${pipeline}.alerts`), (text) => text),
  };
}

/** In the order in which they stand in the log. */
function firstFinals(records: readonly WindowRecord[]): WindowRow[] {
  const seen = new Set<string>();
  return records.filter((record): record is WindowRow => {
    if (record.kind === 'closed' || !record.final || record.origin !== '' || seen.has(nameOf(record))) return false;
    seen.add(nameOf(record));
    return record.corrections === 0;
  });
}

/** A newer row has a higher version and takes no event back; only what a flush shows twice may be the same. */
function assertMonotonic(name: string, rows: readonly WindowRow[]): void {
  rows.slice(1).forEach((row, i) => {
    const before = rows[i]!;
    const repeats = !row.final && JSON.stringify(row) === JSON.stringify(before);
    assert.ok(repeats || BigInt(row.version) > BigInt(before.version), `${name}: version ${row.version} after ${before.version}`);
    const sameRevision = BigInt(row.version) >> 54n === BigInt(before.version) >> 54n;
    // Counts of outcomes grow without an event.
    const isMore =
      row.events > before.events || (row.events === before.events && JSON.stringify(row.state) !== JSON.stringify(before.state));
    assert.ok(!sameRevision || !before.final || (row.final && isMore), `${name}: ${row.events} events after ${before.events}`);
  });
}
