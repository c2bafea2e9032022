/** The ad-tech sample through a real broker: from one partition and from three, in several runs, killed again and again. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { createRandom } from '../../src/core/random.ts';
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import { columnAt, splitLines } from '../../src/log/batch.ts';
import { mergeRows } from '../../src/windows/row-merge.ts';
import type { WindowRecord } from '../../src/windows/row.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { service } from '../support/services.ts';
import { bring, valuesOf } from './kafka-topic.ts';
import { lastRows } from './last-rows.ts';
import { ownPipeline } from './own-pipeline.ts';
import { checkDetail, checkOutcomes, checkSummary, checkWindows, SAMPLE } from './sample-checks.ts';
import { output, printedSeed, start, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
const skip = kafka.skip !== false ? kafka.skip : sampleMissing;
const log = `kafka://${kafka.address}`;
const KILLS = process.env['SOAK'] === '1' ? 100 : 6;
const SESSION = ['--session-ms', '1000'];
let lines: Uint8Array[] = [];

before(() => {
  if (skip !== false) return;
  const cut = splitLines(gunzipSync(readFileSync(SAMPLE)), { last: true });
  lines = Array.from({ length: cut.ends.length }, (_, i) => columnAt(cut, i));
});

/** A pipeline of its own name and topics, on the same broker. */
function once(file: string, data: string, more: readonly string[] = []): string[] {
  return ['run', file, '--once', '--json', '--log', log, '--olap-store', 'none', '--data', data, ...SESSION, ...more];
}

function dealt(count: number, all: readonly Uint8Array[]): Uint8Array[][] {
  return Array.from({ length: count }, (_, partition) => all.filter((_line, i) => i % count === partition));
}

test('from one partition: every outcome and window is the stated one; a second run has nothing to add', { skip }, async (t) => {
  const dir = temporary(t);
  const { file, name, topic } = ownPipeline(dir, 1);
  await bring(kafka.address, topic, [lines]);
  const [data, outcomes] = [path.join(dir, 'data'), path.join(dir, 'outcomes')];
  const first = await output(once(file, data, ['--outcomes', outcomes]));
  checkSummary(first);
  checkOutcomes(outcomes);
  await checkWindows(data, ['--log', log, '--pipeline', name]);
  const { seconds: _, ...counts } = JSON.parse(await output(once(file, path.join(dir, 'other')))) as Record<string, unknown>;
  const { seconds: __, ...wanted } = JSON.parse(first) as Record<string, unknown>;
  assert.deepEqual(counts, wanted);
});

test('a second run goes on where the first one ended: both together are the whole', { skip }, async (t) => {
  const dir = temporary(t);
  const { file, topic } = ownPipeline(dir, 1);
  const half = Math.floor(lines.length / 2);
  await bring(kafka.address, topic, [lines.slice(0, half)]);
  const first = JSON.parse(await output(once(file, path.join(dir, 'data')))) as { events: { read: number } };
  assert.equal(first.events.read, half);
  await bring(kafka.address, topic, [lines.slice(half)]);
  checkSummary(await output(once(file, path.join(dir, 'data'))));
});

test(
  'three partitions: the same final rows and last corrections from Kafka, in two threads, as from the embedded log, row by row',
  { skip },
  async (t) => {
    const dir = temporary(t);
    const { file, name, topic } = ownPipeline(dir, 3);
    const parts = dealt(3, lines);
    await bring(kafka.address, topic, parts);
    const onKafka = JSON.parse(await output(once(file, path.join(dir, 'kafka'), ['--threads', '2']))) as Record<string, unknown>;
    const data = path.join(dir, 'embedded');
    for (const [partition, part] of parts.entries()) {
      const input = Buffer.concat(part.flatMap((line) => [line, Buffer.from('\n')]));
      await output(['ingest', '-', '--topic', topic, '--partition', String(partition), '--partitions', '3', '--data', data, '--quiet'], {
        input,
      });
    }
    const embedded = await output(['run', file, '--once', '--json', '--olap-store', 'none', '--data', data]);
    assert.deepEqual({ ...onKafka, seconds: 0 }, { ...(JSON.parse(embedded) as object), seconds: 0 });
    const tail = await output(['log', 'tail', `${name}.windows`, '--from-beginning', '--data', data]);
    const a = lastRows(tail.split('\n').filter((line) => line !== ''));
    const b = lastRows(await valuesOf(kafka.address, `${name}.windows`));
    assert.ok(a.size > 1_000);
    assert.deepEqual(b, a);
  },
);

