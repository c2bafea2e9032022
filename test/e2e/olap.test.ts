/** What a run computes lands in the embedded OLAP store, and a replay of everything leaves it as `tocsin windows` shows it. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { systemClock } from '../../src/core/clock.ts';
import { originKey, type DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import { openEmbeddedStore } from '../../src/olap-store/chdb/open.ts';
import type { AlertRecord } from '../../src/olap-store/olap-store.ts';
import { flatRow, mergeRows } from '../../src/windows/row-merge.ts';
import { collect } from '../contract/olap-store.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { SAMPLE, waryPipeline } from './sample-checks.ts';
import { ndjson, output } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

/** Without it everything else works, so its absence is no failure. */
function chdbMissing(): string | false {
  try {
    createRequire(import.meta.url).resolve('chdb');
    return false;
  } catch {
    return 'chDB is not installed here';
  }
}

async function assertStored(data: string, pipeline: string): Promise<void> {
  const shown = async <T>(...args: string[]): Promise<T[]> => ndjson<T>(await output([...args, '--data', data, '--json']));
  const windows = await shown('windows');
  const records = await shown<AlertRecord>('alerts', '--records');
  const letters = await shown<DeadLetter & { origin: string }>('dlq', 'list');
  assert.ok(windows.length > 606 && records.length > 100 && letters.length === 514);

  const store = await openEmbeddedStore(data, { clock: systemClock });
  try {
    const { measures } = loadPipeline(pipeline).engine;
    const rows = await collect(store.windows({ pipeline: 'adtech' }, (found) => found));
    assert.deepEqual(mergeRows(rows, measures).map(flatRow), windows);
    assert.equal(rows.length, windows.length);
    const newest = new Map(records.map((record) => [record.alert_id, record]));
    const alerts = await store.alerts({ pipeline: 'adtech', limit: 100_000 });
    assert.deepEqual(new Map(alerts.map((alert) => [alert.alert_id, alert])), newest);
    assert.equal(alerts.length, newest.size);
    const stored = await store.deadLetters({ pipeline: 'adtech', limit: 100_000 });
    const named = stored.map((letter) => ({ origin: originKey(letter.topic, letter.partition, letter.offset), ...letter }));
    assert.deepEqual(
      named.sort((a, b) => a.offset - b.offset),
      letters,
    );
  } finally {
    await store.close();
  }
}

test(
  'windows, alerts and dead letters are in the embedded store, once, also after a replay of everything',
  {
    skip: sampleMissing || chdbMissing(),
  },
  async (t) => {
    const dir = temporary(t);
    const pipeline = waryPipeline(dir);
    const data = path.join(dir, 'data');
    const run = ['run', pipeline, '--input', SAMPLE, '--once', '--json', '--data', data];
    const first = await output(run);
    await assertStored(data, pipeline);
    const again = await output([...run, '--from', 'earliest']);
    assert.deepEqual({ ...JSON.parse(again), seconds: 0 }, { ...JSON.parse(first), seconds: 0 });
    await assertStored(data, pipeline);
  },
);
