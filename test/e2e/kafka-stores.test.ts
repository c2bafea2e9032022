/** Kafka with Redis and ClickHouse behind it, as programs use it: one JSON line, and the same rows everywhere. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startRedis } from '../../scripts/services/redis.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { systemClock } from '../../src/core/clock.ts';
import { columnAt, packRecords, splitLines } from '../../src/log/batch.ts';
import { openDataDir } from '../../src/log/embedded/data-dir.ts';
import { createEmbeddedLog } from '../../src/log/embedded/embedded-log.ts';
import { parseOlapAddress } from '../../src/olap-store/clickhouse/address.ts';
import { createClickHouseStore } from '../../src/olap-store/clickhouse/clickhouse-store.ts';
import { flatRow, mergeRows } from '../../src/windows/row-merge.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { collect } from '../contract/olap-store.ts';
import { holdsInRedis, newestRows } from '../crash/checks.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { testClickHouse } from '../support/clickhouse.ts';
import { ownService, service } from '../support/services.ts';
import { bring, valuesOf } from './kafka-topic.ts';
import { ownPipeline } from './own-pipeline.ts';
import { SAMPLE } from './sample-checks.ts';
import { objects, output, startFor, temporary, tocsin, until } from './tocsin.ts';

const kafka = service('kafka');
const skip = kafka.skip || (await ownService('redis')).skip || sampleMissing;
const log = ['--log', `kafka://${kafka.address}`];
const SESSION = ['--session-ms', '2000'];
const PARTITIONS = 3;

/** The sample, dealt to partitions. */
function dealt(count: number): Uint8Array[][] {
  const cut = splitLines(gunzipSync(readFileSync(SAMPLE)), { last: true });
  const lines = Array.from({ length: cut.ends.length }, (_, i) => columnAt(cut, i));
  return Array.from({ length: count }, (_, partition) => lines.filter((_line, i) => i % count === partition));
}

const once = (file: string, data: string, more: readonly string[]): string[] => ['run', file, '--once', '--json', '--data', data, ...more];

/** The same records in the same partitions, through the embedded log: its JSON line. */
async function embedded(
  file: string,
  topic: string,
  data: string,
  parts: readonly Uint8Array[][],
  more: readonly string[],
): Promise<string> {
  const local = createEmbeddedLog({ path: openDataDir(data, { create: true }).logPath, clock: systemClock });
  await local.ensureTopic(topic, { partitions: parts.length });
  await local.commit({ appends: parts.map((lines, partition) => ({ topic, partition, ...packRecords(lines) })) });
  await local.close();
  return output(once(file, data, more));
}

const countsOf = (line: string): unknown => ({ ...(JSON.parse(line) as object), seconds: 0 });

/** Every row that the store has, origins apart. */
async function olapRows(address: string, pipeline: string): Promise<WindowRow[]> {
  const parsed = parseOlapAddress(address, {});
  assert.ok(parsed.kind === 'server');
  const store = createClickHouseStore({ database: parsed.database }, { endpoint: () => parsed.endpoint });
  try {
    return await collect(store.windows({ pipeline }, (found) => found));
  } finally {
    await store.close();
  }
}

/** By name, in order: what is left is a difference in the rows. */
function sorted(rows: readonly WindowRow[]): WindowRow[] {
  const nameOf = ({ window, window_start, labels, origin }: WindowRow): string => JSON.stringify([window, window_start, labels, origin]);
  return rows
    .map((row) => [nameOf(row), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row);
}

test('embedded, and Kafka with Redis and ClickHouse: one JSON line, and row by row the same in every place', { skip }, async (t) => {
  const [redis, olap] = await Promise.all([startRedis(), testClickHouse()]);
  t.after(() => Promise.all([redis.stop(), olap.stop()]));
  const [dir, elsewhere] = [temporary(t), temporary(t)];
  const own = ownPipeline(dir, PARTITIONS);
  // The same under another name: both have their rows in one ClickHouse.
  const other = ownPipeline(elsewhere, PARTITIONS);
  const parts = dealt(PARTITIONS);
  const renamed = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll(other.topic, own.topic).replaceAll(other.name, own.name));
  const olapStore = ['--olap-store', olap.address];
  await bring(kafka.address, own.topic, parts);

  const data = path.join(dir, 'data');
  const onKafka = once(own.file, data, [...log, ...SESSION, ...olapStore, '--hot-store', `redis://${redis.address}`]);
  const line = await output(onKafka);
  const wanted = await embedded(other.file, other.topic, path.join(elsewhere, 'data'), parts, olapStore);
  assert.deepEqual(countsOf(line), countsOf(wanted));
  const told = newestRows(await valuesOf(kafka.address, `${own.name}.windows`));
  assert.ok(told.length > 1_000, `${told.length} rows`);
  const stored = sorted(await olapRows(olap.address, own.name));
  assert.deepEqual(stored, sorted(told), 'ClickHouse has what p.windows has');
  assert.deepEqual(renamed(sorted(await olapRows(olap.address, other.name))), stored, 'and what came through the embedded log');
  const pipeline = loadPipeline(own.file);
  assert.ok((await holdsInRedis(`redis://${redis.address}`, told, pipeline)) > 500);

  // A second run has nothing to add, and says the same.
  assert.deepEqual(countsOf(await output(onKafka)), countsOf(line));
  assert.deepEqual(sorted(newestRows(await valuesOf(kafka.address, `${own.name}.windows`))), sorted(told));
  // No pipeline need be named on this broker of many: one ran with this directory.
  const shown = await objects(['windows', '--json', '--data', data, ...log]);
  assert.deepEqual(shown, JSON.parse(JSON.stringify(mergeRows(stored, pipeline.engine.measures).map(flatRow))));
});

test('--once beside a worker that keeps the partition: ends when that one has read it all, with the same counts', { skip }, async (t) => {
  const dir = temporary(t);
  const { file, topic } = ownPipeline(dir, 1);
  const [lines] = dealt(1);
  await bring(kafka.address, topic, [lines!]);
  const common = ['--olap-store', 'none', '--clock', 'event', ...log, ...SESSION];
  const worker = startFor(t, ['run', file, '--data', path.join(dir, 'worker'), ...common]);
  await until('the worker to have the partition', () => worker.stderr().includes('owns 1 of 1'), 40_000);
  const { code, stdout, stderr } = await tocsin(once(file, path.join(dir, 'once'), common));
  assert.equal(code, 0, stderr);
  assert.match(stderr, /other processes have read it all; what is open is theirs to give out/);
  assert.deepEqual((JSON.parse(stdout) as { events: unknown }).events, {
    read: lines!.length,
    accepted: 4279,
    duplicate: 207,
    late: 83,
    invalid: 431,
    ignored: 21,
  });
  assert.equal(worker.child.exitCode, null, 'the worker goes on');
});
