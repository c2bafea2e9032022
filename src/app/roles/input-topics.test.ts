import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordBatch } from '../../log/log.ts';
import { unreadOf } from './input-topics.ts';

test('others have read all before the ends of a run where marks of transactions alone are left', async () => {
  const lags = [
    { topic: 'raw', partition: 0, offset: 4, end: 9, lag: 5 },
    { topic: 'raw', partition: 1, offset: 7, end: 7, lag: 0 },
    { topic: 'raw', partition: 2, offset: undefined, end: 3, lag: 3 },
  ];
  const next = new Map<number, number>();
  const deps = {
    connection: { lag: async () => lags },
    reader: {
      read: async (_: string, partition: number) => {
        const firstOffset = next.get(partition);
        return firstOffset === undefined ? undefined : ({ firstOffset } as RecordBatch);
      },
    },
  };
  const ends = new Map([
    ['raw/0', 5],
    ['raw/1', 7],
    ['raw/2', 3],
  ]);
  assert.equal(await unreadOf(deps, 'p', ['raw'], ends), 0);
  next.set(2, 1);
  assert.equal(await unreadOf(deps, 'p', ['raw'], ends), 2);
  next.set(0, 6);
  assert.equal(await unreadOf(deps, 'p', ['raw'], ends), 2, 'what lies beyond the ends is not waited for');
});
