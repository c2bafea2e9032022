/**
 * The ad-tech sample pushed over HTTP into a running process, which is killed now and then: whatever order and repeats that leaves in
 * the log, outcomes and windows are what the sample's rules give over it.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { readWindows } from '../../src/app/readers/windows.ts';
import { withReading } from '../../src/app/readers/reading.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createRandom, type Random } from '../../src/core/random.ts';
import { recordAt } from '../../src/log/batch.ts';
import type { PipelineStatus } from '../../src/server/api.ts';
import { sampleMissing, sampleOutcomes, sampleRecords, sampleSpec } from '../oracle/adtech-sample.ts';
import { differences } from '../oracle/compare.ts';
import { judge } from '../oracle/oracle.ts';
import type { OracleRecord } from '../oracle/record.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PIPELINE = join(ROOT, 'pipelines/adtech.yml');
const TOPIC = 'ad-events';

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

function spawnTocsin(t: TestContext, ...args: string[]): ChildProcess {
  const child = spawn(join(ROOT, 'bin/tocsin'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function start(t: TestContext, dir: string): Promise<Running> {
  const child = spawnTocsin(t, 'run', PIPELINE, ...common(dir), '--listen', '127.0.0.1:0');
  let said = '';
  for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    said += chunk.toString();
    const url = /(http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
    if (url !== undefined) {
      child.stderr!.resume();
      return { child, url };
    }
  }
  throw new Error(`it did not start: ${said}`);
}

function common(dir: string): string[] {
  return ['--data', join(dir, 'data'), '--olap-store', 'none', '--clock', 'event', '--outcomes', join(dir, 'outcomes.ndjson'), '--quiet'];
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Bytes of the sample in batches of whole lines, in order. */
function batches(random: Random): Buffer[] {
  const lines = sampleRecords().map(({ bytes }) => Buffer.from(bytes!));
  const found: Buffer[] = [];
  for (let at = 0; at < lines.length;) {
    const size = 1 + random.below(random.below(4) === 0 ? 400 : 60);
    found.push(Buffer.concat(lines.slice(at, at + size).flatMap((line) => [line, Buffer.from('\n')])));
    at += size;
  }
  return found;
}

/** True when it was answered that the batch is durable. */
async function push(url: string, body: Buffer, random: Random): Promise<boolean> {
  const [encoding, encode] = [
    [undefined, (bytes: Buffer) => bytes],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ][random.below(3)] as [string | undefined, (bytes: Buffer) => Buffer];
  try {
    const answer = await fetch(`${url}/api/v1/events/${TOPIC}`, {
      method: 'POST',
      body: encode(body),
      headers: { 'content-type': 'application/x-ndjson', ...(encoding !== undefined && { 'content-encoding': encoding }) },
    });
    await answer.arrayBuffer();
    assert.ok(answer.status === 202 || answer.status === 429, `answered ${answer.status}`);
    return answer.status === 202;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return false;
  }
}

async function untilRead({ url }: Running): Promise<PipelineStatus> {
  for (;;) {
    const status = (await (await fetch(`${url}/api/v1/pipelines/adtech/status`)).json()) as PipelineStatus;
    if (status.partitions.every(({ lag }) => lag === 0)) return status;
  }
}

/** What stands in the log, against what the rules give over it. */
async function holdAgainstOracle(t: TestContext, dir: string, status: PipelineStatus): Promise<readonly OracleRecord[]> {
  // Gives the open windows out as they stand; nothing more is read.
  const flush = spawnTocsin(t, 'run', PIPELINE, ...common(dir), '--once', '--json');
  const [code] = (await once(flush, 'exit')) as [number];
  assert.equal(code, 0);
  return withReading(join(dir, 'data'), systemClock, async ({ log, pipelines }) => {
    const records: OracleRecord[] = [];
    for (const { end: last } = await log.bounds(TOPIC, 0); records.length < last;) {
      const batch = (await log.read(TOPIC, 0, records.length, { maxBytes: 1 << 20 }))!;
      for (let i = 0; i < batch.count; i++) records.push({ bytes: recordAt(batch, i), appendTime: 0 });
    }
    const expected = judge(sampleSpec, [[records]], { clock: 'event' });
    const outcomes = readFileSync(join(dir, 'outcomes.ndjson'), 'utf8').trimEnd().split('\n');
    const stated = expected.verdicts[0]![0]!.map(({ outcome, reason }, i) =>
      JSON.stringify({ line: i + 1, outcome, ...(outcome === 'invalid' && { reason }) }),
    );
    // One by one: of a list of thousands that differs somewhere a report shows the beginning alone.
    for (const [i, line] of stated.entries()) assert.equal(outcomes[i], line, Buffer.from(records[i]!.bytes!).toString());
    assert.equal(outcomes.length, stated.length);
    assert.deepEqual(status.outcomes, { read: records.length, ...expected.counts });
    const rows = [];
    for await (const row of readWindows(log, pipelines[0]!, { window: '1m' })) if (Object.keys(row.labels).length === 2) rows.push(row);
    const found = differences(rows, expected.rows, sampleSpec.measures, {
      stage: 'last',
      tolerance: 1e-12,
      distinctError: 0,
      quantileError: 0,
    });
    assert.deepEqual(found, []);
    return records;
  });
}

function temporaryDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-push-'));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

test('in order, in batches of any size: every stated outcome', { skip: sampleMissing }, async (t) => {
  const dir = temporaryDir(t);
  const random = createRandom(1);
  const running = await start(t, dir);
  for (const body of batches(random)) while (!(await push(running.url, body, random)));
  const status = await untilRead(running);
  await end(running.child, 'SIGINT');
  const records = await holdAgainstOracle(t, dir, status);
  assert.equal(records.length, sampleOutcomes().length);
  const counts = Map.groupBy(sampleOutcomes(), ({ outcome }) => outcome);
  for (const [outcome, lines] of counts) assert.equal(status.outcomes[outcome as 'late'], lines.length, outcome);
});

test(
  'from several connections, killed and started again: what was not answered is sent again, and nothing is lost',
  { skip: sampleMissing },
  async (t) => {
    const dir = temporaryDir(t);
    const random = createRandom(2);
    const waiting = batches(random);
    const KILLS = 3;
    const killAt = Array.from({ length: KILLS }, (_, i) => Math.floor((waiting.length * (i + 1)) / (KILLS + 1)) + random.below(10));
    let running = await start(t, dir);
    let answered = 0;
    while (waiting.length > 0) {
      const { child, url } = running;
      const goal = killAt.shift() ?? Infinity;
      // The moment of the kill falls into the middle of what the other connections send.
      const connections = Array.from({ length: 4 }, async () => {
        for (let body = waiting.shift(); body; body = waiting.shift()) {
          if (await push(url, body, random)) {
            if (++answered === goal) child.kill('SIGKILL');
          } else {
            waiting.unshift(body);
            if (child.exitCode !== null || child.signalCode !== null || child.killed) return;
          }
        }
      });
      await Promise.all(connections);
      if (waiting.length > 0) {
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        running = await start(t, dir);
      }
    }
    if (running.child.killed) running = await start(t, dir);
    assert.equal(killAt.length, 0, 'it was killed as often as it should be');
    const status = await untilRead(running);
    await end(running.child, 'SIGINT');
    const records = await holdAgainstOracle(t, dir, status);
    const stored = new Set(records.map(({ bytes }) => Buffer.from(bytes!).toString('latin1')));
    for (const { bytes } of sampleRecords())
      assert.ok(stored.has(Buffer.from(bytes!).toString('latin1')), 'an event that was answered is missing');
  },
);
