/**
 * The broker's disk is full: it stops, as it cannot write. Workers wait and say so, and once there is room they go on; windows are those of
 * the oracle.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createRandom } from '../../src/core/random.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { packRecords } from '../../src/log/batch.ts';
import { valuesOf, withKafka } from '../e2e/kafka-topic.ts';
import { ownPipeline } from '../e2e/own-pipeline.ts';
import { printedSeed, smallDisk, startFor, until, type Running } from '../e2e/tocsin.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { ownService } from '../support/services.ts';
import { adEvents } from './ad-events.ts';
import { holdsLetters, holdsRows, judgeTopic, newestRows, untilTold } from './checks.ts';
import { proxiedKafka } from './services.ts';
import { temporary } from '../support/temporary.ts';

const PARTITIONS = 2;
/** What there is of it when the disk fills: the seed says how much. */
const FIRST_RECORDS = { least: 1_000, most: 3_000 } as const;
/** The broker needs a few megabytes to begin with. */
const DISK = '64m';
/** For what a process does by itself, on a machine however busy. */
const PATIENCE_MS = 180_000;

const skip = (await ownService('kafka')).skip || sampleMissing;

test('the disk of the broker is full, and then has room again', { skip, timeout: 900_000 }, async (t) => {
  const disk = smallDisk(t, DISK);
  if (disk === undefined) return t.skip('needs the right to mount a small file system');
  const random = createRandom(printedSeed(t));
  const first = FIRST_RECORDS.least + PARTITIONS * random.below((FIRST_RECORDS.most - FIRST_RECORDS.least) / PARTITIONS);
  const dir = temporary(t);
  const ballast = path.join(disk, 'ballast');
  const kafka = await proxiedKafka(t, { dir: disk });
  const { file, name, topic } = ownPipeline(dir, PARTITIONS, (text) => `${text}\nlimits: { retire_after: 100h, idle_after: 1h }\n`);
  const direct = kafka.service.address;
  const events = adEvents(1, Date.now());
  const parts = Array.from({ length: PARTITIONS }, (_, partition) => events.filter((_event, i) => i % PARTITIONS === partition));
  const common = [file, '--log', kafka.address, '--olap-store', 'none', '--clock', 'append', '--session-ms', '3000'];

  const ended = new AbortController();
  t.after(() => ended.abort());
  async function send(from: number, to: number): Promise<void> {
    await withKafka(
      direct,
      async (log) => {
        await log.ensureTopic(topic, { partitions: PARTITIONS });
        const appends = parts.map((records, partition) => ({
          topic,
          partition,
          ...packRecords(records.slice(from / PARTITIONS, to / PARTITIONS)),
        }));
        await log.commit({ appends });
      },
      ended.signal,
    );
  }

  await send(0, first);
  const worker = startFor(t, ['run', ...common, '--commit-every-ms', '200', '--quiet', '--data', path.join(dir, 'worker')]);
  await untilTold(direct, name, first, worker.stderr);

  const brokerEnds = until('the broker to give up', () => !isAlive(kafka.service.pid()), PATIENCE_MS);
  fill(ballast);
  const sending = send(first, events.length + PARTITIONS - 1);
  // Awaited below, unless something fails before.
  sending.catch(() => {});
  await brokerEnds;
  await until('the worker to say that it waits', () => says(worker, /Waiting, and trying again/), PATIENCE_MS).catch((error: Error) => {
    throw new Error(`${error.message}; it said:\n${worker.stderr()}`, { cause: error });
  });

  rmSync(ballast);
  await kafka.service.restart();
  await sending;
  const judgement = await withKafka(direct, (log) => judgeTopic(log, loadPipeline(file)));
  const total = Object.values(judgement.counts).reduce((sum, count) => sum + count);
  await untilTold(direct, name, total, worker.stderr);
  const { code, stderr } = await worker.stop('SIGTERM');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /reached again/);
  const once = startFor(t, ['run', ...common, '--once', '--data', path.join(dir, 'last')]);
  assert.equal((await once.ended).code, 0, once.stderr());
  holdsRows('p.windows', newestRows(await valuesOf(direct, `${name}.windows`)), judgement, loadPipeline(file));
  holdsLetters(await valuesOf(direct, `${name}.dlq`), judgement);
});

/** @throws AssertionError when it has ended */
function says({ child, stderr }: Running, what: RegExp): boolean {
  assert.equal(child.exitCode ?? child.signalCode, null, stderr());
  return what.test(stderr());
}

/** A file as large as the disk has room. */
function fill(file: string): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(65_536), { flag: 'a' });
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid!, 0);
    return true;
  } catch {
    return false;
  }
}
