/** Kills a writer with SIGKILL at random moments: what it had reported is there, once, and nothing is there by halves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { packRecords, recordAt } from '../batch.ts';
import { createEmbeddedLog } from './embedded-log.ts';
import type { EmbeddedLog } from './embedded-log.ts';

const ROUNDS = 8;
const writeTo = process.env['TOCSIN_TEST_WRITE'];

if (writeTo !== undefined) await writeForever(writeTo);
else test('everything reported as committed survives kill -9, exactly once and whole', { timeout: 60_000 }, killRepeatedly);

/**
 * The writer: unit `n` appends to both partitions records `n/0`, `n/1`, … , commits offset n + 1 and state n. Several commits at once, so
 * that kills hit groups too; retention and checkpoints run along.
 */
async function writeForever(path: string): Promise<never> {
  const log = createEmbeddedLog({ path, clock: systemClock, rowBytes: 4_000, checkpointBytes: 100_000 });
  await log.ensureTopic('t', { partitions: 2 });
  await log.ensureTopic('gone', { partitions: 1, retentionBytes: 10_000 });
  const [found] = await log.state('last');
  let n = found ? Number(Buffer.from(found[1]).toString()) + 1 : 0;
  for (;;) {
    const units = Array.from({ length: 1 + (n % 3) }, () => n++);
    await Promise.all(units.map((unit) => writeUnit(log, unit).then(() => process.stdout.write(`${unit}\n`))));
    if (n % 10 === 0) await log.applyRetention();
  }
}

/** Sizes from one small record to several rows. */
function valuesOf(n: number): string[] {
  return Array.from({ length: 1 + ((n * 7) % 23) }, (_, i) => `${n}/${i} ${'x'.repeat((n * 131 + i * 17) % 900)}`);
}

async function writeUnit(log: EmbeddedLog, n: number): Promise<void> {
  const packed = packRecords(valuesOf(n));
  await log.commit({
    appends: [0, 1].map((partition) => ({ topic: 't', partition, ...packed })).concat([{ topic: 'gone', partition: 0, ...packed }]),
    offsets: [{ group: 'g', topic: 't', partition: 1, offset: n + 1 }],
    state: [['last', Buffer.from(`${n}`)]],
  });
}

async function killRepeatedly(): Promise<void> {
  const seed = Number(process.env['TOCSIN_TEST_SEED'] ?? systemClock.now() % 1_000_000);
  console.log(`kill -9 at random moments: TOCSIN_TEST_SEED=${seed}`);
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-kill-'));
  const path = join(dir, 'log.sqlite');
  let random = seed;
  let reported = -1;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      reported = Math.max(reported, await writeAndKill(path, 1 + ((random >>> 8) % 120), random % 7));
      await assertWhole(path, reported);
    }
    assert.ok(reported >= ROUNDS, 'the writer got somewhere');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Kills the writer `delayMs` after its `reports`th report; the last unit that it reported. */
async function writeAndKill(path: string, reports: number, delayMs: number): Promise<number> {
  const env = { ...process.env, TOCSIN_TEST_WRITE: path };
  const child = spawn(process.execPath, [import.meta.filename], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let last = -1;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    // The moment must not be tied to a report, as then the kill would always come at the same place of a commit.
    if (++seen === reports) setTimeout(() => child.kill('SIGKILL'), delayMs);
  }
  const [, signal] = (await exited) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', 'the writer ended by itself');
  return last;
}

/** By a reader beside the WAL that was left, then by the next writer. */
async function assertWhole(path: string, reported: number): Promise<void> {
  for (const readOnly of [true, false]) {
    const log = createEmbeddedLog({ path, clock: systemClock, readOnly });
    const last = Number(Buffer.from((await log.state('last'))[0]![1]).toString());
    assert.ok(last >= reported, `unit ${reported} was reported, ${last} is there`);
    assert.equal(await log.committed('g', 't', 1), last + 1);
    const expected = Array.from({ length: last + 1 }, (_, n) => valuesOf(n)).flat();
    for (const partition of [0, 1]) {
      assert.deepEqual(await log.bounds('t', partition).then(({ start, end }) => [start, end]), [0, expected.length]);
      const found: string[] = [];
      while (found.length < expected.length) {
        const batch = (await log.read('t', partition, found.length, { maxBytes: 1 << 16 }))!;
        assert.equal(batch.firstOffset, found.length);
        for (let i = 0; i < batch.count; i++) found.push(Buffer.from(recordAt(batch, i)).toString());
      }
      assert.deepEqual(found, expected);
    }
    assert.equal((await log.bounds('gone', 0)).end, expected.length);
    await log.close();
  }
}
