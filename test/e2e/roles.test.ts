/** One pipeline split by role over processes, with Redis between them, and stand-bys that take over. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { columnAt, splitLines } from '../../src/log/batch.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { service } from '../support/services.ts';
import { bring, valuesOf } from './kafka-topic.ts';
import { ownPipeline } from './own-pipeline.ts';
import { SAMPLE } from './sample-checks.ts';
import { startFor, until, type Running } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
const redis = service('redis');
const skip = kafka.skip || redis.skip || sampleMissing;
const SESSION_MS = 2_000;

interface Status {
  readonly outcomes: { readonly read: number; readonly accepted: number };
  readonly windows: Readonly<Record<string, { readonly results: number; readonly corrections: number }>>;
  readonly partitions: readonly unknown[];
}

function fleetIn(t: TestContext, dir: string, file: string, prefix: string) {
  let next = 0;
  return (roles: string, more: readonly string[] = []): Running => {
    const stores = ['--hot-store', `redis://${redis.address}/0?prefix=${prefix}`, '--olap-store', 'none'];
    const data = ['--data', path.join(dir, `${next++}`), '--session-ms', String(SESSION_MS), '--commit-every-ms', '200'];
    return startFor(t, [
      'run',
      file,
      '--log',
      `kafka://${kafka.address}`,
      ...stores,
      '--clock',
      'event',
      '--roles',
      roles,
      ...data,
      ...more,
    ]);
  };
}

function sample(): Uint8Array[] {
  const cut = splitLines(gunzipSync(readFileSync(SAMPLE)), { last: true });
  return Array.from({ length: cut.ends.length }, (_, i) => columnAt(cut, i));
}

const addressIn = (text: string): string | undefined => /on kafka:\S+, (http:\S+);/.exec(text)?.[1];

test(
  'aggregate, monitor and API in processes of their own; a stand-by goes on when the monitor is killed',
  { skip, timeout: 900_000 },
  async (t) => {
    const dir = temporary(t);
    const { file, name, topic } = ownPipeline(dir, 2);
    const lines = sample();
    const half = lines.length >> 1;
    const deal = (some: readonly Uint8Array[]) => [0, 1].map((partition) => some.filter((_, i) => i % 2 === partition));
    await bring(kafka.address, topic, deal(lines.slice(0, half)));
    const start = fleetIn(t, dir, file, name);
    const active = start('monitor,notify');
    await until('the active monitor', () => active.stderr().includes('monitor, from record'));
    const worker = start('aggregate', ['--listen', '127.0.0.1:0']);
    const standby = start('monitor,notify');
    const api = start('api', ['--listen', '127.0.0.1:0']);
    const at = await until('the API', () => addressIn(api.stderr()));
    const status = async (): Promise<Status> => (await (await fetch(`${at}/api/v1/pipelines/${name}/status`)).json()) as Status;
    const readOf = async (count: number): Promise<boolean> => (await status()).outcomes.read === count;
    await until(`${half} records to be shown`, () => readOf(half));
    // Who sees no monitor tells of the partitions that it owns.
    const told = await (await fetch(`${addressIn(worker.stderr())}/metrics`)).text();
    const counts = [...told.matchAll(/^tocsin_records_total\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      half,
    );
    assert.equal((await fetch(`${addressIn(worker.stderr())}/api/v1/pipelines`)).status, 404);

    active.child.kill('SIGKILL');
    const killedAt = performance.now();
    await bring(kafka.address, topic, deal(lines.slice(half)));
    await until('the stand-by to take over', () => standby.stderr().includes('monitor, from record'));
    const tookMs = performance.now() - killedAt;
    t.diagnostic(`taken over ${Math.round(tookMs)} ms after the kill, with a session of ${SESSION_MS} ms`);
    assert.ok(tookMs < SESSION_MS + 5_000, `${tookMs} ms`);
    await until('all records to be shown', () => readOf(lines.length));

    // What is served stands in Redis, written by the monitor alone.
    const latest = (await (await fetch(`${at}/api/v1/pipelines/${name}/latest?window=1m`)).json()) as { points: readonly unknown[] };
    assert.ok(latest.points.length > 20, JSON.stringify(latest).slice(0, 300));
    const values = await valuesOf(kafka.address, `${name}.windows`);
    assert.equal(new Set(values).size, values.length, 'a record stands there twice');
  },
);
