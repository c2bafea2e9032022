import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../core/errors.ts';
import type { Log, RecordBatch } from './log.ts';
import { unreadRecords } from './unread.ts';

const from2to5 = { topic: 'raw', partition: 0, offset: 2, end: 5 };
const nextAt =
  (firstOffset: number): Log['read'] =>
  async () =>
    ({ firstOffset }) as RecordBatch;

test('marks of transactions at the end are no records', async () => {
  assert.equal(await unreadRecords({ read: nextAt(2) }, from2to5), 3);
  assert.equal(await unreadRecords({ read: nextAt(4) }, from2to5), 1, 'marks before it');
  assert.equal(await unreadRecords({ read: async () => undefined }, from2to5), 0);
  assert.equal(await unreadRecords({ read: nextAt(7) }, from2to5), 0, 'it came after the end was asked for');
});

test('at the end nobody looks; who may not look goes by the offsets; a log that is away is an error', async () => {
  const failing = (code: 'log_refused' | 'log_unavailable') => ({ read: () => Promise.reject(new AppError(code, 'no')) });
  assert.equal(await unreadRecords(failing('log_unavailable'), { ...from2to5, offset: 5 }), 0);
  assert.equal(await unreadRecords(failing('log_refused'), from2to5), 3);
  await assert.rejects(unreadRecords(failing('log_unavailable'), from2to5), { code: 'log_unavailable' });
});
