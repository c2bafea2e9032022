import assert from 'node:assert/strict';
import test from 'node:test';
import { counted } from './counted.ts';

test('one is one, and all else, nothing too, is many', () => {
  assert.deepEqual(
    [0, 1, 1_234].map((count) => counted(count, 'record')),
    ['0 records', '1 record', '1,234 records'],
  );
  assert.deepEqual([counted(1, 'entry', 'entries'), counted(2, 'entry', 'entries')], ['1 entry', '2 entries']);
});