test(`killed at ${KILLS} random points and started again: the same rows, nothing twice`, { skip, timeout: 240_000 }, async (t) => {
  const random = createRandom(printedSeed(t));
  const dir = temporary(t);
  const { file, name, topic } = ownPipeline(dir, 1);
  await bring(kafka.address, topic, [lines]);
  const data = path.join(dir, 'data');
  const seen: number[] = [];
  const told = async (): Promise<number> => (await valuesOf(kafka.address, `${name}.windows`).catch(() => [])).length;
  for (let kills = 0; ; kills++) {
    const running = start(once(file, data, ['--commit-every-ms', '0', '--batch-records', String(20 + random.below(60))]));
    if (kills < KILLS) {
      // Most of them once it counts, the others at any time of a start.
      if (random.below(5) > 0) await Promise.race([until('the partition', () => running.stderr().includes('owns 1 of 1')), running.ended]);
      await Promise.race([sleep(random.below(150)), running.ended]);
      // On a busy machine that may be too soon each time.
      if (kills >= KILLS / 2 && seen.at(-1) === 0)
        await Promise.race([until('a first row', async () => (await told()) > 0), running.ended]);
      running.child.kill('SIGKILL');
    }
    const { signal, code, stdout, stderr } = await running.ended;
    if (signal === 'SIGKILL') {
      seen.push(await told());
      continue;
    }
    assert.equal(code, 0, stderr);
    checkSummary(stdout);
    break;
  }
  t.diagnostic(`records of windows after each kill: ${seen.join(', ')}`);
  assert.ok(
    seen.some((count) => count > 0),
    'no kill hit a run in its middle',
  );
  const values = await valuesOf(kafka.address, `${name}.windows`);
  assert.equal(new Set(values).size, values.length, 'a record stands there twice');
  const letters = await valuesOf(kafka.address, `${name}.dlq`);
  assert.deepEqual([letters.length, new Set(letters).size], [514, 514]);
  for (const letter of letters) checkDetail(JSON.parse(letter) as DeadLetter);
  await checkWindows(data, ['--log', log, '--pipeline', name]);
  assert.ok(
    mergeRows(
      values.map((text) => JSON.parse(text) as WindowRecord).filter((record) => record.kind === 'row'),
      loadPipeline(file).engine.measures,
    ).length > 700,
  );
});

test("a file that the data directory's own log has is new to a topic of the broker, once", { skip }, async (t) => {
  const dir = temporary(t);
  const { topic } = ownPipeline(dir, 1);
  const [file, data] = [path.join(dir, 'events.ndjson'), path.join(dir, 'data')];
  writeFileSync(file, '{"a":1}\n{"a":2}\n');
  const ingest = async (to: readonly string[]): Promise<unknown[]> => {
    const args = ['ingest', file, '--topic', topic, '--partitions', '1', '--data', data, '--json', ...to];
    const { lines: appended, skipped_lines: skipped } = JSON.parse(await output(args)) as Record<string, unknown>;
    return [appended, skipped];
  };
  assert.deepEqual(await ingest([]), [2, 0]);
  await bring(kafka.address, topic, [[]]);
  assert.deepEqual(await ingest(['--log', log]), [2, 0]);
  assert.deepEqual(await ingest(['--log', log]), [0, 2]);
  assert.deepEqual(await ingest([]), [0, 2]);
});
