import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { temporary } from '../../../test/support/temporary.ts';
import { systemClock } from '../../core/clock.ts';
import { packRecords, recordAt } from '../batch.ts';
import type { RecordBatch } from '../log.ts';
import { createEmbeddedLog } from './embedded-log.ts';

const textOf = (n: number): string => `${n}:`.repeat(100_000);
const check = (batch: RecordBatch): void => assert.equal(Buffer.from(recordAt(batch, 0)).toString(), textOf(batch.firstOffset));
const isGone = ({ bytes }: RecordBatch): boolean => (bytes.buffer as ArrayBuffer).detached;

test('a row that was lent is let go when its reader asks for what follows, unless somebody else has seen it', async (t) => {
  const file = { path: path.join(temporary(t), 'log.sqlite'), clock: systemClock, rowBytes: 1 };
  const writing = createEmbeddedLog(file);
  await writing.ensureTopic('t', { partitions: 1 });
  await writing.commit({ appends: [{ topic: 't', partition: 0, ...packRecords([0, 1, 2, 3].map(textOf)) }] });
  await writing.close();
  const log = createEmbeddedLog({ ...file, readOnly: true });
  t.after(() => log.close());
  const reader = {};
  const read = async (offset: number, lentTo?: object): Promise<RecordBatch> =>
    (await log.read('t', 0, offset, { maxBytes: 1, ...(lentTo && { lentTo }) }))!;

  const first = await read(0, reader);
  check(await read(0, reader));
  check(first);
  const second = await read(1, reader);
  assert.ok(isGone(first) && !isGone(second));
  const seen = await read(1);
  const third = await read(2, reader);
  check(seen);
  check(second);
  await read(3, {});
  check(third);
  await read(3, reader);
  assert.ok(isGone(third));
  // Rows that are gone are read anew.
  check(await read(0));

  const last = await read(3, reader);
  log.left?.(reader);
  assert.equal(await log.read('t', 0, 4, { maxBytes: 1, lentTo: reader }), undefined);
  check(last);
});
