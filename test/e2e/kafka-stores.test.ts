/** Kafka with Redis and ClickHouse behind it, as programs use it: one JSON line, and the same rows everywhere. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startRedis } from '../../scripts/services/redis.ts';
import type { Service } from '../../scripts/services/service.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { systemClock } from '../../src/core/clock.ts';
import { columnAt, packRecords, splitLines } from '../../src/log/batch.ts';
import { openDataDir } from '../../src/log/embedded/data-dir.ts';
import { createEmbeddedLog } from '../../src/log/embedded/embedded-log.ts';
import { flatRow, mergeRows } from '../../src/windows/row-merge.ts';
import { revisionOf } from '../../src/windows/row-version.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { holdsInRedis, newestRows, untilTold } from '../crash/checks.ts';
import { startServer } from '../support/http-server.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { testClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { ownService, service } from '../support/services.ts';
import { bring, valuesOf } from './kafka-topic.ts';
import { ownPipeline, type OwnPipeline } from './own-pipeline.ts';
import { SAMPLE } from './sample-checks.ts';
import { sorted, storedRows } from './stored-rows.ts';
import { beginFor, objects, output, tocsin, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
const skip = kafka.skip || (await ownService('redis')).skip || sampleMissing;
const log = ['--log', `kafka://${kafka.address}`];
/** However busy the machine is: nobody dies here. */
const SESSION = ['--session-ms', '10000'];
const PARTITIONS = 3;
const SAMPLE_START = '2026-03-02T00:00:00Z';
/** Through one partition. */
const SAMPLE_COUNTS = { read: 5_021, accepted: 4_279, duplicate: 207, late: 83, invalid: 431, ignored: 21 };

/** What the API says, as far as it is looked at here. */
interface Answer {
  readonly source?: string;
  readonly age: number;
  readonly window_start?: string;
  readonly final?: boolean;
  readonly points?: readonly { readonly final: boolean }[];
  readonly outcomes?: { readonly read: number };
  readonly queues?: { readonly olap_lag: number };
}

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

/** The row as a revision made it: the rest of its version is its offsets. */
function ofRevision(rows: readonly WindowRow[], revision: number): WindowRow[] {
  return rows.map((row) => {
    assert.equal(revisionOf(row.version), revision);
    return { ...row, version: String(BigInt(row.version) & (2n ** 54n - 1n)) };
  });
}

