import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PipelineStatus } from '../../../src/server/api.ts';
import { endOf, topicSizes } from './topic-sizes.ts';

const partition = (name: string, offset: number, end: number) => ({ name, offset, end }) as PipelineStatus['partitions'][number];

test('a topic holds at least what was read of it, whichever was told first', () => {
  const topics = [
    {
      name: 'events',
      partitions: [
        { partition: 0, start: 10, end: 100, stored_bytes: 5 },
        { partition: 1, start: 0, end: 100, stored_bytes: 7 },
      ],
    },
    { name: 'p.windows', partitions: [{ partition: 0, start: 0, end: 3, stored_bytes: 1 }] },
  ];
  const read = [partition('events/0', 130, 120), partition('events/1', 50, 60)];
  assert.deepEqual(topicSizes(topics, read), [
    { name: 'events', records: 120 + 100, bytes: 12 },
    { name: 'p.windows', records: 3, bytes: 1 },
  ]);
  assert.deepEqual(read.map(endOf), [130, 60]);
});
