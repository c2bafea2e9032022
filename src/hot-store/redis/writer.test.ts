/** The writer on a connection that fails where the test says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hotRow } from '../../../test/support/hot-row.ts';
import { until } from '../../../test/support/until.ts';
import { silentLogger } from '../../core/logger.ts';
import type { Client, Connection } from './connection.ts';
import { createKeyNames } from './keys.ts';
import { createWriter } from './writer.ts';

test('rows that were lost are asked for again, also where Redis fails just when it is to be told', async (t) => {
  let failures = 1;
  const deleted: unknown[] = [];
  const client = {
    set: async () => 'OK',
    mGet: async () => ['ads', 'ads'],
    info: async () => '',
    async del(key: string) {
      if (failures-- > 0) throw new Error('LOADING Redis is loading the dataset in memory');
      deleted.push(key);
    },
  } as unknown as Client;
  let isThere = false;
  const connection = { client: () => (isThere ? client : undefined), run: async () => [0, 1] } as unknown as Connection;
  const names = createKeyNames({ prefix: 'metrics', pipelines: ['ads'], dimensions: { ads: ['country', 'ad_format'] } });
  let empties = 0;
  const writer = createWriter(
    { names, pipelines: ['ads'], maxSeries: 100, ttlMs: 1_000, windowTtlMs: 1_000, maxWaitingRows: 2, shown: 'redis' },
    { connection: () => connection, logger: silentLogger, onEmpty: () => empties++ },
  );
  t.after(() => writer.stop());
  const row = (minute: number) => {
    const one = hotRow(minute);
    return { row: one, start: Date.parse(one.window_start), keys: names.series('ads', '1m', one.labels), keepMs: undefined };
  };
  // While it is away more rows come than may wait.
  await writer.put([row(0), row(1), row(2)]);
  isThere = true;
  await writer.begin();
  await until(() => failures <= 0 && writer.waiting() === 0);
  await until(() => empties > 0);
  assert.deepEqual([deleted, empties], [['metrics:@filled'], 1]);
});

test('what Redis holds is asked again where it could not say so when the connection began', async (t) => {
  let refusals = 2;
  const filled = new Map([['metrics:@filled', 'the start before']]);
  const client = {
    async set(key: string, value: string, { condition }: { condition?: string } = {}) {
      if (refusals-- > 0) throw new Error('LOADING Redis is loading the dataset in memory');
      if (condition === undefined) filled.set(key, value);
    },
    mGet: async () => ['ads', filled.get('metrics:@filled') ?? null],
    info: async () => '# Server\r\nrun_id:this-start\r\n',
    del: async (key: string) => filled.delete(key),
  } as unknown as Client;
  const connection = { client: () => client, run: async () => [0, 1] } as unknown as Connection;
  const names = createKeyNames({ prefix: 'metrics', pipelines: ['ads'], dimensions: {} });
  let empties = 0;
  const writer = createWriter(
    { names, pipelines: ['ads'], maxSeries: 100, ttlMs: 1_000, windowTtlMs: 1_000, maxWaitingRows: 2, shown: 'redis' },
    { connection: () => connection, logger: silentLogger, onEmpty: () => empties++ },
  );
  t.after(() => writer.stop());
  await assert.rejects(writer.begin(), /LOADING/);
  await writer.markFilled('ads');
  assert.deepEqual([writer.isKnown(), empties], [false, 0]);
  await until(() => writer.isKnown());
  assert.deepEqual([[...filled], empties], [[], 1], 'what was said to be filled was so before');
  await writer.markFilled('ads');
  assert.deepEqual([...filled], [['metrics:@filled', 'this-start']]);
});
