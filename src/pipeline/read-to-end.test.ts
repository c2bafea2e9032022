import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../core/errors.ts';
import type { Log, RecordBatch } from '../log/log.ts';
import { isReadToEnd, type Reading } from './read-to-end.ts';

const inputs = [0, 1].map((partition) => ({ topic: 't', partition, name: `t/${partition}` }));

/** Counted up to these offsets, by who says that it has caught up with both. */
function counted(offsets: readonly number[], hasNews = (): boolean => false): Reading {
  return { hasNews, partitions: () => offsets.map((offset, partition) => ({ name: `t/${partition}`, offset, caughtUp: true })) };
}

type Ended = Parameters<typeof isReadToEnd>[2];

const ask = (reading: Reading | undefined, log: Ended): Promise<boolean> => isReadToEnd(inputs, () => reading, log);

/** Both partitions end at 5. */
const upToFive = (read: Log['read'] = async () => ({}) as RecordBatch) => ({
  bounds: async () => ({ start: 0, end: 5, storedBytes: 0 }),
  read,
});

test('all is read where every partition is, whatever is said of having caught up', async () => {
  assert.equal(await ask(counted([5, 5]), upToFive()), true);
  assert.equal(await ask(counted([5, 4]), upToFive()), false);
  assert.equal(await ask(counted([5]), upToFive()), false, 'of one nobody has told');
  assert.equal(await ask(undefined, upToFive()), false, 'who reads is not known here');
});

test('marks of transactions at the end are nothing to read', async () => {
  const reads: number[] = [];
  const nothing: Log['read'] = async (_, partition) => void reads.push(partition);
  assert.equal(await ask(counted([5, 4]), upToFive(nothing)), true);
  assert.deepEqual(reads, [1]);
});

test('what was read and not told counts as not read; also where it came while that was asked', async () => {
  assert.equal(
    await ask(
      counted([5, 5], () => true),
      upToFive(),
    ),
    false,
  );
  let asked = 0;
  assert.equal(
    await ask(
      counted([5, 5], () => asked++ > 0),
      upToFive(),
    ),
    false,
  );
  const readers = [counted([5, 5]), counted([0, 0])];
  assert.equal(await isReadToEnd(inputs, () => readers.shift(), upToFive()), false, 'it is another one by now');
});

test('who may not look goes by what is told; a log that is away says nothing', async () => {
  const failing = (code: 'log_refused' | 'log_unavailable') => upToFive(() => Promise.reject(new AppError(code, 'no')));
  assert.equal(await ask(counted([5, 4]), failing('log_refused')), true);
  assert.equal(await ask(counted([5, 4]), failing('log_unavailable')), false);
});