describe('Kafka, with Redis and ClickHouse behind it', { skip }, () => {
  let redis: Service;
  let olap: TestClickHouse;

  before(async () => {
    [redis, olap] = await Promise.all([startRedis(), testClickHouse()]);
  });
  after(() => Promise.all([redis?.stop(), olap?.stop()]));

  /** Three workers, each with a partition of its own before the first record comes; they end when all is told. */
  async function throughThree(
    t: TestContext,
    { file, name, topic }: OwnPipeline,
    dir: string,
    parts: readonly Uint8Array[][],
  ): Promise<void> {
    await bring(kafka.address, topic, parts.map(() => [])); // prettier-ignore
    const stores = ['--hot-store', `redis://${redis.address}/3`, '--olap-store', olap.address];
    const args = ['run', file, ...log, ...SESSION, '--clock', 'event', ...stores];
    const workers = ['aggregate,monitor,notify,store', 'aggregate', 'aggregate'].map((roles, i) =>
      beginFor(t, [...args, '--roles', roles, '--data', path.join(dir, `worker-${i}`)]),
    );
    const said = (): string => workers.map(({ stderr }) => stderr()).join('\n');
    const ownsOne = (text: string): boolean => text.match(/owns \d of 3/g)?.at(-1) === 'owns 1 of 3';
    await until('each to have a partition', () => workers.every(({ stderr }) => ownsOne(stderr())), 60_000);
    await bring(kafka.address, topic, parts);
    await untilTold(kafka.address, name, parts.flat().length, said);
    await Promise.all(workers.map((one) => one.interrupt()));
  }

  it('gives the JSON line of the embedded log, and its rows in every place; so do stores that a replay fills, and it pages nobody', async (t) => {
    const [dir, elsewhere, third] = [temporary(t), temporary(t), temporary(t)];
    const pager = await startServer(t, (_, response) => response.end());
    // Of so few events something is to ring.
    const loud = (text: string): string =>
      `${text.replace(/min_volume: \d+/, 'min_volume: 8').replace(/warm_up: \d+/, 'warm_up: 2')}\nreceivers: { desk: { type: webhook, url: "${pager.origin}/" } }\n`;
    const own = ownPipeline(dir, PARTITIONS, loud);
    // The same under other names: all have their rows in one ClickHouse.
    const other = ownPipeline(elsewhere, PARTITIONS, loud);
    const fleet = ownPipeline(third, PARTITIONS, (text) => `${text}\nlimits: { idle_after: 1h }\n`);
    const parts = dealt(PARTITIONS);
    const renamed = (value: unknown): unknown =>
      JSON.parse(
        [other, fleet].reduce((text, one) => text.replaceAll(one.topic, own.topic).replaceAll(one.name, own.name), JSON.stringify(value)),
      );
    const olapStore = ['--notify', '--olap-store', olap.address];
    await bring(kafka.address, own.topic, parts);

    const data = path.join(dir, 'data');
    const onKafka = once(own.file, data, [...log, ...SESSION, ...olapStore, '--hot-store', `redis://${redis.address}`]);
    const line = await output(onKafka);
    const paged = pager.received.length;
    assert.ok(paged > 5, `${paged} pages`);
    const wanted = await embedded(other.file, other.topic, path.join(elsewhere, 'data'), parts, olapStore);
    assert.deepEqual(countsOf(line), countsOf(wanted));
    assert.equal(pager.received.length, 2 * paged);
    const told = newestRows(await valuesOf(kafka.address, `${own.name}.windows`));
    assert.ok(told.length > 1_000, `${told.length} rows`);
    const stored = sorted(await storedRows(olap.address, own.name));
    assert.deepEqual(stored, sorted(told), 'ClickHouse has what p.windows has');
    assert.deepEqual(renamed(sorted(await storedRows(olap.address, other.name))), stored, 'and what came through the embedded log');
    const pipeline = loadPipeline(own.file);
    assert.ok((await holdsInRedis(`redis://${redis.address}`, told, pipeline)) > 500);

    // What is open is given out by a last run.
    await throughThree(t, fleet, third, parts);
    const stores = ['--hot-store', `redis://${redis.address}/3`, '--olap-store', olap.address];
    const ofThree = JSON.parse(await output(once(fleet.file, path.join(third, 'last'), [...log, ...SESSION, ...stores]))) as object;
    assert.deepEqual({ ...(countsOf(line) as object), alerts: 0 }, { ...ofThree, seconds: 0, alerts: 0 });
    const rows = newestRows(await valuesOf(kafka.address, `${fleet.name}.windows`));
    assert.deepEqual(sorted(await storedRows(olap.address, fleet.name)), sorted(rows));
    assert.deepEqual(renamed(sorted(rows)), stored, 'what came through three workers');
    assert.ok((await holdsInRedis(`redis://${redis.address}/3`, rows, loadPipeline(fleet.file))) > 500);

    // A second run has nothing to add, and says the same.
    assert.deepEqual(countsOf(await output(onKafka)), countsOf(line));
    assert.deepEqual(sorted(newestRows(await valuesOf(kafka.address, `${own.name}.windows`))), sorted(told));
    // No pipeline need be named on this broker of many: one ran with this directory.
    const shown = await objects(['windows', '--json', '--data', data, ...log]);
    assert.deepEqual(shown, JSON.parse(JSON.stringify(mergeRows(stored, pipeline.engine.measures).map(flatRow))));

    const empty = await testClickHouse();
    t.after(() => empty.stop());
    const emptyRedis = `redis://${redis.address}/1`;
    const replay = ['replay', own.file, '--from', '0', '--clock', 'event', '--data', data, '--json', ...log];
    const again = JSON.parse(await output([...replay, '--hot-store', emptyRedis, '--olap-store', empty.address])) as Record<
      string,
      unknown
    >;
    assert.deepEqual([again['revision'], again['events']], [2, (countsOf(line) as { events: unknown }).events]);
    const anew = newestRows(await valuesOf(kafka.address, `${own.name}.windows`));
    assert.deepEqual(ofRevision(sorted(anew), 2), ofRevision(stored, 1), 'every row again, to the last bit');
    assert.deepEqual(sorted(await storedRows(empty.address, own.name)), sorted(anew));
    assert.ok((await holdsInRedis(emptyRedis, anew, pipeline)) > 500);
    assert.equal(pager.received.length, 2 * paged, 'nobody is paged for the past');
  });

  it('--once beside a worker that keeps partitions: ends when they are read, with the same counts', async (t) => {
    const beside = async (partitions: number): Promise<void> => {
      const dir = temporary(t);
      const { file, topic } = ownPipeline(dir, partitions);
      const parts = dealt(partitions);
      await bring(kafka.address, topic, parts);
      const common = ['--olap-store', 'none', '--clock', 'event', ...log];
      const worker = beginFor(t, ['run', file, '--data', path.join(dir, 'worker'), ...common, '--session-ms', '30000']);
      await until('the worker to have the partitions', () => worker.stderr().includes(`owns ${partitions} of ${partitions}`));
      const { code, stdout, stderr } = await tocsin(once(file, path.join(dir, 'once'), [...common, '--session-ms', '3000']));
      assert.equal(code, 0, stderr);
      if (partitions > 1) assert.match(stderr, /other processes have read what was not read here/);
      const { events } = JSON.parse(stdout) as { events: Record<string, number> };
      assert.deepEqual(events, partitions === 1 ? SAMPLE_COUNTS : { ...events, read: parts.flat().length, ignored: 21 });
      assert.equal(await Promise.race([worker.ended, Promise.resolve('runs')]), 'runs', 'the worker goes on');
      assert.equal((await worker.interrupt()).code, 0);
    };
    // Of two partitions it gets one; of one all or nothing, which is for the group to say, and no difference to who asks.
    await Promise.all([beside(1), beside(2)]);
  });

  it('with Redis killed the API answers from ClickHouse and says so, then from a Redis that was filled again', async (t) => {
    const dir = temporary(t);
    const { file, name, topic } = ownPipeline(dir, 1);
    const [lines] = dealt(1);
    const half = lines!.length >> 1;
    await bring(kafka.address, topic, [lines!.slice(0, half)]);
    const places = [...log, ...SESSION, '--hot-store', `redis://${redis.address}/2`, '--olap-store', olap.address];
    const args = ['run', file, '--data', path.join(dir, 'data'), '--clock', 'event', '--listen', '127.0.0.1:0', ...places];
    const running = beginFor(t, args);
    const url = await until('the API', () => /(http:\/\/127\.0\.0\.1:\d+);/.exec(running.stderr())?.[1]);
    const ask = async (at: string): Promise<Answer> => (await (await fetch(`${url}${at}`)).json()) as Answer;
    const of = `/api/v1/pipelines/${name}`;
    const isStored = async (count: number): Promise<boolean> => {
      const { outcomes, queues } = await ask(`${of}/status`);
      return outcomes?.read === count && queues?.olap_lag === 0;
    };
    /** The served segment, and its final rows of a minute. */
    const from = (source: string, since = '') =>
      until(
        `answers from ${source}`,
        async () => {
          const latest = await ask('/metrics/US/banner');
          const { points = [], ...history } = await ask(`${of}/windows?window=1m&country=US&ad_format=banner&from=${SAMPLE_START}`);
          const isThere = latest.source === source && history.source === source && (latest.window_start ?? '') >= since;
          return isThere && { latest, rows: points.filter(({ final }) => final) };
        },
        40_000,
      );
    await until('the first half to be read, and to be in ClickHouse', () => isStored(half));
    const first = await from('hot');
    await redis.kill();
    const without = await from('olap');
    assert.deepEqual(without.rows, first.rows);
    assert.ok(without.rows.length > 5 && without.latest.final && without.latest.age > 0, JSON.stringify(without.latest));

    await bring(kafka.address, topic, [lines!.slice(half)]);
    await until('the second half to be there as well', () => isStored(lines!.length));
    const newer = await from('olap', without.latest.window_start);
    assert.ok(newer.rows.length > without.rows.length);
    await redis.restart();
    const filled = await from('hot', newer.latest.window_start);
    assert.deepEqual(filled.rows, newer.rows);
    assert.match(running.stderr(), /Redis at \S+ is empty: it is filled from the log/);
  });
});
