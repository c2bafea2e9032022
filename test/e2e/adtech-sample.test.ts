/** The ad-tech sample through the real command line: from a file, through the log, killed again and again, and growing. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createRandom, type Random } from '../../src/core/random.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { killedRuns, midway } from './killed-run.ts';
import {
  checkAlertsFollow,
  checkDeadLetters,
  checkOutcomes,
  checkSummary,
  checkWindows,
  SAMPLE,
  shownWindows,
  waryPipeline,
} from './sample-checks.ts';
import { output, printedSeed } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const KILLS = process.env['SOAK'] === '1' ? 100 : 6;
const skip = sampleMissing;

/** One run from the file to its end, nothing in its way: what every other way must come to. */
const whole = { dir: '', pipeline: '', summary: '', windows: '', alerts: '' };

before(async () => {
  if (skip !== false) return;
  whole.dir = mkdtempSync(path.join(tmpdir(), 'tocsin-e2e-'));
  whole.pipeline = waryPipeline(whole.dir);
  const data = path.join(whole.dir, 'data');
  whole.summary = await run(whole.pipeline, data, path.join(whole.dir, 'outcomes.ndjson'), ['--input', SAMPLE]);
  whole.windows = await shownWindows(data);
  whole.alerts = await checkAlertsFollow(data, whole.pipeline);
});
after(() => {
  if (whole.dir !== '') rmSync(whole.dir, { recursive: true, force: true });
});

function run(pipeline: string, data: string, outcomes: string, more: readonly string[]): Promise<string> {
  return output(['run', pipeline, '--once', '--json', '--olap-store', 'none', '--data', data, '--outcomes', outcomes, ...more]);
}

/** All that was computed is the sample's, and the same to the byte as in the undisturbed run. */
async function checkAll(data: string, outcomes: string, summary: string): Promise<void> {
  checkSummary(summary);
  checkOutcomes(outcomes);
  await checkWindows(data);
  await checkDeadLetters(data);
  assert.equal(await shownWindows(data), whole.windows);
  assert.equal(await checkAlertsFollow(data, whole.pipeline), whole.alerts);
  assert.deepEqual(withoutTime(summary), withoutTime(whole.summary));
}

function withoutTime(summary: string): unknown {
  const { seconds, ...counts } = JSON.parse(summary) as Record<string, unknown>;
  assert.ok(Number(seconds) > 0);
  return counts;
}

function seeded(t: TestContext): Random {
  return createRandom(printedSeed(t));
}

test('from the file: every outcome, window and dead letter is the stated one', { skip }, async () => {
  await checkAll(path.join(whole.dir, 'data'), path.join(whole.dir, 'outcomes.ndjson'), whole.summary);
});

test('with the pipeline as it is shipped too', { skip }, async (t) => {
  const dir = temporary(t);
  const [data, outcomes] = [path.join(dir, 'data'), path.join(dir, 'outcomes')];
  checkSummary(await run('pipelines/adtech.yml', data, outcomes, ['--input', SAMPLE]));
  checkOutcomes(outcomes);
  await checkWindows(data);
  await checkDeadLetters(data);
});

test('through the log, ingested in pieces and read in batches of a random size', { skip }, async (t) => {
  const random = seeded(t);
  const dir = temporary(t);
  const [data, outcomes] = [path.join(dir, 'data'), path.join(dir, 'outcomes')];
  for (const piece of cutAtLineEnds(gunzipSync(readFileSync(SAMPLE)), 6, random)) {
    await output(['ingest', '-', '--topic', 'ad-events', '--partitions', '1', '--data', data, '--quiet'], { input: piece });
  }
  const batch = String(1 + random.below(700));
  t.diagnostic(`--batch-records ${batch}`);
  await checkAll(data, outcomes, await run(whole.pipeline, data, outcomes, ['--batch-records', batch]));
});

test(`killed at ${KILLS} random points and started again: nothing is lost and nothing counts twice`, { skip }, async (t) => {
  const random = seeded(t);
  const dir = temporary(t);
  const { data, outcomes, summary, linesAt } = await killedRuns(dir, whole.pipeline, KILLS, random);
  t.diagnostic(`killed with ${linesAt.join(', ')} lines committed`);
  assert.ok(midway(linesAt) >= 2, `only ${midway(linesAt)} of ${linesAt.length} kills hit a run in its middle`);
  await checkAll(data, outcomes, summary);
});

test('a file that grows: half of it, then the whole, then again', { skip }, async (t) => {
  const random = seeded(t);
  const dir = temporary(t);
  const [data, outcomes, file] = [path.join(dir, 'data'), path.join(dir, 'outcomes'), path.join(dir, 'events.ndjson')];
  const bytes = gunzipSync(readFileSync(SAMPLE));
  const [half] = cutAtLineEnds(bytes, 2, random);
  writeFileSync(file, half!);
  const first = JSON.parse(await run(whole.pipeline, data, outcomes, ['--input', file])) as { events: { read: number } };
  assert.equal(first.events.read, linesOf(half!));
  writeFileSync(file, bytes);
  await checkAll(data, outcomes, await run(whole.pipeline, data, outcomes, ['--input', file]));
  // Compressed it is the same content: there is nothing more to read.
  await checkAll(data, outcomes, await run(whole.pipeline, data, outcomes, ['--input', SAMPLE]));
});

/** `count` pieces of random lengths, each of them whole lines. */
function cutAtLineEnds(bytes: Uint8Array, count: number, random: Random): Uint8Array[] {
  const cuts = Array.from({ length: count - 1 }, () => bytes.indexOf(10, random.below(bytes.length)) + 1).filter((cut) => cut > 0);
  const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

function linesOf(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => count + Number(byte === 10), 0);
}
